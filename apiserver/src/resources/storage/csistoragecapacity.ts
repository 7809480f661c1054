import type { CSIStorageCapacity } from "@coracle/shared/api/types/storage-v1";
import { invalidValue } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import { canonical, signOf } from "@coracle/shared/machinery/quantity";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { validateLabelSelector } from "../core/pod/label-selector-validation.ts";
import { immutableField, invalidTexts } from "../field-rules.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";
import { nodeLabelSelectorWarnings } from "../node-label-warnings.ts";

function validate({ nodeTopology, storageClassName, capacity }: CSIStorageCapacity): FieldError[] {
  const errors: FieldError[] = [];
  validateLabelSelector(nodeTopology, "nodeTopology", errors);
  const name = storageClassName ?? "";
  errors.push(...invalidTexts("storageClassName", name, isDns1123Subdomain(name)));
  if (capacity !== undefined && signOf(capacity) < 0) {
    const detail = "must be greater than or equal to 0";
    errors.push(invalidValue("capacity", canonical(capacity), detail));
  }
  return errors;
}

const warnings = ({ nodeTopology }: CSIStorageCapacity): string[] =>
  nodeLabelSelectorWarnings(nodeTopology, "nodeTopology");

export const csiStorageCapacityBehaviour: ResourceBehaviour<CSIStorageCapacity> = {
  storagePrefix: "csistoragecapacities",
  setDefaults() {},
  validateName: isDns1123Subdomain,
  strategy: {
    allowUnconditionalUpdate: false,
    prepareForCreate() {},
    validate,
    warningsOnCreate: warnings,
    prepareForUpdate() {},
    validateUpdate: (object, old) => [
      ...repeatObjectMeta(object.metadata, true, isDns1123Subdomain),
      ...validate(object),
      ...repeatMetadataUpdate(object.metadata, old.metadata),
      ...immutableField(object.nodeTopology, old.nodeTopology, "nodeTopology"),
      ...immutableField(object.storageClassName, old.storageClassName, "storageClassName"),
    ],
    warningsOnUpdate: warnings,
  },
  cells: ({ metadata }) => [metadata.name, metadata.creationTimestamp ?? null],
};
