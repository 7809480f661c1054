// Roles and ClusterRoles: what the rules of both have to say (upstream: pkg/apis/rbac/validation ValidatePolicyRule).
import type { PolicyRule } from "@coracle/shared/api/types/rbac-v1";
import { invalidValue, required } from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";

const isEmpty = (list: readonly string[] | null | undefined): boolean => (list?.length ?? 0) === 0;

function validatePolicyRule(rule: PolicyRule, namespaced: boolean, path: string): FieldError[] {
  const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } = rule;
  const errors: FieldError[] = [];
  if (isEmpty(verbs)) {
    errors.push(required(`${path}.verbs`, "verbs must contain at least one value"));
  }
  if (!isEmpty(nonResourceURLs)) {
    const at = `${path}.nonResourceURLs`;
    if (namespaced) {
      const detail = "namespaced rules cannot apply to non-resource URLs";
      errors.push(invalidValue(at, nonResourceURLs, detail));
    }
    if (!isEmpty(apiGroups) || !isEmpty(resources) || !isEmpty(resourceNames)) {
      const detail = "rules cannot apply to both regular resources and non-resource URLs";
      errors.push(invalidValue(at, nonResourceURLs, detail));
    }
    return errors;
  }
  if (isEmpty(apiGroups)) {
    const detail = "resource rules must supply at least one api group";
    errors.push(required(`${path}.apiGroups`, detail));
  }
  if (isEmpty(resources)) {
    const detail = "resource rules must supply at least one resource";
    errors.push(required(`${path}.resources`, detail));
  }
  return errors;
}

/** Upstream's storage does not tell an empty list from none. */
export function prepareRules(role: { rules?: PolicyRule[] | null }): void {
  if (role.rules?.length === 0) role.rules = null;
}

export function validateRules(
  rules: readonly PolicyRule[] | null | undefined,
  namespaced: boolean,
): FieldError[] {
  return (rules ?? []).flatMap((rule, i) => validatePolicyRule(rule, namespaced, `rules[${i}]`));
}
