// Rules that the kinds share.
import { forbiddenField, invalidValue } from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { deepEqual } from "./deep-equal.ts";

export function nonNegative(value: number | undefined, field: string): FieldError[] {
  if (value === undefined || value >= 0) return [];
  return [invalidValue(field, value, "must be greater than or equal to 0")];
}

export function immutableField(value: unknown, old: unknown, field: string): FieldError[] {
  return deepEqual(value, old) ? [] : [invalidValue(field, value ?? null, "field is immutable")];
}

/** A status counts the collisions of hashes; the count never falls. */
export function decrementedCollisions(
  status: { collisionCount?: number },
  old: { collisionCount?: number },
): FieldError[] {
  const count = status.collisionCount;
  if (old.collisionCount === undefined || (count ?? -1) >= old.collisionCount) return [];
  return [invalidValue("status.collisionCount", count ?? 0, "cannot be decremented")];
}

/** A finding for each text. */
export function invalidTexts(
  field: string,
  value: unknown,
  texts: readonly string[],
): FieldError[] {
  return texts.map((text) => invalidValue(field, value, text));
}

/** ConfigMaps and Secrets that are marked immutable stay as they are. */
export function sealedFields<T extends { immutable?: boolean }>(
  object: T,
  old: T,
  fields: readonly (keyof T & string)[],
): FieldError[] {
  if (old.immutable !== true) return [];
  const detail = "field is immutable when `immutable` is set";
  const errors: FieldError[] = [];
  if (object.immutable !== true) errors.push(forbiddenField("immutable", detail));
  for (const field of fields) {
    if (!deepEqual(object[field], old[field])) errors.push(forbiddenField(field, detail));
  }
  return errors;
}
