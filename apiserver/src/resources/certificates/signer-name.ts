// `example.com/signer-name` (upstream: pkg/apis/core/validation ValidateSignerName).
import { invalidValue, required, tooLong } from "@coracle/shared/machinery/field-error";
import { isDns1123Label, isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";

const SUBDOMAIN_MAX = 253;
const LABEL_MAX = 63;
const PATH_MAX = SUBDOMAIN_MAX + LABEL_MAX + 1;

/** The findings of the first label that has any. */
function labelErrors(field: string, segment: string, rule: (label: string) => string[]) {
  for (const label of segment.split(".")) {
    const texts = rule(label);
    if (texts.length === 0) continue;
    return texts.map((text) =>
      invalidValue(field, segment, `validating label ${JSON.stringify(label)}: ${text}`),
    );
  }
  return [];
}

export function validateSignerName(field: string, signerName: string): FieldError[] {
  if (signerName === "") return [required(field)];
  const [domain = "", path, ...rest] = signerName.split("/");
  if (path === undefined || rest.length > 0) {
    const detail =
      "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    return [invalidValue(field, signerName, detail)];
  }
  const errors: FieldError[] = [];
  if (domain.length > SUBDOMAIN_MAX) errors.push(tooLong(field, SUBDOMAIN_MAX));
  errors.push(...labelErrors(field, domain, isDns1123Label));
  if (!domain.includes(".")) {
    const detail = "should be a domain with at least two segments separated by dots";
    errors.push(invalidValue(field, domain, detail));
  }
  errors.push(...labelErrors(field, path, isDns1123Subdomain));
  const max = SUBDOMAIN_MAX + PATH_MAX + 1;
  if (signerName.length > max) errors.push(tooLong(field, max));
  return errors;
}
