import type { ResourceClaim } from "@coracle/shared/api/types/resource-v1";
import { invalidValue } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { internalForm } from "../core/pod/internal-form.ts";
import { deepEqual } from "../deep-equal.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";
import { resetMetadataForStatus } from "../status-metadata.ts";
import { setClaimDefaults, validateClaimSpec } from "./claim-spec-validation.ts";
import { deviceKey, validateClaimStatus } from "./claim-status-validation.ts";

function setDefaults({ spec, status }: ResourceClaim): void {
  setClaimDefaults(spec);
  for (const { tolerations = [] } of status?.allocation?.devices?.results ?? []) {
    for (const toleration of tolerations) toleration.operator ||= "Equal";
  }
}

/** What is told of devices that are no longer allocated goes with the allocation. */
function dropDeallocated(claim: ResourceClaim, { status: before }: ResourceClaim): void {
  const { devices = [], ...status } = claim.status ?? {};
  const gone = new Set(before?.allocation?.devices?.results?.map(deviceKey));
  for (const result of status.allocation?.devices?.results ?? []) gone.delete(deviceKey(result));
  const left = devices.filter((device) => !gone.has(deviceKey(device)));
  if (left.length < devices.length) {
    claim.status = left.length > 0 ? { ...status, devices: left } : status;
  }
}

function immutableSpec({ spec }: ResourceClaim, old: ResourceClaim): FieldError[] {
  if (deepEqual(spec, old.spec)) return [];
  const shown = internalForm("resource.ResourceClaimSpec", spec);
  return [invalidValue("spec", shown, "field is immutable")];
}

function stateCell({ metadata, status }: ResourceClaim): string {
  const deleted = metadata.deletionTimestamp !== undefined;
  const states = deleted ? ["deleted"] : [];
  if (status?.allocation !== undefined) {
    states.push("allocated");
    if ((status.reservedFor?.length ?? 0) > 0) states.push("reserved");
  } else if (!deleted) states.push("pending");
  return states.join(",");
}

export const resourceClaimBehaviour: ResourceBehaviour<ResourceClaim> = {
  storagePrefix: "resourceclaims",
  setDefaults,
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate(claim) {
      claim.status = {};
    },
    validate: ({ spec }) => validateClaimSpec(spec, "spec"),
    prepareForUpdate(claim, old) {
      claim.status = old.status;
    },
    validateUpdate: (claim, old) => [
      ...repeatObjectMeta(claim.metadata, true, isDns1123Subdomain),
      ...repeatMetadataUpdate(claim.metadata, old.metadata),
      ...immutableSpec(claim, old),
    ],
  },
  statusStrategy: {
    prepareForUpdate(claim, old) {
      claim.spec = old.spec;
      resetMetadataForStatus(claim.metadata, old.metadata);
      dropDeallocated(claim, old);
    },
    validateUpdate: (claim, old) => [
      ...repeatMetadataUpdate(claim.metadata, old.metadata),
      ...validateClaimStatus(claim, old),
    ],
  },
  cells: (claim, now) => [
    claim.metadata.name,
    stateCell(claim),
    age(claim.metadata.creationTimestamp, now),
  ],
};
