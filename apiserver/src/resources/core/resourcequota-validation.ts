// Upstream: ValidateResourceQuota, ValidateResourceQuotaUpdate, ValidateResourceQuotaStatusUpdate.
import type { ResourceQuota, ResourceQuotaSpec } from "@coracle/shared/api/types/core-v1";
import { invalidValue, required } from "@coracle/shared/machinery/field-error";
import { milliValue, signOf } from "@coracle/shared/machinery/quantity";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceList } from "./pod/resource-lists.ts";
import {
  checkResourceName,
  isIntegerResource,
  isStandardResource,
} from "./pod/resource-validation.ts";

const SCOPES = new Set<string>([
  "Terminating",
  "NotTerminating",
  "BestEffort",
  "NotBestEffort",
  "PriorityClass",
  "VolumeAttributesClass",
  "CrossNamespacePodAffinity",
]);

const POD_RESOURCES = new Set([
  "pods",
  "cpu",
  "memory",
  "limits.cpu",
  "limits.memory",
  "requests.cpu",
  "requests.memory",
]);
const CLAIM_RESOURCES = new Set(["persistentvolumeclaims", "requests.storage"]);

/** Storage as such is no quota's, only the requests for it. */
const isQuotaResource = (name: string): boolean => isStandardResource(name) && name !== "storage";

function isValidForScope(scope: string, resource: string): boolean {
  switch (scope) {
    case "Terminating":
    case "NotTerminating":
    case "NotBestEffort":
    case "PriorityClass":
    case "CrossNamespacePodAffinity":
      return POD_RESOURCES.has(resource);
    case "BestEffort":
      return resource === "pods";
    case "VolumeAttributesClass":
      return CLAIM_RESOURCES.has(resource);
    default:
      return true;
  }
}

export function validateAmounts(list: ResourceList | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const name in list) {
    const field = `${path}[${name}]`;
    const quantity = list[name] as string;
    checkResourceName(name, field, errors);
    if (!name.includes("/") && !isQuotaResource(name)) {
      errors.push(invalidValue(field, name, "must be a standard resource for quota"));
    }
    if (signOf(quantity) < 0) {
      errors.push(invalidValue(field, quantity, "must be greater than or equal to 0"));
    }
    if (isIntegerResource(name) && milliValue(quantity) % 1000 !== 0) {
      errors.push(invalidValue(field, quantity, "must be an integer"));
    }
  }
  return errors;
}

const PAIRS = [
  ["BestEffort", "NotBestEffort"],
  ["NotTerminating", "Terminating"],
] as const;

function conflicts(
  given: ReadonlySet<string>,
  scopes: ResourceQuotaSpec["scopes"],
  field: string,
): FieldError[] {
  return PAIRS.filter((pair) => pair.every((scope) => given.has(scope))).map(() =>
    invalidValue(field, scopes ?? null, "conflicting scopes"),
  );
}

function validateScopes({ scopes = [], hard }: ResourceQuotaSpec): FieldError[] {
  const errors: FieldError[] = [];
  for (const scope of scopes) {
    if (!SCOPES.has(scope)) errors.push(invalidValue("spec.scopes", scopes, "unsupported scope"));
    for (const name in hard) {
      if (!isQuotaResource(name) || isValidForScope(scope, name)) continue;
      errors.push(invalidValue("spec.scopes", scopes, "unsupported scope applied to resource"));
    }
  }
  return [...errors, ...conflicts(new Set(scopes), scopes, "spec.scopes")];
}

const MATCH = "spec.scopeSelector.matchExpressions";
const ONLY_EXISTS = new Set<string>([
  "BestEffort",
  "NotBestEffort",
  "Terminating",
  "NotTerminating",
  "CrossNamespacePodAffinity",
]);
const MUST_EXIST =
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";

type Requirements = NonNullable<
  NonNullable<ResourceQuotaSpec["scopeSelector"]>["matchExpressions"]
>;

/** As upstream prints the selector of its internal type. */
const shownSelector = (requirements: Requirements) => ({
  MatchExpressions: requirements.map(({ scopeName, operator, values }) => ({
    ScopeName: scopeName,
    Operator: operator,
    Values: values ?? null,
  })),
});

function validateSelector({ scopeSelector, hard, scopes }: ResourceQuotaSpec): FieldError[] {
  const errors: FieldError[] = [];
  const requirements = scopeSelector?.matchExpressions ?? [];
  for (const requirement of requirements) {
    const scopeName: string = requirement.scopeName ?? "";
    if (!SCOPES.has(scopeName)) {
      errors.push(invalidValue(`${MATCH}.scopeName`, scopeName, "unsupported scope"));
    }
    for (const name in hard) {
      if (!isQuotaResource(name) || isValidForScope(scopeName, name)) continue;
      const detail = "unsupported scope applied to resource";
      errors.push(invalidValue(MATCH, shownSelector(requirements), detail));
    }
    errors.push(...validateRequirement(requirement));
  }
  const given = new Set<string>(requirements.map(({ scopeName }) => scopeName));
  return [...errors, ...conflicts(given, scopes, MATCH)];
}

function validateRequirement({ scopeName, operator, values }: Requirements[number]): FieldError[] {
  const errors: FieldError[] = [];
  if (ONLY_EXISTS.has(scopeName) && operator !== "Exists") {
    errors.push(invalidValue(`${MATCH}.operator`, operator ?? "", MUST_EXIST));
  }
  const some = (values?.length ?? 0) > 0;
  if (operator === "In" || operator === "NotIn") {
    const detail =
      "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
    if (!some) errors.push(required(`${MATCH}.values`, detail));
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    const detail =
      "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
    if (some) errors.push(invalidValue(`${MATCH}.values`, values, detail));
  } else {
    const detail = "not a valid selector operator";
    errors.push(invalidValue(`${MATCH}.operator`, operator ?? "", detail));
  }
  return errors;
}

export function validateQuotaSpec(spec: ResourceQuotaSpec): FieldError[] {
  return [
    ...validateAmounts(spec.hard, "spec.hard"),
    ...validateScopes(spec),
    ...validateSelector(spec),
  ];
}

/** The scopes are fixed: what the quota counted so far would be something else. */
export function validateSameScopes(quota: ResourceQuota, old: ResourceQuota): FieldError[] {
  const before = new Set(old.spec.scopes);
  const after = new Set(quota.spec.scopes);
  if (before.size === after.size && [...before].every((scope) => after.has(scope))) return [];
  return [invalidValue("spec.scopes", quota.spec.scopes ?? null, "field is immutable")];
}
