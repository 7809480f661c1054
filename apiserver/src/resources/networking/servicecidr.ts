import type { ServiceCIDR } from "@coracle/shared/api/types/networking-v1";
import { invalidValue, required } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { invalidTexts } from "../field-rules.ts";
import { repeatMetadataUpdate } from "../metadata-validation.ts";
import { resetMetadataForStatus } from "../status-metadata.ts";
import { familyOfCidr, strictCidrFindings } from "./addresses.ts";

const FIELD = "spec.cidrs";
const IMMUTABLE = "field is immutable";

function validateSpec({ spec }: ServiceCIDR): FieldError[] {
  const cidrs = spec.cidrs ?? [];
  if (cidrs.length === 0) return [required(FIELD, "at least one CIDR required")];
  if (cidrs.length > 2) {
    return [invalidValue(FIELD, { CIDRs: cidrs }, "may only hold up to 2 values")];
  }
  const errors = cidrs.flatMap((cidr, i) =>
    invalidTexts(`${FIELD}[${i}]`, cidr, strictCidrFindings(cidr)),
  );
  const [first, second] = cidrs.map(familyOfCidr);
  if (first !== undefined && first === second) {
    const detail =
      "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";
    errors.push(invalidValue(FIELD, cidrs, detail));
  }
  return errors;
}

/** Nothing changes, except that a second family may be added. */
function validateChange(serviceCidr: ServiceCIDR, old: ServiceCIDR): FieldError[] {
  const cidrs = serviceCidr.spec.cidrs ?? [];
  const before = old.spec.cidrs ?? [];
  const changed = before.flatMap((cidr, i) =>
    cidr === cidrs[i] ? [] : [invalidValue(`${FIELD}[${i}]`, cidrs[i], IMMUTABLE)],
  );
  if (cidrs.length === before.length) return changed;
  if (before.length === 1 && cidrs.length === 2) return [...changed, ...validateSpec(serviceCidr)];
  return [invalidValue(FIELD, serviceCidr.spec.cidrs, IMMUTABLE)];
}

export const serviceCidrBehaviour: ResourceBehaviour<ServiceCIDR> = {
  storagePrefix: "servicecidrs",
  setDefaults() {},
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate(serviceCidr) {
      serviceCidr.status = {};
    },
    validate: validateSpec,
    prepareForUpdate(serviceCidr, old) {
      serviceCidr.status = old.status;
    },
    validateUpdate: (serviceCidr, old) => [
      ...repeatMetadataUpdate(serviceCidr.metadata, old.metadata),
      ...validateChange(serviceCidr, old),
    ],
  },
  statusStrategy: {
    prepareForUpdate(serviceCidr, old) {
      serviceCidr.spec = old.spec;
      resetMetadataForStatus(serviceCidr.metadata, old.metadata);
    },
    validateUpdate: (serviceCidr, old) => repeatMetadataUpdate(serviceCidr.metadata, old.metadata),
  },
  cells: ({ metadata, spec }, now) => [
    metadata.name,
    (spec.cidrs ?? []).join(","),
    age(metadata.creationTimestamp, now),
  ],
};
