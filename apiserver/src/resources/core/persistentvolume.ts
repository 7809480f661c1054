import type { PersistentVolume } from "@coracle/shared/api/types/core-v1";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import { formatTime, parseTime } from "@coracle/shared/runtime/clock";
import type { RequestContext, ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { repeatMetadataUpdate } from "../metadata-validation.ts";
import { nodeSelectorTermWarnings } from "../node-label-warnings.ts";
import { setVolumeDefaults } from "./persistentvolume-defaults.ts";
import { validateVolumeUpdate } from "./persistentvolume-update.ts";
import {
  MOUNT_OPTIONS,
  validateMountOptions,
  validateVolumeSpec,
} from "./persistentvolume-validation.ts";
import { accessModesText, STORAGE_CLASS_ANNOTATION } from "./volume-cells.ts";

/** In upstream's order, with the path that upstream prints. */
const DEPRECATED_SOURCES = [
  ["cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"],
  ["photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"],
  ["scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"],
  ["storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"],
  ["glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"],
  ["rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"],
] as const;

const DEPRECATED_ANNOTATIONS = [
  [STORAGE_CLASS_ANNOTATION, 'deprecated since v1.8; use "storageClassName" attribute instead'],
  [MOUNT_OPTIONS, 'deprecated since v1.31; use "mountOptions" attribute instead'],
] as const;

function warnings({ metadata, spec }: PersistentVolume): string[] {
  const texts: string[] = [];
  for (const [key, message] of DEPRECATED_ANNOTATIONS) {
    if (metadata.annotations?.[key] === undefined) continue;
    texts.push(`metadata.annotations[${key}]: ${message}`);
  }
  if (spec.persistentVolumeReclaimPolicy === "Recycle") {
    const advice = "Instead, the recommended approach is to use dynamic provisioning.";
    const field = "spec.persistentVolumeReclaimPolicy";
    texts.push(`${field}: The Recycle reclaim policy is deprecated. ${advice}`);
  }
  spec.nodeAffinity?.required?.nodeSelectorTerms?.forEach((term, i) => {
    const at = `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`;
    nodeSelectorTermWarnings(term, false, at, texts);
  });
  for (const [key, field, message] of DEPRECATED_SOURCES) {
    if (spec[key]) texts.push(`spec.${field}: ${message}`);
  }
  return texts;
}

const validate = (volume: PersistentVolume) => [
  ...validateVolumeSpec(volume.spec, volume.metadata.name, "spec"),
  ...validateMountOptions(volume),
];

/** When the phase changes, so does the time, unless the client gives another one. */
function stampTransition(
  { status }: PersistentVolume,
  { status: old }: PersistentVolume,
  { now }: RequestContext,
): void {
  const given = parseTime(status.lastPhaseTransitionTime);
  const before = parseTime(old.lastPhaseTransitionTime);
  if (status.phase === old.phase) {
    if (given === undefined && old.lastPhaseTransitionTime !== undefined) {
      status.lastPhaseTransitionTime = old.lastPhaseTransitionTime;
    }
  } else if (given === undefined || given === before) {
    status.lastPhaseTransitionTime = formatTime(now);
  }
}

function cells({ metadata, spec, status }: PersistentVolume, now: number): unknown[] {
  const { claimRef } = spec;
  return [
    metadata.name,
    spec.capacity?.storage ?? "0",
    accessModesText(spec.accessModes),
    spec.persistentVolumeReclaimPolicy ?? "",
    metadata.deletionTimestamp === undefined ? (status.phase ?? "") : "Terminating",
    claimRef ? `${claimRef.namespace ?? ""}/${claimRef.name ?? ""}` : "",
    metadata.annotations?.[STORAGE_CLASS_ANNOTATION] ?? spec.storageClassName ?? "",
    spec.volumeAttributesClassName ?? "<unset>",
    status.reason ?? "",
    age(metadata.creationTimestamp, now),
    spec.volumeMode ?? "<unset>",
  ];
}

export const persistentVolumeBehaviour: ResourceBehaviour<PersistentVolume> = {
  storagePrefix: "persistentvolumes",
  setDefaults: setVolumeDefaults,
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate(volume, { now }) {
      volume.status = { phase: "Pending", lastPhaseTransitionTime: formatTime(now) };
    },
    validate,
    warningsOnCreate: warnings,
    prepareForUpdate(volume, old) {
      volume.status = old.status;
    },
    validateUpdate: validateVolumeUpdate,
    warningsOnUpdate: warnings,
  },
  statusStrategy: {
    prepareForUpdate(volume, old, context) {
      volume.spec = old.spec;
      stampTransition(volume, old, context);
    },
    validateUpdate: (volume, old) => repeatMetadataUpdate(volume.metadata, old.metadata),
  },
  cells,
};
