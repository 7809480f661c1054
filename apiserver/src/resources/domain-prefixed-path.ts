import { invalidValue, required } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain, regexMessage } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { invalidTexts } from "./field-rules.ts";

const PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const pathPattern = new RegExp(`^${PATH}$`);

/** The name of a controller: `acme.io/foo` (upstream: util/validation IsDomainPrefixedPath). */
export function validateDomainPrefixedPath(value: string, field: string): FieldError[] {
  if (value === "") return [required(field)];
  const slash = value.indexOf("/");
  if (slash <= 0 || slash === value.length - 1) {
    const detail = 'must be a domain-prefixed path (such as "acme.io/foo")';
    return [invalidValue(field, value, detail)];
  }
  const host = value.slice(0, slash);
  const path = value.slice(slash + 1);
  const errors = invalidTexts(field, host, isDns1123Subdomain(host));
  if (!pathPattern.test(path)) {
    errors.push(invalidValue(field, path, regexMessage("Invalid path", PATH)));
  }
  return errors;
}
