// Cluster addresses of a Service and their families: on their own (upstream: ValidateServiceClusterIPsRelatedFields) and against
// what they were before.
import type { Service } from "@coracle/shared/api/types/core-v1";
import {
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { invalidTexts } from "../field-rules.ts";
import { ipFindings, parseIp } from "../ip.ts";
import { isHeadless, NONE, needsClusterIp, needsHealthCheck } from "./service-rules.ts";

const POLICIES = ["PreferDualStack", "RequireDualStack", "SingleStack"];
const IPS = "spec.clusterIPs";
const FAMILIES = "spec.ipFamilies";
const POLICY = "spec.ipFamilyPolicy";

const isIpv6 = (ip: string): boolean => ip.includes(":");
export const familyOf = (ip: string): "IPv4" | "IPv6" => (isIpv6(ip) ? "IPv6" : "IPv4");

function validateFamilies({ spec }: Service): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  spec.ipFamilies?.forEach((family, i) => {
    if (family !== "IPv4" && family !== "IPv6") {
      errors.push(notSupported(`${FAMILIES}[${i}]`, family, ["IPv4", "IPv6"]));
    }
    if (seen.has(family)) errors.push(duplicate(`${FAMILIES}[${i}]`, family));
    seen.add(family);
  });
  const policy = spec.ipFamilyPolicy;
  if (policy !== undefined && !POLICIES.includes(policy)) {
    errors.push(notSupported(POLICY, policy, POLICIES));
  }
  return errors;
}

/** clusterIP is the older field and the first of clusterIPs. */
function validateMirror({ spec }: Service): FieldError[] {
  const ips = spec.clusterIPs ?? [];
  if (spec.clusterIP) {
    if (ips.length === 0) return [required(IPS)];
    if (ips[0] === spec.clusterIP) return [];
    return [invalidValue(IPS, ips, "first value must match `clusterIP`")];
  }
  if (ips.length === 0) return [];
  return [invalidValue(IPS, ips, "must be empty when `clusterIP` is not specified")];
}

export function validateClusterIps(service: Service, old?: Service): FieldError[] {
  if (!needsClusterIp(service)) return [];
  const { spec } = service;
  const ips = spec.clusterIPs ?? [];
  const errors = [...validateMirror(service), ...validateFamilies(service)];
  const known = old?.spec.clusterIPs ?? [];
  const found: FieldError[] = [];
  ips.forEach((ip, i) => {
    if (i === 0 && ip === NONE) {
      if (ips.length > 1) {
        found.push(invalidValue(IPS, ips, "'None' must be the first and only value"));
      }
    } else if (!known.includes(ip)) {
      found.push(...invalidTexts(`${IPS}[${i}]`, ip, ipFindings(ip)));
    }
  });
  errors.push(...found);
  if (ips.length > 2) errors.push(invalidValue(IPS, ips, "may only hold up to 2 values"));
  // Wrong addresses would only bring more, misleading findings.
  if (found.length > 0) return errors;
  if (ips.length > 1) {
    const families = new Set(ips.filter((ip) => parseIp(ip) !== undefined).map(familyOf));
    if (families.size < 2) {
      errors.push(invalidValue(IPS, ips, "may specify no more than one IP for each IP family"));
    }
  }
  if (isHeadless(service)) return errors;
  ips.forEach((ip, i) => {
    const family = spec.ipFamilies?.[i];
    if ((family === "IPv4" || family === "IPv6") && family !== familyOf(ip)) {
      const detail = `expected an ${family} value as indicated by \`ipFamilies[${i}]\``;
      errors.push(invalidValue(`${IPS}[${i}]`, ip, detail));
    }
  });
  return errors;
}

const FIXED = "may not change once set";

function validateIpChange(service: Service, old: Service): FieldError[] {
  const before = old.spec.clusterIPs ?? [];
  const after = service.spec.clusterIPs ?? [];
  const shown = service.spec.clusterIPs ?? null;
  if (before.length === after.length) {
    return before.flatMap((ip, i) =>
      ip === after[i] ? [] : [invalidValue(`${IPS}[${i}]`, shown, FIXED)],
    );
  }
  const errors: FieldError[] = [];
  if (after.length === 0) {
    errors.push(invalidValue(`${IPS}[0]`, shown, "primary clusterIP can not be unset"));
  } else if (before.length > 0 && before[0] !== after[0]) {
    errors.push(invalidValue(`${IPS}[0]`, shown, FIXED));
  }
  if (before.length > after.length && after.length === 1) {
    errors.push(...mustBeSingle(service, "clusterIP"));
  }
  return errors;
}

function mustBeSingle({ spec }: Service, what: string): FieldError[] {
  if (spec.ipFamilyPolicy === "SingleStack") return [];
  const detail = `must be set to 'SingleStack' when releasing the secondary ${what}`;
  return [invalidValue(POLICY, spec.ipFamilyPolicy ?? null, detail)];
}

function validateFamilyChange(service: Service, old: Service): FieldError[] {
  const before = old.spec.ipFamilies ?? [];
  const after = service.spec.ipFamilies ?? [];
  const ips = service.spec.clusterIPs ?? null;
  const field = `${FAMILIES}[0]`;
  if (before.length === after.length) {
    return before.flatMap((family, i) =>
      family === after[i] ? [] : [invalidValue(field, after, FIXED)],
    );
  }
  const errors: FieldError[] = [];
  if (before.length > after.length && (ips?.length ?? 0) === 0) {
    const shown = service.spec.ipFamilies ?? null;
    errors.push(invalidValue(field, shown, "primary ipFamily can not be unset"));
  }
  if (before.length > 0 && after.length > 0 && before[0] !== after[0]) {
    errors.push(invalidValue(field, ips, FIXED)); // upstream shows the addresses here
  }
  if (before.length > after.length && after.length === 1) {
    errors.push(...mustBeSingle(service, "ipFamily"));
  }
  return errors;
}

/** What an update may not change about addresses and ports, metadata and the object itself excepted. */
export function validateAddressChange(service: Service, old: Service): FieldError[] {
  const errors: FieldError[] = [];
  if (needsClusterIp(service) && needsClusterIp(old)) {
    const headless = isHeadless(service);
    if (!(headless && isHeadless(old))) errors.push(...validateIpChange(service, old));
    if (!headless && !isHeadless(old)) errors.push(...validateFamilyChange(service, old));
  }
  if (service.spec.type === "LoadBalancer" && old.spec.type === "LoadBalancer") {
    const name = service.spec.loadBalancerClass;
    if (name !== old.spec.loadBalancerClass) {
      errors.push(invalidValue("spec.loadBalancerClass", name ?? null, FIXED));
    }
  }
  return errors;
}

export function validateHealthPortChange(service: Service, old: Service): FieldError[] {
  if (!needsHealthCheck(service) || !needsHealthCheck(old)) return [];
  if (service.spec.healthCheckNodePort === old.spec.healthCheckNodePort) return [];
  return [forbiddenField("spec.healthCheckNodePort", "field is immutable")];
}
