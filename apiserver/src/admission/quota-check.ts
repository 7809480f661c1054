// Whether a write fits the quotas of its namespace, and what they show as used after it (upstream: apiserver
// pkg/admission/plugin/resourcequota, CheckRequest). Pure.

import type { ResourceQuota } from "@coracle/shared/api/types/core-v1";
import { ownValue } from "@coracle/shared/machinery/own-value";
import {
  type Amounts,
  addAmounts,
  exceededNames,
  growthOf,
  maskAmounts,
  negativeNames,
  shownAmounts,
  withoutZeros,
} from "@coracle/shared/machinery/quota/amounts";
import type { QuotaEvaluator } from "@coracle/shared/machinery/quota/evaluator";
import { evaluatorOf, matchesScopes } from "@coracle/shared/machinery/quota/evaluators";
import { type Attributes, refusal } from "./chain.ts";

/** The evaluator, if the write can change what is used. */
export function evaluatorFor(attributes: Attributes): QuotaEvaluator | undefined {
  const { operation, resource, subresource, object, old } = attributes;
  if (object === undefined) return undefined;
  const evaluator = evaluatorOf(resource);
  if (operation === "CREATE") return subresource === "" ? evaluator : undefined;
  if (operation !== "UPDATE" || old === undefined) return undefined;
  return evaluator?.changedBy(subresource, object, old) ? evaluator : undefined;
}

/** The quotas as they are after the write: the same objects where nothing changes. Throws Forbidden. */
export function chargeQuotas(
  quotas: readonly ResourceQuota[],
  attributes: Attributes,
  evaluator: QuotaEvaluator,
  now: number,
): readonly ResourceQuota[] {
  const object = attributes.object as NonNullable<Attributes["object"]>;
  const concerned = quotas.filter((quota) => concerns(quota, attributes, evaluator));
  const used = evaluator.usage(object, now);
  const negative = negativeNames(used);
  if (negative.length > 0) {
    const names = negative.sort().join(",");
    throw refusal(attributes, `quota usage is negative for resource(s): ${names}`);
  }
  if (concerned.length === 0) return quotas;
  const { old } = attributes;
  const growth = old === undefined ? used : growthOf(used, evaluator.usage(old, now));
  return quotas.map((quota) => {
    if (!concerned.includes(quota)) return quota;
    // What the quota did not count before is new to it as a whole.
    const counted = old !== undefined && matches(quota, evaluator, old);
    const more = withoutZeros(counted ? growth : used);
    return Object.keys(more).length === 0 ? quota : charge(quota, more, attributes);
  });
}

type Member = NonNullable<Attributes["object"]>;

const matches = (quota: ResourceQuota, evaluator: QuotaEvaluator, object: Member): boolean =>
  evaluator.matching(Object.keys(quota.status.hard ?? {})).length > 0 &&
  matchesScopes(quota, evaluator, object);

/** Throws where the object leaves out what the quota limits, and where the quota is not filled in yet. */
function concerns(
  quota: ResourceQuota,
  attributes: Attributes,
  evaluator: QuotaEvaluator,
): boolean {
  const object = attributes.object as Member;
  if (!matches(quota, evaluator, object)) return false;
  const { name } = quota.metadata;
  const names = evaluator.matching(Object.keys(quota.status.hard ?? {}));
  const missing = evaluator.missing?.(names, object);
  if (missing !== undefined) throw refusal(attributes, `failed quota: ${name}: ${missing}`);
  if (names.some((resource) => ownValue(quota.status.used, resource) === undefined)) {
    const unknown = [...names].sort().join(",");
    throw refusal(attributes, `status unknown for quota: ${name}, resources: ${unknown}`);
  }
  return true;
}

function charge(quota: ResourceQuota, more: Amounts, attributes: Attributes): ResourceQuota {
  const { hard = {}, used = {} } = quota.status;
  const requested = maskAmounts(more, Object.keys(hard));
  const total = addAmounts(used, requested);
  if (attributes.subresource !== "status") {
    const exceeded = exceededNames(maskAmounts(total, Object.keys(requested)), hard);
    if (exceeded.length > 0) {
      const shown = (amounts: Amounts) => shownAmounts(maskAmounts(amounts, exceeded));
      throw refusal(
        attributes,
        `exceeded quota: ${quota.metadata.name}, requested: ${shown(requested)}, used: ${shown(used)}, limited: ${shown(hard)}`,
      );
    }
  }
  return { ...quota, status: { ...quota.status, used: { ...total } } };
}
