import type { StorageClass } from "@coracle/shared/api/types/storage-v1";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";
import { DEPRECATED_LABELS } from "../node-label-warnings.ts";
import { validateStorageClass, validateStorageClassChange } from "./storageclass-validation.ts";

const DEFAULT_MARKS = [
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
];

/** Claims that name no class get this one. */
export const isDefaultClass = ({ metadata }: StorageClass): boolean =>
  DEFAULT_MARKS.some((key) => metadata.annotations?.[key] === "true");

function setDefaults(storageClass: StorageClass): void {
  storageClass.reclaimPolicy ??= "Delete";
  storageClass.volumeBindingMode ??= "Immediate";
}

function warnings({ allowedTopologies = [] }: StorageClass): string[] {
  return allowedTopologies.flatMap(({ matchLabelExpressions = [] }, i) =>
    matchLabelExpressions.flatMap(({ key }, j) => {
      const message = DEPRECATED_LABELS[key];
      const field = `allowedTopologies[${i}].matchLabelExpressions[${j}].key`;
      return message === undefined ? [] : [`${field}: ${message}`];
    }),
  );
}

export const storageClassBehaviour: ResourceBehaviour<StorageClass> = {
  storagePrefix: "storageclasses",
  setDefaults,
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate() {},
    validate: validateStorageClass,
    warningsOnCreate: warnings,
    prepareForUpdate() {},
    validateUpdate: (storageClass, old) => [
      ...repeatObjectMeta(storageClass.metadata, false, isDns1123Subdomain),
      ...validateStorageClass(storageClass),
      ...repeatMetadataUpdate(storageClass.metadata, old.metadata),
      ...validateStorageClassChange(storageClass, old),
    ],
    warningsOnUpdate: warnings,
  },
  cells: (storageClass, now) => [
    storageClass.metadata.name + (isDefaultClass(storageClass) ? " (default)" : ""),
    storageClass.provisioner ?? "",
    storageClass.reclaimPolicy ?? "Delete",
    storageClass.volumeBindingMode ?? "Immediate",
    storageClass.allowVolumeExpansion ?? false,
    age(storageClass.metadata.creationTimestamp, now),
  ],
};
