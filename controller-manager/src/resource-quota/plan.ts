// What a quota's status has to be: pure (upstream: pkg/controller/resourcequota syncResourceQuota).
import type { KubernetesObject } from "@coracle/shared/api/resources";
import type { ResourceQuota, ResourceQuotaStatus } from "@coracle/shared/api/types/core-v1";
import { maskAmounts, sameAmounts } from "@coracle/shared/machinery/quota/amounts";
import type { QuotaEvaluator } from "@coracle/shared/machinery/quota/evaluator";
import { sumUsage } from "@coracle/shared/machinery/quota/evaluators";

/** One kind of object in the quota's namespace. */
export interface CountedKind {
  evaluator: QuotaEvaluator;
  /** Undefined while they are not all known. */
  objects: readonly KubernetesObject[] | undefined;
}

/** The new status; undefined when it is right already. What cannot be counted yet stays as it was seen last. */
export function planStatus(
  quota: ResourceQuota,
  kinds: readonly CountedKind[],
  now: number,
): ResourceQuotaStatus | undefined {
  const { hard = {} } = quota.spec;
  const before = quota.status;
  const used: Record<string, string> = { ...before.used };
  for (const { evaluator, objects } of kinds) {
    if (objects === undefined) continue;
    Object.assign(used, sumUsage(quota, evaluator, objects, now));
  }
  const status = { hard: { ...hard }, used: { ...maskAmounts(used, Object.keys(hard)) } };
  const isRight = sameAmounts(hard, before.hard) && sameAmounts(status.used, before.used);
  return isRight ? undefined : status;
}
