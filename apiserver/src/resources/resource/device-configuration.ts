// What classes, claims and allocations tell of devices: selectors and the drivers' own parameters (upstream:
// pkg/apis/resource/validation). Expressions are not compiled (docs/differences.md).
import type { DeviceConfiguration, DeviceSelector } from "@coracle/shared/api/types/resource-v1";
import { invalidValue, required, tooLong } from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { validateList } from "./device-lists.ts";
import { validateDriverName } from "./device-names.ts";

const SELECTORS_MAX = 32;
const EXPRESSION_BYTES_MAX = 10 * 1024;
const PARAMETERS_BYTES_MAX = 10 * 1024;

export const validateSelectors = (
  selectors: readonly DeviceSelector[] | undefined,
  path: string,
): FieldError[] => validateList(selectors, SELECTORS_MAX, path, validateSelector);

function validateSelector({ cel }: DeviceSelector, path: string): FieldError[] {
  if (cel === undefined) return [required(`${path}.cel`)];
  const field = `${path}.cel.expression`;
  return Buffer.byteLength(cel.expression ?? "") > EXPRESSION_BYTES_MAX
    ? [tooLong(field, EXPRESSION_BYTES_MAX)]
    : [];
}

/** `stored`: it was let in before, so its size does not matter. */
export function validateConfiguration(
  { opaque }: DeviceConfiguration,
  path: string,
  stored = false,
): FieldError[] {
  if (opaque === undefined) return [required(`${path}.opaque`)];
  return [
    ...validateDriverName(opaque.driver, `${path}.opaque.driver`),
    ...validateObjectValue(opaque.parameters, `${path}.opaque.parameters`, stored),
  ];
}

/** Any JSON object, of a bounded size. */
export function validateObjectValue(value: unknown, path: string, stored = false): FieldError[] {
  if (value === undefined || value === null) return [required(path)];
  if (!stored && Buffer.byteLength(JSON.stringify(value)) > PARAMETERS_BYTES_MAX) {
    return [tooLong(path, PARAMETERS_BYTES_MAX)];
  }
  if (typeof value === "object" && !Array.isArray(value)) return [];
  return [invalidValue(path, "<value omitted>", "must be a valid JSON object")];
}
