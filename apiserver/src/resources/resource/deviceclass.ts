import type { DeviceClass } from "@coracle/shared/api/types/resource-v1";
import { invalidValue } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain, isQualifiedName } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { isNativeResource } from "../core/pod/resource-lists.ts";
import { deepEqual } from "../deep-equal.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";
import { CONFIGURATIONS_MAX } from "./claim-spec-validation.ts";
import { validateConfiguration, validateSelectors } from "./device-configuration.ts";
import { validateList } from "./device-lists.ts";

const QUOTA_PREFIX = "requests.";

function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith(QUOTA_PREFIX)) return false;
  return isQualifiedName(`${QUOTA_PREFIX}${name}`).length === 0;
}

function validate({ spec }: DeviceClass, old?: DeviceClass): FieldError[] {
  const { extendedResourceName: extended } = spec;
  const stored = old !== undefined && deepEqual(spec.config, old.spec.config);
  const errors = [
    ...validateSelectors(spec.selectors, "spec.selectors"),
    ...validateList(spec.config, CONFIGURATIONS_MAX, "spec.config", (configuration, at) =>
      validateConfiguration(configuration, at, stored),
    ),
  ];
  if (extended !== undefined && !isExtendedResource(extended)) {
    const detail = "must be a valid extended resource name";
    errors.push(invalidValue("spec.extendedResourceName", extended, detail));
  }
  return errors;
}

export const deviceClassBehaviour: ResourceBehaviour<DeviceClass> = {
  storagePrefix: "deviceclasses",
  setDefaults() {},
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate({ metadata }) {
      metadata.generation = 1;
    },
    validate: (deviceClass) => validate(deviceClass),
    prepareForUpdate({ metadata, spec }, old) {
      if (deepEqual(spec, old.spec)) return;
      metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
    validateUpdate: (deviceClass, old) => [
      ...repeatObjectMeta(deviceClass.metadata, false, isDns1123Subdomain),
      ...repeatMetadataUpdate(deviceClass.metadata, old.metadata),
      ...validate(deviceClass, old),
    ],
  },
  cells: ({ metadata }, now) => [metadata.name, age(metadata.creationTimestamp, now)],
};
