// How much of a device's capacity one request may take (upstream: validateRequestPolicy).
import type {
  CapacityRequestPolicy,
  CapacityRequestPolicyRange,
} from "@coracle/shared/api/types/resource-v1";
import { forbiddenField, invalidValue, required } from "@coracle/shared/machinery/field-error";
import {
  addQuantities,
  canonical,
  compareQuantities,
  formatQuantity,
  value,
} from "@coracle/shared/machinery/quantity";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { validateSet } from "./device-lists.ts";

const VALUES_MAX = 10;

/** `capacity` is the whole that there is. */
export function validateCapacityPolicy(
  policy: CapacityRequestPolicy,
  capacity: string,
  path: string,
): FieldError[] {
  const { validValues = [], validRange } = policy;
  const preset = policy.default ?? undefined; // null when it is not set
  if (validValues.length > 0 && validRange !== undefined) {
    const detail =
      'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time';
    return [forbiddenField(path, detail)];
  }
  const missing = (what: string) => [
    required(`${path}.default`, `required when ${what} is defined`),
  ];
  if (validValues.length > 0) {
    return preset === undefined
      ? missing("validValues")
      : validateValues(validValues, preset, capacity, `${path}.validValues`);
  }
  if (validRange === undefined) return [];
  return preset === undefined
    ? missing("validRange")
    : validateRange(validRange, preset, capacity, `${path}.validRange`);
}

function validateValues(
  values: readonly string[],
  preset: string,
  capacity: string,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  values.forEach((text, i) => {
    const before = values[i - 1];
    if (before !== undefined && compareQuantities(before, text) > 0) {
      const detail = "values must be sorted in ascending order";
      errors.push(invalidValue(`${path}[${i}]`, canonical(text), detail));
    }
  });
  const isTooLarge = (text: string, at: string) =>
    compareQuantities(text, capacity) > 0
      ? [
          invalidValue(
            at,
            canonical(text),
            `option is larger than capacity value: ${canonical(capacity)}`,
          ),
        ]
      : [];
  errors.push(...validateSet(values, VALUES_MAX, path, isTooLarge, (text) => String(value(text))));
  // Beyond the greatest number, upstream has not looked for the default either.
  const looked = values.length <= VALUES_MAX;
  if (!looked || !values.some((text) => compareQuantities(text, preset) === 0)) {
    const detail = "default value is not valid according to the requestPolicy";
    errors.push(invalidValue(path, canonical(preset), detail));
  }
  return errors;
}

function validateRange(
  { min, max, step }: CapacityRequestPolicyRange,
  preset: string,
  capacity: string,
  path: string,
): FieldError[] {
  if (min === undefined || min === null) {
    return [required(`${path}.min`, "required when validRange is defined")];
  }
  const errors: FieldError[] = [];
  const refuse = (field: string, text: string, what: string, limit: string) =>
    errors.push(invalidValue(`${path}.${field}`, canonical(text), `${what}: ${canonical(limit)}`));
  if (compareQuantities(min, capacity) > 0) {
    refuse("min", min, "min is larger than capacity value", capacity);
  }
  if (compareQuantities(preset, min) < 0) refuse("min", preset, "default is less than min", min);
  if (max !== undefined) {
    if (compareQuantities(min, max) > 0) refuse("max", min, "min is larger than max", max);
    if (compareQuantities(max, capacity) > 0) {
      refuse("max", max, "max is larger than capacity value", capacity);
    }
    if (compareQuantities(preset, max) > 0) {
      refuse("max", preset, "default is more than max", max);
    }
  }
  if (step === undefined) return errors;
  const first = addQuantities(min, step);
  if (compareQuantities(first, capacity) > 0) {
    refuse(
      "step",
      step,
      `one step ${formatQuantity(first)} is larger than capacity value`,
      capacity,
    );
  }
  for (const text of max === undefined ? [preset] : [preset, max]) {
    if ((value(text) - value(min)) % value(step) === 0) continue;
    const detail = `value is not a multiple of a given step (${canonical(step)}) from (${canonical(min)})`;
    errors.push(invalidValue(`${path}.step`, canonical(text), detail));
  }
  return errors;
}
