// A DaemonSet's status.
import type { DaemonSet, DaemonSetStatus } from "@coracle/shared/api/types/apps-v1";
import { semanticEqual } from "@coracle/shared/machinery/semantic-equal";
import { readySinceMs } from "../replicaset/pod-state.ts";
import { byScheduledAndAge, isUpdated, placementOn } from "./placement.ts";
import { type DaemonView, isAvailable } from "./plan.ts";

/** `observed`: the DaemonSet's generation has been acted on. */
export function computeStatus(view: DaemonView, observed: boolean): DaemonSetStatus {
  const { daemonSet, nodes, byNode, hash, nowMs } = view;
  const before = daemonSet.status;
  const counts = { desired: 0, current: 0, misscheduled: 0, ready: 0, updated: 0, available: 0 };
  for (const node of nodes) {
    const pods = byNode.get(node.metadata.name) ?? [];
    const [pod] = [...pods].sort(byScheduledAndAge);
    if (!placementOn(node, daemonSet).starts) {
      if (pod !== undefined) counts.misscheduled++;
      continue;
    }
    counts.desired++;
    if (pod === undefined) continue;
    counts.current++;
    if (readySinceMs(pod) !== undefined) counts.ready++;
    if (isAvailable(pod, daemonSet, nowMs)) counts.available++;
    if (isUpdated(pod, daemonSet, hash)) counts.updated++;
  }
  return {
    ...before,
    currentNumberScheduled: counts.current,
    numberMisscheduled: counts.misscheduled,
    desiredNumberScheduled: counts.desired,
    numberReady: counts.ready,
    observedGeneration: observed ? daemonSet.metadata.generation : before?.observedGeneration,
    updatedNumberScheduled: counts.updated,
    numberAvailable: counts.available,
    numberUnavailable: counts.desired - counts.available,
  };
}

/** Absent counts are zero. */
export function sameStatus({ status }: DaemonSet, after: DaemonSetStatus): boolean {
  const zero = { updatedNumberScheduled: 0, numberAvailable: 0, numberUnavailable: 0 };
  return semanticEqual({ ...zero, ...status }, after);
}
