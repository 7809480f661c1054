import { required, tooLong } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { invalidTexts } from "../field-rules.ts";

const DRIVER_NAME_BYTES_MAX = 63;

/** The name of a CSI driver wherever one is referred to (upstream: ValidateCSIDriverName). */
export function validateCsiDriverName(name: string | undefined, field: string): FieldError[] {
  if (!name) return [required(field)];
  const errors = invalidTexts(field, name, isDns1123Subdomain(name.toLowerCase()));
  if (Buffer.byteLength(name) <= DRIVER_NAME_BYTES_MAX) return errors;
  return [tooLong(field, DRIVER_NAME_BYTES_MAX), ...errors];
}
