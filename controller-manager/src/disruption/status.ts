// A PodDisruptionBudget's status. Pure (upstream: disruption.go trySync).
import type { Pod } from "@coracle/shared/api/types/core-v1";
import type { Condition } from "@coracle/shared/api/types/meta-v1";
import type {
  PodDisruptionBudget,
  PodDisruptionBudgetStatus,
} from "@coracle/shared/api/types/policy-v1";
import { withCondition } from "@coracle/shared/machinery/conditions";
import { semanticEqual } from "@coracle/shared/machinery/semantic-equal";
import { formatTime, parseTime } from "@coracle/shared/runtime/clock";
import { scaledValue } from "../deployment/rollout-bounds.ts";
import { readySinceMs } from "../replicaset/pod-state.ts";
import type { ExpectedScale } from "./scale.ts";

/** A Pod whose eviction was granted, and that is not being deleted after so long, stays. */
const DELETION_MS = 2 * 60_000;

export interface Expected {
  expected: number;
  desired: number;
  unmanaged: readonly Pod[];
}

/** `scale` is only asked when the budget is in terms of it. */
export function expectedPods(
  { spec }: PodDisruptionBudget,
  pods: readonly Pod[],
  scale: () => ExpectedScale,
): Expected {
  const { minAvailable, maxUnavailable } = spec;
  if (maxUnavailable !== undefined) {
    const { count, unmanaged } = scale();
    const desired = Math.max(0, count - scaledValue(maxUnavailable, count, "up"));
    return { expected: count, desired, unmanaged };
  }
  if (typeof minAvailable === "string") {
    const { count, unmanaged } = scale();
    return { expected: count, desired: scaledValue(minAvailable, count, "up"), unmanaged };
  }
  if (minAvailable === undefined) return { expected: 0, desired: 0, unmanaged: [] };
  return { expected: pods.length, desired: minAvailable, unmanaged: [] };
}

export interface Disrupted {
  /** When their evictions were granted, by name. */
  pods: Record<string, string>;
  /** Those that should have gone, and have not. */
  overdue: Pod[];
  recheckAfterMs: number | undefined;
}

export function disruptedPods(
  { status }: PodDisruptionBudget,
  pods: readonly Pod[],
  nowMs: number,
): Disrupted {
  const result: Disrupted = { pods: {}, overdue: [], recheckAfterMs: undefined };
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata;
    const time = status?.disruptedPods?.[name];
    const grantedAt = parseTime(time);
    if (deletionTimestamp !== undefined || grantedAt === undefined) continue;
    const left = grantedAt + DELETION_MS - nowMs;
    if (left < 0) {
      result.overdue.push(pod);
      continue;
    }
    result.pods[name] = time as string;
    result.recheckAfterMs = Math.min(left, result.recheckAfterMs ?? left);
  }
  return result;
}

export function computeStatus(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  { expected, desired }: Expected,
  disrupted: Disrupted,
  nowMs: number,
): PodDisruptionBudgetStatus {
  const healthy = pods.filter(
    (pod) =>
      pod.metadata.deletionTimestamp === undefined &&
      !(pod.metadata.name in disrupted.pods) &&
      readySinceMs(pod) !== undefined,
  ).length;
  // A budget that matches nothing yet must not be generous when its first Pods appear.
  const allowed = expected <= 0 ? 0 : Math.max(0, healthy - desired);
  const { generation } = budget.metadata;
  return {
    observedGeneration: generation,
    disruptedPods: disrupted.pods,
    disruptionsAllowed: allowed,
    currentHealthy: healthy,
    desiredHealthy: desired,
    expectedPods: expected,
    conditions: withCondition<Condition>(budget.status?.conditions, {
      type: "DisruptionAllowed",
      observedGeneration: generation,
      status: allowed > 0 ? "True" : "False",
      lastTransitionTime: formatTime(nowMs),
      reason: allowed > 0 ? "SufficientPods" : "InsufficientPods",
      message: "",
    }),
  };
}

/** Nothing may be disrupted while it is not known what there is. */
export function failedStatus(
  { status }: PodDisruptionBudget,
  error: Error,
  nowMs: number,
): PodDisruptionBudgetStatus {
  return {
    ...status,
    disruptionsAllowed: 0,
    conditions: withCondition<Condition>(status?.conditions, {
      type: "DisruptionAllowed",
      observedGeneration: status?.observedGeneration,
      status: "False",
      lastTransitionTime: formatTime(nowMs),
      reason: "SyncFailed",
      message: error.message,
    }),
  };
}

/** Absent counts are zero. */
export function sameStatus(
  { status }: PodDisruptionBudget,
  after: PodDisruptionBudgetStatus,
): boolean {
  const zero = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  return semanticEqual({ ...zero, ...status }, { ...zero, ...after });
}
