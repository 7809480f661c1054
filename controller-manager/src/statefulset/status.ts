// A StatefulSet's status.
import type { StatefulSet, StatefulSetStatus } from "@coracle/shared/api/types/apps-v1";
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { availableAtMs } from "../replicaset/pod-state.ts";
import {
  isAvailable,
  isReady,
  isTerminating,
  type Revisions,
  replicasOf,
  revisionNameOf,
} from "./members.ts";

/** `replaced`: Pods of the current revision that are being deleted for the update. */
export function computeStatus(
  set: StatefulSet,
  { current, update }: Revisions,
  pods: readonly Pod[],
  replaced: number,
  nowMs: number,
): StatefulSetStatus {
  const ready = pods.filter(isReady);
  const staying = pods.filter((pod) => !isTerminating(pod));
  const ofRevision = (name: string) => staying.filter((pod) => revisionNameOf(pod) === name).length;
  const status: StatefulSetStatus & { updatedReplicas: number } = {
    observedGeneration: set.metadata.generation,
    replicas: pods.length,
    readyReplicas: ready.length,
    currentReplicas: Math.max(0, ofRevision(current.metadata.name) - replaced),
    updatedReplicas: ofRevision(update.metadata.name),
    currentRevision: current.metadata.name,
    updateRevision: update.metadata.name,
    collisionCount: set.status?.collisionCount ?? 0,
    availableReplicas: ready.filter((pod) => isAvailable(pod, set, nowMs)).length,
    conditions: set.status?.conditions,
  };
  const wanted = replicasOf(set);
  const complete =
    set.spec.updateStrategy?.type === "RollingUpdate" &&
    status.updatedReplicas === wanted &&
    status.readyReplicas === wanted &&
    status.replicas === wanted;
  if (!complete) return status;
  return {
    ...status,
    currentReplicas: status.updatedReplicas,
    currentRevision: status.updateRevision,
  };
}

export function sameStatus({ status: before }: StatefulSet, after: StatefulSetStatus): boolean {
  const counts = [
    "replicas",
    "currentReplicas",
    "readyReplicas",
    "updatedReplicas",
    "availableReplicas",
  ] as const;
  return (
    (after.observedGeneration ?? 0) <= (before?.observedGeneration ?? 0) &&
    before?.collisionCount === after.collisionCount &&
    before?.currentRevision === after.currentRevision &&
    before?.updateRevision === after.updateRevision &&
    counts.every((name) => (before?.[name] ?? 0) === (after[name] ?? 0))
  );
}

/** When the next ready Pod becomes available; undefined when none is waiting. */
export function nextAvailableAfterMs(
  { spec }: StatefulSet,
  pods: readonly Pod[],
  nowMs: number,
): number | undefined {
  const { minReadySeconds = 0 } = spec;
  if (minReadySeconds === 0) return undefined;
  const waits = pods
    .map((pod) => (availableAtMs(pod, minReadySeconds) ?? 0) - nowMs)
    .filter((ms) => ms > 0);
  return waits.length === 0 ? undefined : Math.min(...waits);
}
