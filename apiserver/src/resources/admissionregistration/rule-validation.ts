// Which requests a webhook or a policy is for (upstream: admissionregistration/validation, rules and match resources).
import type {
  MatchResources,
  NamedRuleWithOperations,
  Rule,
  RuleWithOperations,
} from "@coracle/shared/api/types/admissionregistration-v1";
import {
  duplicate,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import { isPathSegmentName } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { validateLabelSelector } from "../core/pod/label-selector-validation.ts";
import { invalidTexts } from "../field-rules.ts";

export const FAILURE_POLICIES = ["Fail", "Ignore"];
export const MATCH_POLICIES = ["Equivalent", "Exact"];
export const REINVOCATION_POLICIES = ["IfNeeded", "Never"];
const OPERATIONS = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
/** Nothing is left to change of what is deleted. */
const MUTABLE_OPERATIONS = OPERATIONS.filter((operation) => operation !== "DELETE");
const SCOPES = ["*", "Cluster", "Namespaced"];

/** Sets the defaults that rules of webhooks and policies share. Mutates. */
export function setRuleDefaults(rules: readonly Rule[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= "*";
}

/** Mutates. */
export function setMatchDefaults(match: MatchResources | undefined): void {
  if (match === undefined) return;
  match.matchPolicy ??= "Equivalent";
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  setRuleDefaults(match.resourceRules);
  setRuleDefaults(match.excludeResourceRules);
}

/** Reads the names of resources, `pods`, `pods/log`, `*` and so on, in order. */
function validateResources(resources: readonly string[], path: string): FieldError[] {
  if (resources.length === 0) return [required(path)];
  const errors: FieldError[] = [];
  const withAnySubresource = new Set<string>(); // x/*
  const ofAnyResource = new Set<string>(); // */x
  let plain = false;
  resources.forEach((name, i) => {
    const at = `${path}[${i}]`;
    if (name === "") {
      errors.push(required(at));
      return;
    }
    const slash = name.indexOf("/");
    if (slash < 0) {
      plain = name !== "*";
      return;
    }
    const resource = name.slice(0, slash);
    const subresource = name.slice(slash + 1);
    if (withAnySubresource.has(resource)) {
      const detail = `if '${resource}/*' is present, must not specify ${name}`;
      errors.push(invalidValue(at, name, detail));
    }
    if (ofAnyResource.has(subresource)) {
      const detail = `if '*/${subresource}' is present, must not specify ${name}`;
      errors.push(invalidValue(at, name, detail));
    }
    if (subresource === "*") withAnySubresource.add(resource);
    if (resource === "*") ofAnyResource.add(subresource);
  });
  if (resources.length > 1 && resources.includes("*/*")) {
    const detail = "if '*/*' is present, must not specify other resources";
    errors.push(invalidValue(path, resources, detail));
  }
  if (resources.includes("*") && plain) {
    const detail = "if '*' is present, must not specify other resources without subresources";
    errors.push(invalidValue(path, resources, detail));
  }
  return errors;
}

function onlyWildcard(values: readonly string[], path: string, what: string): FieldError[] {
  if (values.length < 2 || !values.includes("*")) return [];
  return [invalidValue(path, values, `if '*' is present, must not specify other ${what}`)];
}

function validateRule(rule: Rule, path: string): FieldError[] {
  const { apiGroups = [], apiVersions = [], resources = [], scope } = rule;
  const groups = `${path}.apiGroups`;
  const versions = `${path}.apiVersions`;
  const errors: FieldError[] = [];
  if (apiGroups.length === 0) errors.push(required(groups));
  errors.push(...onlyWildcard(apiGroups, groups, "API groups"));
  if (apiVersions.length === 0) errors.push(required(versions));
  errors.push(...onlyWildcard(apiVersions, versions, "API versions"));
  apiVersions.forEach((version, i) => {
    if (version === "") errors.push(required(`${versions}[${i}]`));
  });
  errors.push(...validateResources(resources, `${path}.resources`));
  if (scope !== undefined && !SCOPES.includes(scope)) {
    errors.push(notSupported(`${path}.scope`, scope, SCOPES));
  }
  return errors;
}

export function validateRuleWithOperations(rule: RuleWithOperations, path: string): FieldError[] {
  const { operations = [] } = rule;
  const at = `${path}.operations`;
  const errors: FieldError[] = [];
  if (operations.length === 0) errors.push(required(at));
  errors.push(...onlyWildcard(operations, at, "operations"));
  operations.forEach((operation, i) => {
    if (!OPERATIONS.includes(operation)) {
      errors.push(notSupported(`${at}[${i}]`, operation, OPERATIONS));
    }
  });
  return [...errors, ...validateRule(rule, path)];
}

function validateNamedRule(rule: NamedRuleWithOperations, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  rule.resourceNames?.forEach((name, i) => {
    const at = `${path}.resourceNames[${i}]`;
    errors.push(...invalidTexts(at, name, isPathSegmentName(name)));
    if (seen.has(name)) errors.push(duplicate(at, name));
    seen.add(name);
  });
  return [...errors, ...validateRuleWithOperations(rule, path)];
}

export function validateMatchResources(
  match: MatchResources | undefined,
  path: string,
): FieldError[] {
  if (match === undefined) return [];
  const errors: FieldError[] = [];
  const { matchPolicy } = match;
  if (matchPolicy === undefined) errors.push(required(`${path}.matchPolicy`));
  else if (!MATCH_POLICIES.includes(matchPolicy)) {
    errors.push(notSupported(`${path}.matchPolicy`, matchPolicy, MATCH_POLICIES));
  }
  validateLabelSelector(match.namespaceSelector, `${path}.namespaceSelector`, errors);
  validateLabelSelector(match.objectSelector, `${path}.objectSelector`, errors);
  for (const list of ["resourceRules", "excludeResourceRules"] as const) {
    match[list]?.forEach((rule, i) => {
      errors.push(...validateNamedRule(rule, `${path}.${list}[${i}]`));
    });
  }
  return errors;
}

/** What changes objects cannot be asked about deletions. Findings do not tell which rule it is. */
export function validateMutableOperations(
  match: MatchResources | undefined,
  path: string,
): FieldError[] {
  const operations = (match?.resourceRules ?? []).flatMap((rule) => rule.operations ?? []);
  return operations
    .filter((operation) => !MUTABLE_OPERATIONS.includes(operation))
    .map((operation) =>
      notSupported(`${path}.resourceRules.operations`, operation, MUTABLE_OPERATIONS),
    );
}
