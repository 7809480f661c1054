// Builders of validation findings, with the words of upstream's field package. A path is a plain string:
// `${path}.name`, `${path}[0]`, `${path}[key]`.
import { goQuoted } from "./go-quoted.ts";
import type { FieldError } from "./status-error.ts";

const HTML = /[<>&\u2028\u2029]/g;

/** A value as Go prints it in an error: strings quoted, the rest as JSON that is fit for a page. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return "null";
  if (typeof value === "string") return goQuoted(value);
  return JSON.stringify(value).replace(
    HTML,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

export const required = (field: string, detail = ""): FieldError => ({
  type: "FieldValueRequired",
  field,
  message: detail === "" ? "Required value" : `Required value: ${detail}`,
});

export const invalidValue = (field: string, value: unknown, detail: string): FieldError => ({
  type: "FieldValueInvalid",
  field,
  message:
    detail === "" ? `Invalid value: ${shown(value)}` : `Invalid value: ${shown(value)}: ${detail}`,
});

/** Of a value that upstream does not print. */
export const invalidWithoutValue = (field: string, detail: string): FieldError => ({
  type: "FieldValueInvalid",
  field,
  message: `Invalid value: ${detail}`,
});

export const typeInvalid = (field: string, value: unknown, detail: string): FieldError => ({
  type: "FieldValueTypeInvalid",
  field,
  message: `Invalid value: ${shown(value)}: ${detail}`,
});

export const duplicate = (field: string, value: unknown): FieldError => ({
  type: "FieldValueDuplicate",
  field,
  message: `Duplicate value: ${shown(value)}`,
});

/** `supported` is shown in the order given; upstream sorts where its set does. */
export const notSupported = (
  field: string,
  value: unknown,
  supported: readonly string[],
): FieldError => ({
  type: "FieldValueNotSupported",
  field,
  message:
    supported.length === 0
      ? `Unsupported value: ${shown(value)}`
      : `Unsupported value: ${shown(value)}: supported values: ${supported.map(goQuoted).join(", ")}`,
});

export const forbiddenField = (field: string, detail: string): FieldError => ({
  type: "FieldValueForbidden",
  field,
  message: `Forbidden: ${detail}`,
});

export const notFoundField = (field: string, value: unknown): FieldError => ({
  type: "FieldValueNotFound",
  field,
  message: `Not found: ${shown(value)}`,
});

/** Upstream never prints the value that is too long. */
export const tooLong = (field: string, maxLength: number): FieldError => ({
  type: "FieldValueTooLong",
  field,
  message: `Too long: may not be more than ${maxLength} bytes`,
});

export const tooMany = (field: string, actual: number, max: number): FieldError => ({
  type: "FieldValueTooMany",
  field,
  message: `Too many: ${actual}: must have at most ${max} ${max === 1 ? "item" : "items"}`,
});
