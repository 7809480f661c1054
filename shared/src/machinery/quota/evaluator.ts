// How much of each resource of a quota an object uses. Admission charges it before an object is stored, the quota
// controller sums it up (upstream: apiserver pkg/quota/v1 interfaces.go).
import type { KubernetesObject } from "../../api/resources.ts";
import type { ScopedResourceSelectorRequirement } from "../../api/types/core-v1.ts";
import { newRequirement, requirementMatches } from "../requirement.ts";
import type { Amounts } from "./amounts.ts";

/** `object` is of the evaluator's kind everywhere; `now` in milliseconds. */
export interface QuotaEvaluator {
  /** Those of `names` that this kind uses. */
  matching(names: readonly string[]): string[];
  usage(object: KubernetesObject, now: number): Amounts;
  matchesScope(requirement: ScopedResourceSelectorRequirement, object: KubernetesObject): boolean;
  /** Whether an update can change what is used; a creation always does. */
  changedBy(subresource: string, object: KubernetesObject, old: KubernetesObject): boolean;
  /** What the object has to say to be counted against these resources; undefined when it says all. */
  missing?(names: readonly string[], object: KubernetesObject): string | undefined;
}

const OPERATORS = { In: "in", NotIn: "notin", Exists: "exists", DoesNotExist: "!" } as const;

/** Whether the name that an object gives for a scope (its priority class) is one of those asked for. */
export function scopeValueMatches(
  { scopeName, operator, values = [] }: ScopedResourceSelectorRequirement,
  value: string | undefined,
): boolean {
  const requirement = newRequirement(scopeName, OPERATORS[operator], values);
  return requirementMatches(requirement, value ? { [scopeName]: value } : undefined);
}
