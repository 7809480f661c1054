// One look at a Job and its Pods: what is new since the status was written, and whether the Job is at its end (upstream:
// job_controller.go syncJob).
import type { Job, JobCondition, JobStatus } from "@coracle/shared/api/types/batch-v1";
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { findCondition, isConditionTrue } from "@coracle/shared/machinery/conditions";
import { formatTime, parseTime } from "@coracle/shared/runtime/clock";
import { isActivePod, isTerminatingPod, readySinceMs } from "../replicaset/pod-state.ts";
import { allIndexFailures, type BackoffRecord, finishedAtMs, nextRecord } from "./backoff.ts";
import { jobCondition } from "./conditions.ts";
import { actionFor } from "./failure-policy.ts";
import { hasIndex, type Intervals, parseIntervals, totalOf, withIndexes } from "./intervals.ts";
import {
  completionIndexOf,
  countsAsFailed,
  isFailedPod,
  isIndexed,
  isIndexFailed,
  isSuspended,
  isTracked,
  limitsIndexes,
  validIndexOf,
} from "./job-pods.ts";
import { matchSuccessPolicy } from "./success-policy.ts";

export interface SyncState {
  job: Job;
  /** What the Job will say: changed as the sync goes on. */
  status: JobStatus & { uncountedTerminatedPods: { succeeded: string[]; failed: string[] } };
  pods: Pod[];
  active: Pod[];
  /** Counts that include what this sync has done. */
  activeCount: number;
  readyCount: number;
  terminatingCount: number;
  succeeded: number;
  failed: number;
  /** Uids of Pods whose finalizer has gone, though the cache still shows it. */
  released: ReadonlySet<string>;
  succeededBefore: Intervals;
  succeededIndexes: Intervals;
  /** Of a Job with a limit for each index. */
  failedIndexes: Intervals | undefined;
  /** The failed Pods that stay until they have been replaced, by index. */
  delayed: ReadonlyMap<number, Pod>;
  backoff: BackoffRecord;
  /** Milliseconds that the Job may still run, of the same moment as `finished`; undefined when there is no deadline. */
  deadlineInMs: number | undefined;
  /** Why the Job is at its end. */
  finished: JobCondition | undefined;
}

export interface Observed {
  job: Job;
  pods: Pod[];
  released: ReadonlySet<string>;
  backoff: BackoffRecord;
}

export function observe(observed: Observed, nowMs: number): SyncState {
  const { job, pods, released } = observed;
  const status = statusOf(job);
  if (status.startTime === undefined && !isSuspended(job)) status.startTime = formatTime(nowMs);
  const active = pods.filter(isActivePod);
  const { succeeded, failed } = status.uncountedTerminatedPods;
  const uncounted = (pod: Pod, counted: readonly string[]) =>
    isTracked(pod) && !counted.includes(pod.metadata.uid) && !released.has(pod.metadata.uid);
  const valid = (pod: Pod) => !isIndexed(job) || validIndexOf(pod, job) !== undefined;
  const candidates = pods.filter(valid);
  const newSucceeded = candidates.filter(
    (pod) => uncounted(pod, succeeded) && pod.status?.phase === "Succeeded",
  );
  const newFailed = candidates.filter((pod) => uncounted(pod, failed) && isFailedPod(pod, job));
  const counted = newFailed.filter((pod) => countsAsFailed(pod, job));
  const state: SyncState = {
    job,
    status,
    pods: [...pods],
    active,
    activeCount: active.length,
    readyCount: active.filter((pod) => readySinceMs(pod) !== undefined).length,
    terminatingCount: pods.filter(isTerminatingPod).length,
    succeeded: (status.succeeded ?? 0) + newSucceeded.length + succeeded.length,
    failed: (status.failed ?? 0) + counted.length + failed.length,
    released,
    succeededBefore: [],
    succeededIndexes: [],
    failedIndexes: undefined,
    delayed: new Map(),
    backoff: nextRecord(observed.backoff, newSucceeded, newFailed),
    deadlineInMs: deadlineInMs(job, status, nowMs),
    finished: undefined,
  };
  if (isIndexed(job)) observeIndexes(state);
  state.finished = endOf(state, nowMs);
  return state;
}

function statusOf({ status }: Job): SyncState["status"] {
  const copy = structuredClone(status ?? {});
  const { succeeded = [], failed = [] } = copy.uncountedTerminatedPods ?? {};
  return { ...copy, uncountedTerminatedPods: { succeeded, failed } };
}

function observeIndexes(state: SyncState): void {
  const { job, status, pods } = state;
  const completions = job.spec.completions ?? 0;
  const tracked = pods.filter((pod) => isTracked(pod) && validIndexOf(pod, job) !== undefined);
  const indexes = (list: Pod[]) => list.map((pod) => completionIndexOf(pod) as number);
  state.succeededBefore = parseIntervals(status.completedIndexes, completions);
  const succeeded = tracked.filter((pod) => pod.status?.phase === "Succeeded");
  state.succeededIndexes = withIndexes(state.succeededBefore, indexes(succeeded));
  state.succeeded = totalOf(state.succeededIndexes);
  if (!limitsIndexes(job)) return;
  const failed = tracked.filter((pod) => isIndexFailed(pod, job));
  const before = parseIntervals(status.failedIndexes, completions);
  state.failedIndexes = withIndexes(before, indexes(failed));
  state.delayed = delayedPods(state, tracked);
}

/** The last failed Pod of each index that runs no more and has to go on. */
function delayedPods(state: SyncState, tracked: readonly Pod[]): Map<number, Pod> {
  const { job, released, succeededIndexes, failedIndexes = [] } = state;
  const activeIndexes = new Set(state.active.map(completionIndexOf));
  const delayed = new Map<number, Pod>();
  for (const pod of tracked) {
    const index = completionIndexOf(pod) as number;
    if (!isFailedPod(pod, job) || released.has(pod.metadata.uid)) continue;
    if (hasIndex(succeededIndexes, index) || hasIndex(failedIndexes, index)) continue;
    if (activeIndexes.has(index)) continue;
    const last = delayed.get(index);
    const isLater =
      last === undefined ||
      (allIndexFailures(last) <= allIndexFailures(pod) && finishedAtMs(last) <= finishedAtMs(pod));
    if (isLater) delayed.set(index, pod);
  }
  return delayed;
}

/** What has been decided before stays; then failures are looked for, then successes. */
function endOf(state: SyncState, nowMs: number): JobCondition | undefined {
  const { job, pods, status } = state;
  const { conditions } = status;
  if (isConditionTrue(conditions, "SuccessCriteriaMet")) {
    return findCondition(conditions, "SuccessCriteriaMet");
  }
  const target = findCondition(conditions, "FailureTarget");
  if (target?.status === "True") {
    return jobCondition("Failed", "True", target.reason ?? "", target.message ?? "", nowMs);
  }
  const fails = (reason: string, message: string) =>
    jobCondition("FailureTarget", "True", reason, message, nowMs);
  for (const pod of pods) {
    const match = isFailedPod(pod, job) ? actionFor(job.spec.podFailurePolicy, pod) : undefined;
    if (match?.action === "FailJob") return fails("PodFailurePolicy", match.message);
  }
  if (state.failed > (job.spec.backoffLimit ?? 6) || restartsExceedLimit(job, pods)) {
    return fails("BackoffLimitExceeded", "Job has reached the specified backoff limit");
  }
  if (state.deadlineInMs === 0) {
    return fails("DeadlineExceeded", "Job was active longer than specified deadline");
  }
  return isIndexed(job) ? endOfIndexes(state, nowMs) : undefined;
}

function endOfIndexes(state: SyncState, nowMs: number): JobCondition | undefined {
  const { job, failedIndexes, succeededIndexes } = state;
  const { maxFailedIndexes, completions = 0 } = job.spec;
  const fails = (reason: string, message: string) =>
    jobCondition("FailureTarget", "True", reason, message, nowMs);
  const failed = totalOf(failedIndexes ?? []);
  if (failedIndexes !== undefined && maxFailedIndexes !== undefined && failed > maxFailedIndexes) {
    return fails(
      "MaxFailedIndexesExceeded",
      "Job has exceeded the specified maximal number of failed indexes",
    );
  }
  if (failed > 0 && failed + totalOf(succeededIndexes) >= completions) {
    return fails("FailedIndexes", "Job has failed indexes");
  }
  const message = matchSuccessPolicy(job, succeededIndexes);
  if (message === undefined) return undefined;
  return jobCondition("SuccessCriteriaMet", "True", "SuccessPolicy", message, nowMs);
}

function deadlineInMs(job: Job, status: JobStatus, nowMs: number): number | undefined {
  const { activeDeadlineSeconds } = job.spec;
  const startedAt = parseTime(status.startTime);
  if (activeDeadlineSeconds === undefined || startedAt === undefined || isSuspended(job)) {
    return undefined;
  }
  return Math.max(0, activeDeadlineSeconds * 1000 - (nowMs - startedAt));
}

/** Containers that are restarted in place count too. */
function restartsExceedLimit({ spec }: Job, pods: readonly Pod[]): boolean {
  if (spec.template.spec?.restartPolicy !== "OnFailure") return false;
  let restarts = 0;
  for (const { status } of pods) {
    if (status?.phase !== "Running" && status?.phase !== "Pending") continue;
    const { initContainerStatuses = [], containerStatuses = [] } = status;
    for (const { restartCount } of [...initContainerStatuses, ...containerStatuses]) {
      restarts += restartCount;
    }
  }
  const limit = spec.backoffLimit ?? 6;
  return limit === 0 ? restarts > 0 : restarts >= limit;
}
