// A Deployment's status: counts, and the conditions Available, Progressing and ReplicaFailure in
// upstream's words.
import type {
  Deployment,
  DeploymentCondition,
  DeploymentStatus,
  ReplicaSet,
} from "@coracle/shared/api/types/apps-v1";
import { findCondition, withoutCondition } from "@coracle/shared/machinery/conditions";
import { formatTime, parseTime } from "@coracle/shared/runtime/clock";
import { actual, available, ready, replicasOf, sum } from "./replica-sets.ts";
import { desiredReplicas, maxUnavailable } from "./rollout-bounds.ts";

const FOREVER = 2 ** 31 - 1;

export const hasDeadline = ({ spec }: Deployment): boolean =>
  spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== FOREVER;

/** All replicas are of the current template and available, and no other Pod is left. */
export function isComplete({ metadata, spec }: Deployment, status: DeploymentStatus | undefined) {
  const desired = spec.replicas ?? 1;
  return (
    (status?.updatedReplicas ?? 0) === desired &&
    (status?.replicas ?? 0) === desired &&
    (status?.availableReplicas ?? 0) === desired &&
    (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  );
}

export function condition(
  type: string,
  status: "True" | "False" | "Unknown",
  reason: string,
  message: string,
  nowMs: number,
): DeploymentCondition {
  const now = formatTime(nowMs);
  return { type, status, lastUpdateTime: now, lastTransitionTime: now, reason, message };
}

/** As upstream sets it: not at all while status and reason stay, else at the end of the list. */
export function setCondition(
  conditions: DeploymentCondition[] | undefined,
  wanted: DeploymentCondition,
): DeploymentCondition[] {
  const old = findCondition(conditions, wanted.type);
  if (old?.status === wanted.status && old.reason === wanted.reason) return conditions ?? [];
  const lastTransitionTime =
    old?.status === wanted.status ? old.lastTransitionTime : wanted.lastTransitionTime;
  return [...withoutCondition(conditions, wanted.type), { ...wanted, lastTransitionTime }];
}

/** Pausing stops the clock of the progress deadline; resuming starts it anew. */
export function pausedConditions(
  deployment: Deployment,
  nowMs: number,
): DeploymentCondition[] | undefined {
  const { conditions } = deployment.status ?? {};
  if (!hasDeadline(deployment)) return conditions;
  const reason = findCondition(conditions, "Progressing")?.reason;
  if (reason === "ProgressDeadlineExceeded") return conditions;
  const paused = deployment.spec.paused === true;
  if (paused === (reason === "DeploymentPaused")) return conditions;
  const wanted = paused
    ? condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", nowMs)
    : condition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", nowMs);
  return setCondition(conditions, wanted);
}

/** Counts and Available. `deployment.status` brings the conditions so far. */
export function computeStatus(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  all: readonly ReplicaSet[],
  nowMs: number,
): DeploymentStatus {
  const availableReplicas = sum(all, available);
  const enough = availableReplicas >= desiredReplicas(deployment) - maxUnavailable(deployment);
  const availability = enough
    ? condition(
        "Available",
        "True",
        "MinimumReplicasAvailable",
        "Deployment has minimum availability.",
        nowMs,
      )
    : condition(
        "Available",
        "False",
        "MinimumReplicasUnavailable",
        "Deployment does not have minimum availability.",
        nowMs,
      );
  return {
    observedGeneration: deployment.metadata.generation,
    replicas: sum(all, actual),
    updatedReplicas: current === undefined ? 0 : actual(current),
    readyReplicas: sum(all, ready),
    availableReplicas,
    unavailableReplicas: Math.max(0, sum(all, replicasOf) - availableReplicas),
    terminatingReplicas: terminating(all),
    collisionCount: deployment.status?.collisionCount,
    conditions: setCondition(deployment.status?.conditions, availability),
  };
}

/** Unknown when one of them has been reconciled by a controller that does not count them. */
function terminating(all: readonly ReplicaSet[]): number | undefined {
  let total = 0;
  for (const { status } of all) {
    if (status?.terminatingReplicas !== undefined) total += status.terminatingReplicas;
    else if (status?.observedGeneration) return undefined;
  }
  return total;
}

/**
 * {@link computeStatus} with Progressing and ReplicaFailure: for a rollout, not for pauses and
 * changes of size.
 */
export function computeRolloutStatus(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  all: readonly ReplicaSet[],
  nowMs: number,
): DeploymentStatus {
  const status = computeStatus(deployment, current, all, nowMs);
  if (!hasDeadline(deployment)) {
    status.conditions = withoutCondition(status.conditions, "Progressing");
  } else {
    const before = findCondition(deployment.status?.conditions, "Progressing");
    const done =
      status.replicas === status.updatedReplicas && before?.reason === "NewReplicaSetAvailable";
    if (!done) status.conditions = progressConditions(deployment, current, status, nowMs);
  }
  const failure = replicaFailure(current, all);
  status.conditions =
    failure === undefined
      ? withoutCondition(status.conditions, "ReplicaFailure")
      : setCondition(status.conditions, failure);
  return status;
}

function progressConditions(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  status: DeploymentStatus,
  nowMs: number,
): DeploymentCondition[] | undefined {
  const { conditions } = status;
  const subject =
    current === undefined
      ? `Deployment ${JSON.stringify(deployment.metadata.name)}`
      : `ReplicaSet ${JSON.stringify(current.metadata.name)}`;
  if (isComplete(deployment, status)) {
    const message = `${subject} has successfully progressed.`;
    return setCondition(
      conditions,
      condition("Progressing", "True", "NewReplicaSetAvailable", message, nowMs),
    );
  }
  if (hasProgressed(deployment.status ?? {}, status)) {
    // Unlike others, this condition is renewed with the same reason: its update time is when
    // progress was last seen.
    const message = `${subject} is progressing.`;
    const renewed = condition("Progressing", "True", "ReplicaSetUpdated", message, nowMs);
    const before = findCondition(deployment.status?.conditions, "Progressing");
    if (before?.status === "True") renewed.lastTransitionTime = before.lastTransitionTime;
    return [...withoutCondition(conditions, "Progressing"), renewed];
  }
  if (isTimedOut(deployment, conditions, nowMs)) {
    const message = `${subject} has timed out progressing.`;
    return setCondition(
      conditions,
      condition("Progressing", "False", "ProgressDeadlineExceeded", message, nowMs),
    );
  }
  return conditions;
}

function hasProgressed(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

function isTimedOut(
  deployment: Deployment,
  conditions: DeploymentCondition[] | undefined,
  nowMs: number,
): boolean {
  const progressing = findCondition(conditions, "Progressing");
  if (progressing === undefined || progressing.reason === "NewReplicaSetAvailable") return false;
  if (progressing.reason === "ProgressDeadlineExceeded") return true;
  const deadlineMs = (deployment.spec.progressDeadlineSeconds as number) * 1000;
  return (parseTime(progressing.lastUpdateTime) ?? 0) + deadlineMs < nowMs;
}

/** The failure of the current ReplicaSet, else of any other. */
function replicaFailure(
  current: ReplicaSet | undefined,
  all: readonly ReplicaSet[],
): DeploymentCondition | undefined {
  for (const replicaSet of current === undefined ? all : [current, ...all]) {
    const failure = findCondition(replicaSet.status?.conditions, "ReplicaFailure");
    if (failure !== undefined) {
      const { type, status, lastTransitionTime, reason, message } = failure;
      const lastUpdateTime = lastTransitionTime;
      return { type, status, lastUpdateTime, lastTransitionTime, reason, message };
    }
  }
  return undefined;
}

/**
 * When to look again whether the rollout is stuck; undefined when nothing is expected to happen.
 */
export function progressCheckAfterMs(deployment: Deployment, nowMs: number): number | undefined {
  const progressing = findCondition(deployment.status?.conditions, "Progressing");
  if (!hasDeadline(deployment) || progressing === undefined) return undefined;
  if (isComplete(deployment, deployment.status)) return undefined;
  // Both last until something else changes.
  if (progressing.reason === "ProgressDeadlineExceeded") return undefined;
  if (progressing.reason === "NewReplicaSetAvailable") return undefined;
  const deadlineMs = (deployment.spec.progressDeadlineSeconds as number) * 1000;
  const leftMs = (parseTime(progressing.lastUpdateTime) ?? 0) + deadlineMs - nowMs;
  return Math.max(0, leftMs) + 1000;
}
