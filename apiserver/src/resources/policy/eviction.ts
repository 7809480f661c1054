// Whether a disruption budget lets a Pod go (upstream: pkg/registry/core/pod/storage/eviction.go). Pure.
import type { Pod } from "@coracle/shared/api/types/core-v1";
import type { LabelSelector } from "@coracle/shared/api/types/meta-v1";
import type { PodDisruptionBudget } from "@coracle/shared/api/types/policy-v1";
import { findCondition, isConditionTrue } from "@coracle/shared/machinery/conditions";
import { SelectorError, selectorOf } from "@coracle/shared/machinery/selector";
import { forbidden, type StatusError, statusError } from "@coracle/shared/machinery/status-error";
import { formatTime } from "@coracle/shared/runtime/clock";

/** More evictions than the controller has yet taken note of. */
const DISRUPTED_PODS_MAX = 2000;
const PROCESSING_RETRY_SECONDS = 10;
const ALLOWED = "DisruptionAllowed";
const BUDGETS = { group: "policy", resource: "poddisruptionbudget" };

const isGoing = ({ metadata, status }: Pod): boolean =>
  status.phase === "Succeeded" ||
  status.phase === "Failed" ||
  metadata.deletionTimestamp !== undefined;

/**
 * How far budgets matter to a Pod: "gone" is past caring, "pending" may go unless it changes meanwhile, "guarded" is what
 * budgets are for.
 */
export function standingOf(pod: Pod): "gone" | "pending" | "guarded" {
  if (isGoing(pod)) return "gone";
  return pod.status.phase === "Pending" ? "pending" : "guarded";
}

function matches(selector: LabelSelector | undefined, pod: Pod): boolean {
  try {
    return selectorOf(selector).matches(pod.metadata.labels);
  } catch (error) {
    if (error instanceof SelectorError) return false; // matches nothing
    throw error;
  }
}

export const budgetsOf = (
  pod: Pod,
  budgets: readonly PodDisruptionBudget[],
): PodDisruptionBudget[] => budgets.filter(({ spec }) => matches(spec.selector, pod));

/** A Pod that is not ready may go without being counted, where the others are enough or the budget does not mind. */
export function sparesUnready(pod: Pod, { spec, status }: PodDisruptionBudget): boolean {
  if (isConditionTrue(pod.status.conditions, "Ready")) return false;
  if (spec.unhealthyPodEvictionPolicy === "AlwaysAllow") return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status;
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

/** 429, with the reason as its cause. */
function wouldViolate(why: string, retryAfterSeconds?: number): StatusError {
  const message = "Cannot evict pod as it would violate the pod's disruption budget.";
  const causes = [{ reason: "DisruptionBudget", message: why }];
  return statusError("TooManyRequests", message, {
    causes,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

export const stillProcessed = (budget: string): StatusError =>
  wouldViolate(
    `The disruption budget ${budget} is still being processed by the server.`,
    PROCESSING_RETRY_SECONDS,
  );

function whyNoneAllowed({ metadata, status }: PodDisruptionBudget): string {
  const { currentHealthy = 0, desiredHealthy = 0, conditions = [] } = status;
  const refused = findCondition(conditions, ALLOWED);
  const told = refused?.status === "False" && refused.message !== "" ? refused : undefined;
  const budget = `The disruption budget ${metadata.name}`;
  const refuses = `${budget} does not allow evicting pods currently`;
  if (told?.reason === "SyncFailed") return `${refuses} because it failed sync: ${told.message}`;
  if (currentHealthy <= desiredHealthy) {
    return `${budget} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  }
  return told === undefined ? refuses : `${refuses} (${told.reason}): ${told.message}`;
}

/** Why none of the budget's Pods may go now; undefined = one may. */
export function refusalOf(budget: PodDisruptionBudget): StatusError | undefined {
  const { metadata, status } = budget;
  const { observedGeneration = 0, disruptionsAllowed = 0, disruptedPods = {} } = status;
  if (observedGeneration < (metadata.generation ?? 0)) return stillProcessed(metadata.name);
  if (disruptionsAllowed < 0) {
    return forbidden(BUDGETS, metadata.name, "pdb disruptions allowed is negative");
  }
  if (Object.keys(disruptedPods).length > DISRUPTED_PODS_MAX) {
    const why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
    return forbidden(BUDGETS, metadata.name, why);
  }
  return disruptionsAllowed === 0 ? wouldViolate(whyNoneAllowed(budget)) : undefined;
}

/** Counts one Pod more as disrupted: its name and the time tell the controller not to count on it. Mutates. */
export function countDisruption(budget: PodDisruptionBudget, pod: string, now: number): void {
  const { status } = budget;
  const time = formatTime(now);
  const allowed = (status.disruptionsAllowed ?? 0) - 1;
  const disrupted = Object.entries({ ...status.disruptedPods, [pod]: time });
  const { observedGeneration, expectedPods, currentHealthy, desiredHealthy, conditions } = status;
  budget.status = {
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
    disruptedPods: Object.fromEntries(disrupted.sort(([a], [b]) => (a < b ? -1 : 1))),
    disruptionsAllowed: allowed,
    currentHealthy,
    desiredHealthy,
    expectedPods,
    ...(conditions === undefined ? {} : { conditions }),
  };
  if (allowed === 0) refuseFurther(budget, time);
}

function refuseFurther({ status }: PodDisruptionBudget, time: string): void {
  const conditions = [...(status.conditions ?? [])];
  const at = conditions.findIndex(({ type }) => type === ALLOWED);
  const before = conditions[at];
  const { observedGeneration } = status;
  const condition = {
    type: ALLOWED,
    status: "False",
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
    lastTransitionTime: before?.status === "False" ? before.lastTransitionTime : time,
    reason: "InsufficientPods",
    message: "",
  };
  if (before === undefined) conditions.push(condition);
  else conditions[at] = condition;
  status.conditions = conditions;
}

/** The condition by which whoever owns the Pod sees why it goes. Mutates. */
export function markEvicted({ status }: Pod, now: number): void {
  const type = "DisruptionTarget";
  const conditions = [...(status.conditions ?? [])];
  const at = conditions.findIndex((condition) => condition.type === type);
  const before = conditions[at];
  const condition = {
    type,
    status: "True",
    lastProbeTime: null as never,
    lastTransitionTime: before?.status === "True" ? before.lastTransitionTime : formatTime(now),
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
  };
  if (before === undefined) conditions.push(condition);
  else conditions[at] = condition;
  status.conditions = conditions;
}
