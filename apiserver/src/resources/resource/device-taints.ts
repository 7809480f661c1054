// Taints of devices and what tolerates them (upstream: pkg/apis/resource/validation).
import type { DeviceTaint, DeviceToleration } from "@coracle/shared/api/types/resource-v1";
import { invalidValue, notSupported, required } from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { validateLabelName, validateLabelValue } from "./device-names.ts";

const EFFECTS = ["NoExecute", "NoSchedule", "None"];
const OPERATORS = ["Equal", "Exists"];

export function validateTaint(taint: DeviceTaint, path: string): FieldError[] {
  const { key = "", value = "", effect } = taint;
  const errors = validateLabelName(key, `${path}.key`);
  if (value !== "") errors.push(...validateLabelValue(value, `${path}.value`));
  if (!effect) errors.push(required(`${path}.effect`));
  else if (!EFFECTS.includes(effect)) errors.push(notSupported(`${path}.effect`, effect, EFFECTS));
  return errors;
}

export function validateToleration(toleration: DeviceToleration, path: string): FieldError[] {
  const { key = "", operator, value = "", effect } = toleration;
  const errors = key === "" ? [] : validateLabelName(key, `${path}.key`);
  if (!operator) errors.push(required(`${path}.operator`));
  else if (operator === "Equal") errors.push(...validateLabelValue(value, `${path}.value`));
  else if (operator !== "Exists") {
    errors.push(notSupported(`${path}.operator`, operator, OPERATORS));
  } else if (value !== "") {
    errors.push(invalidValue(`${path}.value`, value, "must be empty for operator `Exists`"));
  }
  if (effect && !EFFECTS.includes(effect)) {
    errors.push(notSupported(`${path}.effect`, effect, EFFECTS));
  }
  return errors;
}
