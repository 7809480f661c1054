// A ReplicaSet's status.
import type { ReplicaSet, ReplicaSetStatus } from "@coracle/shared/api/types/apps-v1";
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { findCondition, withoutCondition } from "@coracle/shared/machinery/conditions";
import { semanticEqual } from "@coracle/shared/machinery/semantic-equal";
import { formatTime } from "@coracle/shared/runtime/clock";
import { availableAtMs, isActivePod, isTerminatingPod } from "./pod-state.ts";

/** `failure`: what kept the controller from reaching the wanted number. */
export function computeStatus(
  replicaSet: ReplicaSet,
  pods: readonly Pod[],
  failure: Error | undefined,
  nowMs: number,
): ReplicaSetStatus {
  const { spec, metadata, status } = replicaSet;
  const active = pods.filter(isActivePod);
  const labels = Object.entries(spec.template?.metadata?.labels ?? {});
  const availableAt = active.map((pod) => availableAtMs(pod, spec.minReadySeconds ?? 0));
  const ready = availableAt.filter((at) => at !== undefined);
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) =>
      labels.every(([name, value]) => pod.metadata.labels?.[name] === value),
    ).length,
    readyReplicas: ready.length,
    availableReplicas: ready.filter((at) => at <= nowMs).length,
    terminatingReplicas: pods.filter(isTerminatingPod).length,
    observedGeneration: metadata.generation,
    conditions: failureConditions(
      status?.conditions,
      failure,
      active.length < (spec.replicas ?? 1) ? "FailedCreate" : "FailedDelete",
      nowMs,
    ),
  };
}

/** The first failure stays as it is until one attempt succeeds. */
function failureConditions(
  conditions: ReplicaSetStatus["conditions"],
  failure: Error | undefined,
  reason: string,
  nowMs: number,
): ReplicaSetStatus["conditions"] {
  if (failure === undefined) return withoutCondition(conditions, "ReplicaFailure");
  if (findCondition(conditions, "ReplicaFailure") !== undefined) return conditions;
  const lastTransitionTime = formatTime(nowMs);
  const { message } = failure;
  const failed = { type: "ReplicaFailure", status: "True", lastTransitionTime, reason, message };
  return [...(conditions ?? []), failed];
}

/** When the next ready Pod becomes available; undefined when none is waiting. */
export function nextAvailableAfterMs(
  replicaSet: ReplicaSet,
  pods: readonly Pod[],
  nowMs: number,
): number | undefined {
  const { minReadySeconds = 0 } = replicaSet.spec;
  if (minReadySeconds === 0) return undefined;
  const waiting = pods
    .filter(isActivePod)
    .map((pod) => availableAtMs(pod, minReadySeconds))
    .filter((at) => at !== undefined)
    .filter((at) => at > nowMs);
  return waiting.length === 0 ? undefined : Math.min(...waiting) - nowMs;
}

/** Absent counts are zero, except that of terminating Pods. */
export function sameStatus(before: ReplicaSetStatus | undefined, after: ReplicaSetStatus): boolean {
  const zero = { replicas: 0, fullyLabeledReplicas: 0, readyReplicas: 0, availableReplicas: 0 };
  return semanticEqual({ ...zero, ...before }, after);
}
