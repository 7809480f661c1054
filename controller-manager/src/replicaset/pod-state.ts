// What a controller wants to know about a Pod.
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { findCondition } from "@coracle/shared/machinery/conditions";
import { parseTime } from "@coracle/shared/runtime/clock";

export const hasEnded = ({ status }: Pod): boolean =>
  status?.phase === "Succeeded" || status?.phase === "Failed";

/** It counts as a replica: neither ended nor about to be. */
export const isActivePod = (pod: Pod): boolean =>
  !hasEnded(pod) && pod.metadata.deletionTimestamp === undefined;

export const isTerminatingPod = (pod: Pod): boolean =>
  !hasEnded(pod) && pod.metadata.deletionTimestamp !== undefined;

/**
 * Since when the Pod has been ready (ms since the epoch, 0 when it does not say); undefined when it
 * is not.
 */
export function readySinceMs({ status }: Pod): number | undefined {
  const ready = findCondition(status?.conditions, "Ready");
  return ready?.status === "True" ? (parseTime(ready.lastTransitionTime) ?? 0) : undefined;
}

/** When a ready Pod counts as available; undefined when it is not ready. */
export function availableAtMs(pod: Pod, minReadySeconds: number): number | undefined {
  const readySince = readySinceMs(pod);
  if (readySince === undefined) return undefined;
  return minReadySeconds === 0 ? 0 : readySince + minReadySeconds * 1000;
}
