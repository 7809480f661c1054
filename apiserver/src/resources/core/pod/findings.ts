// Checks that many parts of a Pod share. Each appends to `errors`, so that nothing is allocated for what is valid.
import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import {
  isDns1123Label,
  isDns1123Subdomain,
  isQualifiedName,
} from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";

/** One finding for each text. */
export function addInvalid(
  errors: FieldError[],
  field: string,
  value: unknown,
  details: readonly string[],
): void {
  for (const detail of details) errors.push(invalidValue(field, value, detail));
}

export function checkLabel(errors: FieldError[], field: string, value: string): void {
  addInvalid(errors, field, value, isDns1123Label(value));
}

export function checkSubdomain(errors: FieldError[], field: string, value: string): void {
  addInvalid(errors, field, value, isDns1123Subdomain(value));
}

export function checkQualifiedName(errors: FieldError[], field: string, value: string): void {
  addInvalid(errors, field, value, isQualifiedName(value));
}

/** Where a field has to be a name: `required` when empty. */
export function checkRequiredLabel(
  errors: FieldError[],
  field: string,
  value: string | undefined,
): void {
  if (!value) errors.push(required(field));
  else checkLabel(errors, field, value);
}

export function checkPresent(errors: FieldError[], field: string, value: unknown): void {
  if (value === undefined || value === null || value === "") errors.push(required(field));
}

export function checkNonNegative(
  errors: FieldError[],
  field: string,
  value: number | undefined,
): void {
  if (value !== undefined && value < 0) {
    errors.push(invalidValue(field, value, "must be greater than or equal to 0"));
  }
}

/** `Required` when empty, `Unsupported` when not among `supported`. */
export function checkEnum(
  errors: FieldError[],
  field: string,
  value: string | undefined,
  supported: readonly string[],
): void {
  if (!value) errors.push(required(field));
  else if (!supported.includes(value)) errors.push(notSupported(field, value, supported));
}

export function checkRelativePath(errors: FieldError[], field: string, path: string): void {
  if (path.startsWith("/")) errors.push(invalidValue(field, path, "must be a relative path"));
  checkNoBacksteps(errors, field, path);
}

export const hasBacksteps = (path: string): boolean =>
  path.includes("..") && path.split("/").includes("..");

export function checkNoBacksteps(errors: FieldError[], field: string, path: string): void {
  if (hasBacksteps(path)) errors.push(invalidValue(field, path, "must not contain '..'"));
}

/** A path inside a volume whose names starting with `..` are the kubelet's. */
export function checkVolumePath(errors: FieldError[], field: string, path: string): void {
  checkRelativePath(errors, field, path);
  if (path.startsWith("..") && !path.startsWith("../")) {
    errors.push(invalidValue(field, path, "must not start with '..'"));
  }
}

/** `present` lists fields that may not be set, in upstream's order. */
export function forbidAll(
  errors: FieldError[],
  path: string,
  present: readonly (readonly [field: string, value: unknown])[],
  detail: string,
): void {
  for (const [field, value] of present) {
    if (value !== undefined && value !== null) {
      errors.push(forbiddenField(`${path}.${field}`, detail));
    }
  }
}
