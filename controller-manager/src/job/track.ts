// Counts ended Pods exactly once. Their uids go into the status first, then their finalizers are taken off, then they are
// counted: whatever happens in between, the next sync can tell what has been done (upstream: job_controller.go
// trackJobStatusAndRemoveFinalizers).
import type { Job, JobCondition } from "@coracle/shared/api/types/batch-v1";
import type { Pod } from "@coracle/shared/api/types/core-v1";
import type { ControllerContext } from "@coracle/shared/controller/controller";
import type { EventSubject } from "@coracle/shared/controller/event-recorder";
import { findCondition } from "@coracle/shared/machinery/conditions";
import { isNotFound } from "@coracle/shared/machinery/status-error";
import { changedConditions, jobCondition } from "./conditions.ts";
import { actionFor } from "./failure-policy.ts";
import { formatIntervals, hasIndex, totalOf, withIndexes } from "./intervals.ts";
import { completionIndexOf, isFailedPod, isIndexed, isTracked, validIndexOf } from "./job-pods.ts";
import { releasePod } from "./manage-pods.ts";
import type { SyncState } from "./sync-state.ts";

/** So that the list of uids stays below 20 KB. */
const UNCOUNTED_MAX = 500;

export interface Tracking {
  context: ControllerContext;
  /** Writes the status; the Job as it is then. */
  write(job: Job): Promise<Job>;
  /** The status has been written for the first time: what it says of failures may be kept. */
  recorded(): void;
  /** The finalizer of the Pod is being taken off; `false`: it was not. */
  releasing(pod: Pod, begins: boolean): void;
}

/** True when the Job has come to its end. */
export async function track(
  state: SyncState,
  statusChanged: boolean,
  tracking: Tracking,
): Promise<boolean> {
  const { context } = tracking;
  if (isIndexed(state.job)) {
    state.pods.sort((a, b) => (completionIndexOf(a) ?? -1) - (completionIndexOf(b) ?? -1));
  }
  const tracked = state.pods.filter(
    (pod) => isTracked(pod) && !state.released.has(pod.metadata.uid),
  );
  const withFinalizer = new Set(tracked.map(({ metadata }) => metadata.uid));
  let changed = countReleased(state, withFinalizer) || statusChanged;
  const taken = takeEnded(state, tracked);
  changed = taken.changed || changed;
  changed = markTarget(state, context.clock.now()) || changed;
  if (changed) {
    await write(state, tracking);
    tracking.recorded();
  }
  const failure = await releaseAll(taken.pods, withFinalizer, tracking);
  changed = countReleased(state, withFinalizer);
  if (failure !== undefined) {
    if (changed) await write(state, tracking);
    throw failure;
  }
  const finished = taken.complete ? finish(state, context.clock.now()) : undefined;
  if (changed || finished !== undefined) await write(state, tracking);
  if (finished === undefined) return false;
  tell(state.job, finished, context);
  return true;
}

async function write(state: SyncState, { write }: Tracking): Promise<void> {
  const { uncountedTerminatedPods: uncounted } = state.status;
  state.job = await write({ ...state.job, status: structuredClone(state.status) });
  const { succeeded = [], failed = [] } = uncounted;
  state.status = {
    ...structuredClone(state.job.status),
    uncountedTerminatedPods: { succeeded, failed },
  };
}

/** Counts the Pods of the list that have no finalizer any more. */
function countReleased({ status }: SyncState, withFinalizer: ReadonlySet<string>): boolean {
  const uncounted = status.uncountedTerminatedPods;
  const succeeded = uncounted.succeeded.filter((uid) => withFinalizer.has(uid));
  const failed = uncounted.failed.filter((uid) => withFinalizer.has(uid));
  const succeededNow = uncounted.succeeded.length - succeeded.length;
  const failedNow = uncounted.failed.length - failed.length;
  if (succeededNow > 0) status.succeeded = (status.succeeded ?? 0) + succeededNow;
  if (failedNow > 0) status.failed = (status.failed ?? 0) + failedNow;
  status.uncountedTerminatedPods = { succeeded, failed };
  return succeededNow + failedNow > 0;
}

interface Taken {
  /** They may lose their finalizers. */
  pods: Pod[];
  changed: boolean;
  /** There are no more. */
  complete: boolean;
}

function takeEnded(state: SyncState, tracked: readonly Pod[]): Taken {
  const { status } = state;
  const uncounted = status.uncountedTerminatedPods;
  const newIndexes: number[] = [];
  const taken: Taken = { pods: [], changed: false, complete: true };
  for (const pod of tracked) {
    if (!mayBeReleased(pod, state)) continue;
    taken.pods.push(pod);
    taken.changed = takePod(pod, state, newIndexes) || taken.changed;
    const { succeeded, failed } = uncounted;
    if (newIndexes.length + succeeded.length + failed.length >= UNCOUNTED_MAX) {
      taken.complete = false;
      break;
    }
  }
  if (isIndexed(state.job)) taken.changed = writeIndexes(state, newIndexes) || taken.changed;
  return taken;
}

function mayBeReleased(pod: Pod, { job, finished, delayed }: SyncState): boolean {
  const ends = job.metadata.deletionTimestamp !== undefined || finished !== undefined;
  if (ends || pod.status?.phase === "Succeeded") return true;
  if (!isFailedPod(pod, job)) return false;
  const index = completionIndexOf(pod);
  return index === undefined || delayed.get(index)?.metadata.uid !== pod.metadata.uid;
}

/** Puts the Pod among those to be counted; false: it is there, or does not count. */
function takePod(pod: Pod, state: SyncState, newIndexes: number[]): boolean {
  const { job, status, finished } = state;
  const { succeeded, failed } = status.uncountedTerminatedPods;
  const { uid } = pod.metadata;
  const index = isIndexed(job) ? validIndexOf(pod, job) : undefined;
  if (pod.status?.phase === "Succeeded" && !failed.includes(uid)) {
    if (!isIndexed(job)) {
      if (succeeded.includes(uid)) return false;
      succeeded.push(uid);
      return true;
    }
    if (index === undefined || hasIndex(state.succeededBefore, index)) return false;
    newIndexes.push(index);
    return true;
  }
  const jobFails = finished !== undefined && finished.type !== "SuccessCriteriaMet";
  if (!isFailedPod(pod, job) && !jobFails) return false;
  if (failed.includes(uid) || (isIndexed(job) && index === undefined)) return false;
  if (actionFor(job.spec.podFailurePolicy, pod)?.action === "Ignore") return false;
  failed.push(uid);
  return true;
}

function writeIndexes(state: SyncState, newIndexes: readonly number[]): boolean {
  const { status } = state;
  const { completedIndexes = "", failedIndexes } = status;
  state.succeededIndexes = withIndexes(state.succeededIndexes, newIndexes);
  const completed = formatIntervals(state.succeededIndexes);
  status.succeeded = totalOf(state.succeededIndexes);
  status.completedIndexes = completed;
  const failed = state.failedIndexes && formatIntervals(state.failedIndexes);
  status.failedIndexes = failed;
  return completed !== completedIndexes || failed !== failedIndexes;
}

/** Says how the Job is going to end, before its Pods are let go. */
function markTarget(state: SyncState, nowMs: number): boolean {
  const { finished, status } = state;
  if (finished?.type === "FailureTarget") {
    status.conditions = [...(status.conditions ?? []), finished];
    const { reason = "", message = "" } = finished;
    state.finished = jobCondition("Failed", "True", reason, message, nowMs);
    return true;
  }
  if (finished?.type !== "SuccessCriteriaMet") return false;
  const isNew = findCondition(status.conditions, "SuccessCriteriaMet") === undefined;
  if (isNew) status.conditions = [...(status.conditions ?? []), finished];
  const { reason = "", message = "" } = finished;
  state.finished = jobCondition("Complete", "True", reason, message, nowMs);
  return isNew;
}

async function releaseAll(
  pods: readonly Pod[],
  withFinalizer: Set<string>,
  { context, releasing }: Tracking,
): Promise<Error | undefined> {
  let failure: Error | undefined;
  await Promise.all(
    pods.map(async (pod) => {
      releasing(pod, true);
      try {
        await releasePod(pod, context);
      } catch (error) {
        releasing(pod, false);
        if (!isNotFound(error)) {
          failure ??= error as Error;
          return;
        }
      }
      withFinalizer.delete(pod.metadata.uid);
    }),
  );
  return failure;
}

/** Only when every Pod has been counted and has gone. */
function finish(state: SyncState, nowMs: number): JobCondition | undefined {
  const { finished, status } = state;
  const { succeeded, failed } = status.uncountedTerminatedPods;
  if (finished === undefined || succeeded.length + failed.length > 0) return undefined;
  if (state.terminatingCount > 0) return undefined;
  const { type, reason = "", message = "" } = finished;
  const end = jobCondition(type as "Complete" | "Failed", "True", reason, message, nowMs);
  status.conditions = changedConditions(status.conditions, end) ?? status.conditions;
  if (type === "Complete") status.completionTime = end.lastTransitionTime;
  return end;
}

function tell(job: Job, { type, reason, message }: JobCondition, context: ControllerContext): void {
  const { recorder, logger } = context;
  const { namespace, name } = job.metadata;
  const subject = job as EventSubject;
  logger.info({ object: `job ${namespace}/${name}`, condition: type, reason }, "job finished");
  if (type === "Failed") {
    recorder.event(subject, "Warning", reason ?? "", message ?? "");
    return;
  }
  const { completions } = job.spec;
  if (completions !== undefined && (job.status.succeeded ?? 0) > completions) {
    const tooMany = "Too many succeeded pods running after completion count reached";
    recorder.event(subject, "Warning", "TooManySucceededPods", tooMany);
  }
  recorder.event(subject, "Normal", "Completed", "Job completed");
}
