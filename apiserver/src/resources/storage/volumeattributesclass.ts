import type { VolumeAttributesClass } from "@coracle/shared/api/types/storage-v1";
import { forbiddenField } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { deepEqual } from "../deep-equal.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";
import { validateParameters, validateProvisioner } from "./parameters.ts";

const validate = ({ driverName, parameters }: VolumeAttributesClass): FieldError[] => [
  ...validateProvisioner(driverName, "driverName"),
  ...validateParameters(parameters, { allowEmpty: false }, "parameters"),
];

function validateChange(now: VolumeAttributesClass, old: VolumeAttributesClass): FieldError[] {
  const errors: FieldError[] = [];
  if ((now.driverName ?? "") !== (old.driverName ?? "")) {
    errors.push(forbiddenField("driverName", "updates to driverName are forbidden."));
  }
  if (!deepEqual(now.parameters, old.parameters)) {
    errors.push(forbiddenField("parameters", "updates to parameters are forbidden."));
  }
  return errors;
}

export const volumeAttributesClassBehaviour: ResourceBehaviour<VolumeAttributesClass> = {
  storagePrefix: "volumeattributesclasses",
  setDefaults() {},
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate() {},
    validate,
    prepareForUpdate() {},
    validateUpdate: (object, old) => [
      ...repeatMetadataUpdate(object.metadata, old.metadata),
      ...validateChange(object, old),
      ...repeatObjectMeta(object.metadata, false, isDns1123Subdomain),
      ...validate(object),
    ],
  },
  cells: ({ metadata, driverName }, now) => [
    metadata.name,
    driverName ?? "",
    age(metadata.creationTimestamp, now),
  ],
};
