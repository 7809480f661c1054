// One device of a slice (upstream: pkg/apis/resource/validation).
import type {
  Device,
  DeviceAttribute,
  DeviceCapacity,
  DeviceCounterConsumption,
} from "@coracle/shared/api/types/resource-v1";
import {
  forbiddenField,
  invalidValue,
  required,
  tooLong,
} from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { validateNodeSelector } from "../core/pod/affinity-validation.ts";
import { internalForm } from "../core/pod/internal-form.ts";
import { deepEqual } from "../deep-equal.ts";
import { invalidTexts } from "../field-rules.ts";
import { validateCapacityPolicy } from "./capacity-policy-validation.ts";
import { validateBindingConditions } from "./device-binding.ts";
import { validateList, validateMap, validateSet } from "./device-lists.ts";
import { QUALIFIED_BYTES_MAX, validateQualifiedName, validateShortName } from "./device-names.ts";
import { validateTaint } from "./device-taints.ts";

const ATTRIBUTES_MAX = 32;
const ATTRIBUTE_VALUES_MAX = 48;
const ATTRIBUTE_BYTES_MAX = 64;
const TAINTS_MAX = 16;
const CONSUMPTIONS_MAX = 2;
export const COUNTERS_MAX = 32;
export const LABEL_BYTES_MAX = 63;

/** `old` is the device of that name before. */
export function validateDevice(
  device: Device,
  old: Device | undefined,
  path: string,
  perDeviceNodes: boolean,
): FieldError[] {
  const { attributes = {}, capacity = {}, taints } = device;
  const shared = device.allowMultipleAllocations === true;
  const anyNumber = { max: -1, keyBytesMax: QUALIFIED_BYTES_MAX };
  const errors = [
    ...validateShortName(device.name, `${path}.name`),
    ...validateNumbers(Object.keys(attributes).length, Object.keys(capacity).length, path),
    ...validateMap(
      attributes,
      { ...anyNumber, path: `${path}.attributes` },
      validateQualifiedName,
      validateAttribute,
    ),
    ...validateMap(
      capacity,
      { ...anyNumber, path: `${path}.capacity` },
      validateQualifiedName,
      (row, at) => validateCapacity(row, at, shared),
    ),
  ];
  if (old === undefined || !deepEqual(old.taints, taints)) {
    errors.push(...validateList(taints, TAINTS_MAX, `${path}.taints`, validateTaint));
  }
  return [
    ...errors,
    ...validateSet(
      device.consumesCounters,
      CONSUMPTIONS_MAX,
      `${path}.consumesCounters`,
      validateConsumption,
      ({ counterSet = "" }) => counterSet,
    ),
    ...(perDeviceNodes ? validateNodes(device, path) : refuseNodes(device, path)),
    ...validateBindingConditions(device, path),
  ];
}

function validateNumbers(attributes: number, capacities: number, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (attributes + capacities > ATTRIBUTES_MAX) {
    const detail = `the total number of attributes and capacities must not exceed ${ATTRIBUTES_MAX}`;
    errors.push(invalidValue(path, attributes + capacities, detail));
  }
  if (attributes > ATTRIBUTE_VALUES_MAX) {
    const detail = `the total number of attribute values must not exceed ${ATTRIBUTE_VALUES_MAX}`;
    errors.push(invalidValue(path, attributes, detail));
  }
  return errors;
}

const NUMBER = "(0|[1-9]\\d*)";
const PRERELEASE = "(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)";
const BUILD = "[0-9a-zA-Z-]+";
const semver = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(-${PRERELEASE}(\\.${PRERELEASE})*)?(\\+${BUILD}(\\.${BUILD})*)?$`,
);

function validateAttribute(attribute: DeviceAttribute, path: string): FieldError[] {
  const { string, version } = attribute;
  const errors: FieldError[] = [];
  const limited = (text: string, field: string) => {
    if (Buffer.byteLength(text) > ATTRIBUTE_BYTES_MAX) {
      errors.push(tooLong(field, ATTRIBUTE_BYTES_MAX));
    }
  };
  if (string !== undefined) limited(string, `${path}.string`);
  if (version !== undefined) {
    if (!semver.test(version)) {
      const detail = "must be a string compatible with semver.org spec 2.0.0";
      errors.push(invalidValue(`${path}.version`, version, detail));
    }
    limited(version, `${path}.version`);
  }
  const set = [attribute.bool, attribute.int, string, version].filter((v) => v !== undefined);
  if (set.length === 1) return errors;
  const shown = set.length === 0 ? "" : internalForm("resource.DeviceAttribute", attribute);
  return [...errors, invalidValue(path, shown, "exactly one value must be specified")];
}

function validateCapacity(
  { value, requestPolicy }: DeviceCapacity,
  path: string,
  shared: boolean,
): FieldError[] {
  if (requestPolicy === undefined) return [];
  const at = `${path}.requestPolicy`;
  return shared
    ? validateCapacityPolicy(requestPolicy, value ?? "0", at)
    : [forbiddenField(at, "allowMultipleAllocations must be true")];
}

function validateConsumption(
  { counterSet = "", counters = {} }: DeviceCounterConsumption,
  path: string,
): FieldError[] {
  const field = `${path}.counterSet`;
  const errors = counterSet === "" ? [required(field)] : validateShortName(counterSet, field);
  return [...errors, ...validateCounters(counters, `${path}.counters`)];
}

/** Any quantity will do. */
export function validateCounters(
  counters: Readonly<Record<string, unknown>>,
  path: string,
): FieldError[] {
  if (Object.keys(counters).length === 0) return [required(path)];
  const limits = { max: COUNTERS_MAX, path, keyBytesMax: LABEL_BYTES_MAX };
  return validateMap(counters, limits, validateShortName, () => []);
}

function validateNodes(device: Device, path: string): FieldError[] {
  const { nodeName, nodeSelector, allNodes } = device;
  const errors: FieldError[] = [];
  const set: string[] = [];
  if (nodeName === "") {
    errors.push(invalidValue(`${path}.nodeName`, nodeName, "must not be empty"));
  } else if (nodeName !== undefined) {
    set.push("`nodeName`");
    errors.push(...invalidTexts(`${path}.nodeName`, nodeName, isDns1123Subdomain(nodeName)));
  }
  if (nodeSelector !== undefined) {
    set.push("`nodeSelector`");
    validateNodeSelector(nodeSelector, `${path}.nodeSelector`, errors);
  }
  if (allNodes === true) set.push("`allNodes`");
  if (allNodes === false) {
    errors.push(invalidValue(`${path}.allNodes`, false, "must be either unset or set to true"));
  }
  if (set.length === 1) return errors;
  const detail =
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec";
  const finding =
    set.length === 0 ? required(path, detail) : invalidValue(path, `{${set.join(", ")}}`, detail);
  return [...errors, finding];
}

function refuseNodes(device: Device, path: string): FieldError[] {
  const { nodeName, nodeSelector, allNodes } = device;
  if (nodeName === undefined && nodeSelector === undefined && allNodes === undefined) return [];
  const detail =
    "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec";
  return [invalidValue(path, null, detail)];
}
