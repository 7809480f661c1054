// Which IP families a Service has, inferred from its policy and addresses (upstream: initIPFamilyFields). The cluster has one
// family, IPv4; only headless Services without a selector may name both.
import type { Service } from "@coracle/shared/api/types/core-v1";
import { invalidValue } from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { familyOf, validateClusterIps } from "./service-address-validation.ts";
import { NONE, needsClusterIp, sameList } from "./service-rules.ts";

type Families = NonNullable<Service["spec"]["ipFamilies"]>;

const POLICY = "spec.ipFamilyPolicy";
const CLUSTER_FAMILY = "IPv4";

const isOpen = ({ spec }: Service): boolean =>
  spec.clusterIP === NONE && Object.keys(spec.selector ?? {}).length === 0;

function defaultPolicy(service: Service, old: Service | undefined): void {
  service.spec.ipFamilyPolicy ??=
    old?.spec.ipFamilyPolicy ?? (isOpen(service) ? "RequireDualStack" : "SingleStack");
}

/** Nothing changes about a Service that prefers both families unless it asks for it. */
function isSettled({ spec }: Service, old: Service | undefined): boolean {
  if (old === undefined || spec.ipFamilyPolicy !== "PreferDualStack") return false;
  const before = old.spec;
  if (before.type !== spec.type) return false;
  if ((before.ipFamilyPolicy ?? "PreferDualStack") !== "PreferDualStack") return false;
  return (
    sameList(spec.clusterIPs, before.clusterIPs) && sameList(spec.ipFamilies, before.ipFamilies)
  );
}

function reduce({ spec }: Service, old: Service): FieldError[] {
  const before = old.spec;
  if (spec.ipFamilyPolicy === "SingleStack") {
    if (sameList(spec.clusterIPs, before.clusterIPs))
      spec.clusterIPs = spec.clusterIPs?.slice(0, 1);
    if (sameList(spec.ipFamilies, before.ipFamilies))
      spec.ipFamilies = spec.ipFamilies?.slice(0, 1);
    return [];
  }
  const reduced = (now: readonly string[] | undefined, then: readonly string[] | undefined) =>
    (now?.length ?? 0) > 0 && (now?.length ?? 0) < (then?.length ?? 0);
  const errors: FieldError[] = [];
  const finding = (what: string) =>
    invalidValue(
      POLICY,
      spec.ipFamilyPolicy,
      `must be 'SingleStack' to release the secondary ${what}`,
    );
  if (reduced(spec.clusterIPs, before.clusterIPs)) errors.push(finding("cluster IP"));
  if (reduced(spec.ipFamilies, before.ipFamilies)) errors.push(finding("IP family"));
  return errors;
}

function checkSingle({ spec }: Service): FieldError[] {
  if (spec.ipFamilyPolicy !== "SingleStack") return [];
  const errors: FieldError[] = [];
  const finding = (what: string) =>
    invalidValue(
      POLICY,
      spec.ipFamilyPolicy,
      `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`,
    );
  if (spec.clusterIPs?.length === 2) errors.push(finding("cluster IPs"));
  if (spec.ipFamilies?.length === 2) errors.push(finding("IP families"));
  return errors;
}

function inferFromIps({ spec }: Service): FieldError[] {
  const errors: FieldError[] = [];
  const families: Families = [...(spec.ipFamilies ?? [])];
  const ips = spec.clusterIPs ?? [];
  for (const [i, ip] of ips.entries()) {
    if (ip === NONE) break;
    if (i < families.length) continue;
    const family = familyOf(ip);
    if (family === CLUSTER_FAMILY) families.push(family);
    else {
      const detail = `${family} is not configured on this cluster`;
      errors.push(invalidValue(`spec.clusterIPs[${i}]`, ips, detail));
    }
  }
  if (families.length > 0) spec.ipFamilies = families;
  return errors;
}

/** Headless and without a selector: whoever writes its endpoints may use both families. */
function openFamilies({ spec }: Service): void {
  const [first = CLUSTER_FAMILY, second] = spec.ipFamilies ?? [];
  if (second !== undefined) return;
  const other = first === "IPv4" ? "IPv6" : "IPv4";
  spec.ipFamilies = spec.ipFamilyPolicy === "SingleStack" ? [first] : [first, other];
}

/** Fills in ipFamilyPolicy and ipFamilies; findings when they cannot be had. Mutates. */
export function resolveFamilies(service: Service, old: Service | undefined): FieldError[] {
  if (!needsClusterIp(service) || isSettled(service, old)) return [];
  const { spec } = service;
  defaultPolicy(service, old);
  const loose = validateClusterIps(service, old);
  if (loose.length > 0) return loose;
  const errors = [
    ...(old === undefined ? [] : reduce(service, old)),
    ...checkSingle(service),
    ...inferFromIps(service),
  ];
  if (errors.length > 0) return errors;
  if (isOpen(service)) {
    openFamilies(service);
    return [];
  }
  if (spec.ipFamilyPolicy === "RequireDualStack") {
    const detail = "this cluster is not configured for dual-stack services";
    errors.push(invalidValue(POLICY, spec.ipFamilyPolicy, detail));
  }
  spec.ipFamilies?.forEach((family, i) => {
    if (family === CLUSTER_FAMILY) return;
    errors.push(invalidValue(`spec.ipFamilies[${i}]`, family, "not configured on this cluster"));
  });
  if (errors.length === 0 && (spec.ipFamilies?.length ?? 0) === 0) {
    spec.ipFamilies = [CLUSTER_FAMILY];
  }
  return errors;
}
