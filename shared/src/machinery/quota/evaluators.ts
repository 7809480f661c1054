// The evaluators of all kinds: a few kinds have their own, of the others the objects are counted (upstream: apiserver
// pkg/quota/v1/generic, pkg/quota/v1/install).
import type { KubernetesObject } from "../../api/resources.ts";
import type { ResourceQuota, ScopedResourceSelectorRequirement } from "../../api/types/core-v1.ts";
import { type Amounts, addAmounts, maskAmounts } from "./amounts.ts";
import { claimEvaluator } from "./claims.ts";
import { deviceClaimEvaluator } from "./device-claims.ts";
import type { QuotaEvaluator } from "./evaluator.ts";
import { podEvaluator } from "./pods.ts";
import { serviceEvaluator } from "./services.ts";

export interface GroupResourceName {
  group: string;
  resource: string;
}

export const objectCountName = ({ group, resource }: GroupResourceName): string =>
  group === "" ? `count/${resource}` : `count/${resource}.${group}`;

/** Kinds that were counted before there was `count/…`. */
const ALIASES = new Set(["configmaps", "resourcequotas", "replicationcontrollers", "secrets"]);

function objectCounter(of: GroupResourceName): QuotaEvaluator {
  const names = [objectCountName(of)];
  if (of.group === "" && ALIASES.has(of.resource)) names.push(of.resource);
  const one: Amounts = Object.fromEntries(names.map((name) => [name, "1"]));
  return {
    matching: (given) => given.filter((name) => names.includes(name)).sort(),
    usage: () => one,
    matchesScope: () => false,
    changedBy: () => false,
  };
}

const IGNORED = new Set([
  "bindings",
  "componentstatuses",
  "events",
  "events.events.k8s.io",
  "tokenreviews.authentication.k8s.io",
  "selfsubjectreviews.authentication.k8s.io",
  "subjectaccessreviews.authorization.k8s.io",
  "selfsubjectaccessreviews.authorization.k8s.io",
  "localsubjectaccessreviews.authorization.k8s.io",
  "selfsubjectrulesreviews.authorization.k8s.io",
]);

const known = new Map<string, QuotaEvaluator>([
  ["pods", podEvaluator],
  ["services", serviceEvaluator],
  ["persistentvolumeclaims", claimEvaluator],
  ["resourceclaims.resource.k8s.io", deviceClaimEvaluator],
]);

/** Undefined for what no quota counts. Every other resource is counted by its objects. */
export function evaluatorOf(of: GroupResourceName): QuotaEvaluator | undefined {
  const name = of.group === "" ? of.resource : `${of.resource}.${of.group}`;
  if (IGNORED.has(name)) return undefined;
  let evaluator = known.get(name);
  if (evaluator === undefined) {
    evaluator = objectCounter(of);
    known.set(name, evaluator);
  }
  return evaluator;
}

/** Scopes are requirements that the scope exists. */
export function scopeRequirements({ spec }: ResourceQuota): ScopedResourceSelectorRequirement[] {
  const plain = (spec.scopes ?? []).map((scopeName) => ({
    scopeName,
    operator: "Exists" as const,
  }));
  return [...plain, ...(spec.scopeSelector?.matchExpressions ?? [])];
}

export const matchesScopes = (
  quota: ResourceQuota,
  evaluator: QuotaEvaluator,
  object: KubernetesObject,
): boolean =>
  scopeRequirements(quota).every((requirement) => evaluator.matchesScope(requirement, object));

/** What `objects` of one kind use of the resources of a quota. */
export function sumUsage(
  quota: ResourceQuota,
  evaluator: QuotaEvaluator,
  objects: Iterable<KubernetesObject>,
  now: number,
): Amounts {
  const names = evaluator.matching(Object.keys(quota.spec.hard ?? {}));
  let used: Amounts = Object.fromEntries(names.map((name) => [name, "0"]));
  for (const object of objects) {
    if (!matchesScopes(quota, evaluator, object)) continue;
    used = addAmounts(used, maskAmounts(evaluator.usage(object, now), names));
  }
  return used;
}
