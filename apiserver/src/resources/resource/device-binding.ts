// Conditions that have to hold, or must not, before a Pod is bound to a device's node (upstream: validateDeviceBindingParameters).
import { duplicate, invalidValue } from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { validateList } from "./device-lists.ts";
import { validateLabelName } from "./device-names.ts";

const CONDITIONS_MAX = 4;

export interface Binding {
  bindingConditions?: string[];
  bindingFailureConditions?: string[];
}

export function validateBindingConditions(binding: Binding, path: string): FieldError[] {
  const { bindingConditions = [], bindingFailureConditions = [] } = binding;
  const success = `${path}.bindingConditions`;
  const failure = `${path}.bindingFailureConditions`;
  const errors = [
    ...validateList(bindingConditions, CONDITIONS_MAX, success, validateLabelName),
    ...validateList(bindingFailureConditions, CONDITIONS_MAX, failure, validateLabelName),
    ...repeated(bindingConditions, success),
  ];
  const seen = new Set<string>();
  bindingFailureConditions.forEach((condition, i) => {
    const at = `${failure}[${i}]`;
    if (seen.has(condition)) errors.push(duplicate(at, condition));
    seen.add(condition);
    if (!bindingConditions.includes(condition)) return;
    const detail = "bindingFailureConditions must not overlap with bindingConditions";
    errors.push(invalidValue(at, condition, detail));
  });
  if (bindingConditions.length === 0 && bindingFailureConditions.length > 0) {
    const detail = "bindingConditions are required to use bindingFailureConditions";
    errors.push(invalidValue(success, binding.bindingConditions ?? null, detail));
  }
  if (bindingFailureConditions.length === 0 && bindingConditions.length > 0) {
    const detail = "bindingFailureConditions are required to use bindingConditions";
    errors.push(invalidValue(failure, binding.bindingFailureConditions ?? null, detail));
  }
  return errors;
}

function repeated(values: readonly string[], path: string): FieldError[] {
  const seen = new Set<string>();
  return values.flatMap((value, i) => {
    const errors = seen.has(value) ? [duplicate(`${path}[${i}]`, value)] : [];
    seen.add(value);
    return errors;
  });
}
