// Who provides a class of storage, and what it is told (upstream: storage/validation validateProvisioner, validateParameters).
import { invalidValue, required, tooLong } from "@coracle/shared/machinery/field-error";
import { isQualifiedName } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { invalidTexts } from "../field-rules.ts";

const PARAMETERS_MAX = 512;
const PARAMETERS_BYTES_MAX = 256 * 1024;

export type Parameters = Readonly<Record<string, string>> | undefined;

/** Keys and values together. */
export function bytesOf(entries: Parameters): number {
  let bytes = 0;
  for (const key in entries) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(entries[key] as string);
  }
  return bytes;
}

export function validateProvisioner(provisioner: string | undefined, path: string): FieldError[] {
  if (!provisioner) return [required(path)];
  const lower = provisioner.toLowerCase();
  return invalidTexts(path, lower, isQualifiedName(lower));
}

export function validateParameters(
  parameters: Parameters,
  { allowEmpty }: { allowEmpty: boolean },
  path: string,
): FieldError[] {
  const count = Object.keys(parameters ?? {}).length;
  if (count > PARAMETERS_MAX) return [tooLong(path, PARAMETERS_MAX)];
  const errors: FieldError[] = [];
  if (parameters?.[""] !== undefined) {
    errors.push(invalidValue(path, "", "field can not be empty."));
  }
  if (bytesOf(parameters) > PARAMETERS_BYTES_MAX) errors.push(tooLong(path, PARAMETERS_BYTES_MAX));
  if (!allowEmpty && count === 0) {
    errors.push(required(path, "must contain at least one key/value pair"));
  }
  return errors;
}

/** A map as Go prints it: keys sorted. */
export function sortedEntries(entries: Parameters): Record<string, string> | undefined {
  if (entries === undefined) return undefined;
  return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
}
