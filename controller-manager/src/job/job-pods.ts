// What a Job reads off its Pods.
import type { Job } from "@coracle/shared/api/types/batch-v1";
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { actionFor } from "./failure-policy.ts";

/** A Pod that has it is not counted in the Job's status yet. */
export const TRACKING_FINALIZER = "batch.kubernetes.io/job-tracking";
export const COMPLETION_INDEX = "batch.kubernetes.io/job-completion-index";
export const INDEX_FAILURES = "batch.kubernetes.io/job-index-failure-count";
export const INDEX_IGNORED_FAILURES = "batch.kubernetes.io/job-index-ignored-failure-count";

export const isIndexed = ({ spec }: Job): boolean => spec.completionMode === "Indexed";

export const limitsIndexes = ({ spec }: Job): boolean => spec.backoffLimitPerIndex !== undefined;

export const isSuspended = ({ spec }: Job): boolean => spec.suspend === true;

/** A Pod that is going is replaced only when it has gone. */
export const replacesOnlyFailed = ({ spec }: Job): boolean =>
  spec.podReplacementPolicy === "Failed" || spec.podFailurePolicy !== undefined;

export const isTracked = ({ metadata }: Pod): boolean =>
  metadata.finalizers?.includes(TRACKING_FINALIZER) ?? false;

/** Undefined: it has none. */
export function completionIndexOf({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[COMPLETION_INDEX];
  return text !== undefined && /^\+?[0-9]+$/.test(text) ? Number(text) : undefined;
}

/** Its index, when the Job has that index. */
export function validIndexOf(pod: Pod, { spec }: Job): number | undefined {
  const index = completionIndexOf(pod);
  return index !== undefined && index < (spec.completions ?? 0) ? index : undefined;
}

export function isFailedPod({ status, metadata }: Pod, job: Job): boolean {
  if (status?.phase === "Failed") return true;
  if (replacesOnlyFailed(job)) return false;
  // One that goes away will perhaps never get so far as to say that it failed.
  return metadata.deletionTimestamp !== undefined && status?.phase !== "Succeeded";
}

/** Whether a failed Pod counts towards the limits. */
export const countsAsFailed = (pod: Pod, { spec }: Job): boolean =>
  actionFor(spec.podFailurePolicy, pod)?.action !== "Ignore";

function countOf({ metadata }: Pod, annotation: string): number {
  const text = metadata.annotations?.[annotation];
  if (text === undefined || !/^[0-9]+$/.test(text)) return 0;
  const count = Number(text);
  return count > 2 ** 31 - 1 ? 0 : count;
}

/** Failures within the Pod's index before it. */
export const indexFailures = (pod: Pod): number => countOf(pod, INDEX_FAILURES);

export const ignoredIndexFailures = (pod: Pod): number => countOf(pod, INDEX_IGNORED_FAILURES);

/** Annotations of the Pod that comes after `replaced` in its index. */
export function failureAnnotations(job: Job, replaced: Pod | undefined): Record<string, string> {
  let failures = 0;
  let ignored = 0;
  if (replaced !== undefined) {
    const counts = countsAsFailed(replaced, job);
    failures = indexFailures(replaced) + (counts ? 1 : 0);
    ignored = ignoredIndexFailures(replaced) + (counts ? 0 : 1);
  }
  return {
    [INDEX_FAILURES]: String(failures),
    ...(ignored > 0 ? { [INDEX_IGNORED_FAILURES]: String(ignored) } : {}),
  };
}

/** The Pod's failure is the last one that its index may have. */
export function isIndexFailed(pod: Pod, job: Job): boolean {
  if (!isFailedPod(pod, job)) return false;
  if (actionFor(job.spec.podFailurePolicy, pod)?.action === "FailIndex") return true;
  const limit = job.spec.backoffLimitPerIndex ?? 0;
  return countsAsFailed(pod, job) && indexFailures(pod) >= limit;
}
