// Which Pods a Job has too many of, or which it lacks. Pure (upstream: job_controller.go manageJob).
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { rankForDeletion } from "../replicaset/deletion-order.ts";
import { isTerminatingPod } from "../replicaset/pod-state.ts";
import { remainingMs, remainingOfIndexMs } from "./backoff.ts";
import { freeIndexes, mergeIntervals, withIndexes } from "./intervals.ts";
import {
  completionIndexOf,
  isIndexed,
  isSuspended,
  limitsIndexes,
  replacesOnlyFailed,
} from "./job-pods.ts";
import type { SyncState } from "./sync-state.ts";

export type JobPlan =
  | { type: "none" }
  | { type: "delete"; pods: Pod[] }
  /** `indexes` of an Indexed Job. */
  | { type: "create"; count: number; indexes?: number[] }
  /** Pods are lacking, but it is too early after a failure. */
  | { type: "wait"; delayMs: number };

/** Pods created or deleted in one sync. */
export const BURST = 500;

export function planPods(state: SyncState, nowMs: number): JobPlan {
  const { job, activeCount } = state;
  if (isSuspended(job)) return { type: "delete", pods: surplus(state, activeCount, nowMs) };
  const wanted = wantedActive(state);
  const tooMany = surplus(state, Math.max(0, activeCount - wanted), nowMs).slice(0, BURST);
  if (tooMany.length > 0) return { type: "delete", pods: tooMany };
  const leaving = replacesOnlyFailed(job) ? state.terminatingCount : 0;
  const lacking = wanted - leaving - activeCount;
  if (lacking <= 0) return { type: "none" };
  const delayMs = limitsIndexes(job) ? 0 : remainingMs(state.backoff, nowMs);
  if (delayMs > 0) return { type: "wait", delayMs };
  const count = Math.min(lacking, BURST);
  return isIndexed(job) ? planIndexes(state, count, nowMs) : { type: "create", count };
}

function wantedActive({ job, succeeded, activeCount }: SyncState): number {
  const { parallelism = 1, completions } = job.spec;
  if (completions === undefined) return succeeded > 0 ? activeCount : parallelism;
  return Math.max(0, Math.min(completions - succeeded, parallelism));
}

function planIndexes(state: SyncState, count: number, nowMs: number): JobPlan {
  const { job, pods, active, succeededIndexes, failedIndexes = [], delayed } = state;
  const leaving = replacesOnlyFailed(job) ? pods.filter(isTerminatingPod) : [];
  const busy = [...active, ...leaving].map(completionIndexOf).filter((i) => i !== undefined);
  const taken = mergeIntervals(withIndexes(succeededIndexes, busy), failedIndexes);
  const indexes = freeIndexes(taken, count, job.spec.completions ?? 0);
  if (!limitsIndexes(job)) return { type: "create", count: indexes.length, indexes };
  const waits = indexes.map((index) => remainingOfIndexMs(delayed.get(index), nowMs));
  const now = indexes.filter((_index, i) => waits[i] === 0);
  if (now.length === 0 && indexes.length > 0) return { type: "wait", delayMs: Math.min(...waits) };
  return { type: "create", count: now.length, indexes: now };
}

/** At least `count` Pods: of an Indexed Job all that have no index of their own. */
function surplus({ job, active }: SyncState, count: number, nowMs: number): Pod[] {
  const ranked = rankForDeletion(active, () => 0, nowMs);
  if (!isIndexed(job)) return ranked.slice(0, count);
  const kept = new Map<number, Pod>();
  // The last of an index is the one of most use.
  for (const pod of ranked) {
    const index = completionIndexOf(pod);
    if (index !== undefined && index < (job.spec.completions ?? 0)) kept.set(index, pod);
  }
  const single = new Set(kept.values());
  const removed = ranked.filter((pod) => !single.has(pod));
  const rest = ranked.filter((pod) => single.has(pod));
  return [...removed, ...rest.slice(0, Math.max(0, count - removed.length))];
}
