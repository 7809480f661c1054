import type {
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
} from "@coracle/shared/api/types/core-v1";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { prepareDataSources } from "./persistentvolumeclaim-data-sources.ts";
import { validateClaimStatus, validateClaimUpdate } from "./persistentvolumeclaim-update.ts";
import { validateClaimSpec } from "./pod/claim-template-validation.ts";
import { storeResourceList } from "./pod/resource-lists.ts";
import { claimStorageWarnings } from "./pod/volume-warnings.ts";
import { accessModesText, STORAGE_CLASS_ANNOTATION } from "./volume-cells.ts";

/** Of a claim, and of the template of one. */
export function setClaimSpecDefaults(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= "Filesystem";
  spec.resources ??= {};
  storeResourceList(spec.resources.limits);
  storeResourceList(spec.resources.requests);
}

function setDefaults(claim: PersistentVolumeClaim): void {
  claim.spec ??= {};
  claim.status ??= {};
  claim.status.phase ||= "Pending";
  setClaimSpecDefaults(claim.spec);
  storeResourceList(claim.status.capacity);
  storeResourceList(claim.status.allocatedResources);
}

function warnings({ metadata, spec }: PersistentVolumeClaim): string[] {
  const texts: string[] = [];
  if (metadata.annotations?.[STORAGE_CLASS_ANNOTATION] !== undefined) {
    const message = 'deprecated since v1.8; use "storageClassName" attribute instead';
    texts.push(`metadata.annotations[${STORAGE_CLASS_ANNOTATION}]: ${message}`);
  }
  claimStorageWarnings(spec.resources, "spec.resources", texts);
  return texts;
}

function validate({ spec }: PersistentVolumeClaim): FieldError[] {
  const errors: FieldError[] = [];
  validateClaimSpec(spec, "spec", errors);
  return errors;
}

/** The class that a claim asks for; "" when it asks for none (upstream: GetPersistentVolumeClaimClass). */
export const claimClass = ({ metadata, spec }: PersistentVolumeClaim): string =>
  metadata.annotations?.[STORAGE_CLASS_ANNOTATION] ?? spec.storageClassName ?? "";

function cells(claim: PersistentVolumeClaim, now: number): unknown[] {
  const { metadata, spec, status } = claim;
  const isBound = Boolean(spec.volumeName);
  return [
    metadata.name,
    metadata.deletionTimestamp === undefined ? (status.phase ?? "") : "Terminating",
    spec.volumeName ?? "",
    isBound ? (status.capacity?.storage ?? "0") : "",
    isBound ? accessModesText(status.accessModes) : "",
    claimClass(claim),
    spec.volumeAttributesClassName ?? "<unset>",
    age(metadata.creationTimestamp, now),
    spec.volumeMode ?? "<unset>",
  ];
}

export const persistentVolumeClaimBehaviour: ResourceBehaviour<PersistentVolumeClaim> = {
  storagePrefix: "persistentvolumeclaims",
  setDefaults,
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate(claim) {
      claim.status = { phase: "Pending" };
      prepareDataSources(claim.spec, undefined);
    },
    validate,
    warningsOnCreate: warnings,
    prepareForUpdate(claim, old) {
      claim.status = old.status;
      prepareDataSources(claim.spec, old.spec);
    },
    validateUpdate: validateClaimUpdate,
    warningsOnUpdate: warnings,
  },
  statusStrategy: {
    prepareForUpdate(claim, old) {
      claim.spec = old.spec;
    },
    validateUpdate: validateClaimStatus,
  },
  cells,
};
