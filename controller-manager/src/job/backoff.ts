// How long a Job waits before it makes good a failed Pod: 10 s, doubled at each failure in a row, 10 min at most (upstream:
// backoff_utils.go).
import type { ContainerStatus, Pod } from "@coracle/shared/api/types/core-v1";
import { findCondition } from "@coracle/shared/machinery/conditions";
import { isSidecar } from "@coracle/shared/machinery/pod-resources";
import { parseTime } from "@coracle/shared/runtime/clock";
import { ignoredIndexFailures, indexFailures } from "./job-pods.ts";

const FIRST_MS = 10_000;
const MS_MAX = 10 * 60_000;

/** A Job's failures since its last success. */
export interface BackoffRecord {
  failures: number;
  lastFailureMs: number;
}

export const NO_FAILURES: BackoffRecord = { failures: 0, lastFailureMs: 0 };

export function nextRecord(
  before: BackoffRecord,
  succeeded: readonly Pod[],
  failed: readonly Pod[],
): BackoffRecord {
  const failures = failed.map(finishedAtMs);
  if (succeeded.length === 0) {
    if (failures.length === 0) return before;
    return { failures: before.failures + failures.length, lastFailureMs: Math.max(...failures) };
  }
  const lastSuccess = Math.max(...succeeded.map(finishedAtMs));
  const since = failures.filter((at) => at > lastSuccess);
  return since.length === 0
    ? NO_FAILURES
    : { failures: since.length, lastFailureMs: Math.max(...since) };
}

export function remainingMs({ failures, lastFailureMs }: BackoffRecord, nowMs: number): number {
  if (failures === 0) return 0;
  const delay = Math.min(MS_MAX, FIRST_MS * 2 ** (failures - 1));
  return Math.max(0, delay - (nowMs - lastFailureMs));
}

/** For an index with its own limit; `lastFailed` is its last Pod. */
export const remainingOfIndexMs = (lastFailed: Pod | undefined, nowMs: number): number =>
  lastFailed === undefined
    ? 0
    : remainingMs(
        {
          failures: allIndexFailures(lastFailed) + 1,
          lastFailureMs: finishedAtMs(lastFailed),
        },
        nowMs,
      );

export const allIndexFailures = (pod: Pod): number =>
  indexFailures(pod) + ignoredIndexFailures(pod);

/** When the Pod ended, by the best evidence there is. */
export function finishedAtMs(pod: Pod): number {
  const { status, metadata } = pod;
  const ended = containersEndedMs(pod);
  if (ended !== undefined) return ended;
  const ready = findCondition(status?.conditions, "Ready");
  const notReadySince = ready?.status === "False" ? parseTime(ready.lastTransitionTime) : undefined;
  if (notReadySince !== undefined) return notReadySince;
  const deletion = parseTime(metadata.deletionTimestamp);
  if (deletion !== undefined) return deletion - (metadata.deletionGracePeriodSeconds ?? 0) * 1000;
  return parseTime(metadata.creationTimestamp) ?? 0;
}

function containersEndedMs({ spec, status }: Pod): number | undefined {
  const sidecars = new Set((spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  const last = (statuses: readonly ContainerStatus[]) => {
    const times = statuses.map(({ state }) => parseTime(state?.terminated?.finishedAt));
    return times.includes(undefined) ? undefined : (times as number[]);
  };
  const containers = last(status?.containerStatuses ?? []);
  const restarted = (status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name));
  const others = last(restarted);
  if (containers === undefined || others === undefined) return undefined;
  const all = [...containers, ...others];
  return all.length === 0 ? undefined : Math.max(...all);
}
