// Conditions of the common form (upstream: apimachinery meta/v1/validation ValidateConditions).
import type { Condition } from "@coracle/shared/api/types/meta-v1";
import {
  duplicate,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from "@coracle/shared/machinery/field-error";
import { isQualifiedName, regexMessage } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { invalidTexts } from "./field-rules.ts";

const STATUSES = ["False", "True", "Unknown"];
const REASON_BYTES_MAX = 1024;
const MESSAGE_BYTES_MAX = 32 * 1024;

const REASON = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?";
const reasonPattern = new RegExp(`^(?:${REASON})$`);
const REASON_WORDS =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'";
const REASON_EXAMPLES = ["my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB"];

function validateReason(reason: string, field: string): FieldError[] {
  if (reason === "") return [required(field)];
  const errors: FieldError[] = [];
  if (!reasonPattern.test(reason)) {
    errors.push(
      invalidValue(field, reason, regexMessage(REASON_WORDS, REASON, ...REASON_EXAMPLES)),
    );
  }
  if (Buffer.byteLength(reason) > REASON_BYTES_MAX) errors.push(tooLong(field, REASON_BYTES_MAX));
  return errors;
}

function validateCondition(condition: Condition, path: string): FieldError[] {
  const { type = "", status = "", observedGeneration = 0, reason = "", message = "" } = condition;
  const errors = invalidTexts(`${path}.type`, type, isQualifiedName(type));
  if (!STATUSES.includes(status)) errors.push(notSupported(`${path}.status`, status, STATUSES));
  if (observedGeneration < 0) {
    const detail = "must be greater than or equal to zero";
    errors.push(invalidValue(`${path}.observedGeneration`, observedGeneration, detail));
  }
  if (!condition.lastTransitionTime) errors.push(required(`${path}.lastTransitionTime`));
  errors.push(...validateReason(reason, `${path}.reason`));
  if (Buffer.byteLength(message) > MESSAGE_BYTES_MAX) {
    errors.push(tooLong(`${path}.message`, MESSAGE_BYTES_MAX));
  }
  return errors;
}

export function validateConditions(
  conditions: readonly Condition[] | undefined,
  path: string,
): FieldError[] {
  const types = new Set<string>();
  return (conditions ?? []).flatMap((condition, i) => {
    const { type } = condition;
    const repeated = types.has(type) ? [duplicate(`${path}[${i}].type`, type)] : [];
    types.add(type);
    return [...repeated, ...validateCondition(condition, `${path}[${i}]`)];
  });
}
