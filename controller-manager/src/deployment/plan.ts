// What to do with a Deployment's ReplicaSets now. Pure: the Deployment and what is there go in,
// actions come out. (upstream: pkg/controller/deployment, rolling.go, recreate.go and sync.go)
import type { Draft } from "@coracle/shared/api/resources";
import type { Deployment, ReplicaSet } from "@coracle/shared/api/types/apps-v1";
import { isDeleting } from "@coracle/shared/controller/owner-index";
import { newReplicaSet } from "./new-replica-set.ts";
import { planProportions } from "./proportional-scaling.ts";
import { actual, available, byCreation, isActive, replicasOf, sum } from "./replica-sets.ts";
import {
  type Annotations,
  currentAnnotations,
  DESIRED_REPLICAS,
  maxRevision,
  revisionOf,
  sameAnnotations,
  sizeAnnotation,
} from "./revision.ts";
import { desiredReplicas, isRollingUpdate, maxSurge, maxUnavailable } from "./rollout-bounds.ts";
import { isComplete } from "./status.ts";

export type Action =
  | { type: "create"; replicaSet: Draft<ReplicaSet> }
  /** Of the current ReplicaSet, together with its minReadySeconds. */
  | { type: "annotate"; replicaSet: ReplicaSet; annotations: Annotations }
  /** `force`: also when only the size annotations are out of date. */
  | { type: "scale"; replicaSet: ReplicaSet; from: number; to: number; force?: boolean }
  | { type: "delete"; replicaSet: ReplicaSet };

export interface Observed {
  deployment: Deployment;
  current: ReplicaSet | undefined;
  /** The oldest first. */
  old: readonly ReplicaSet[];
  /** Some Pod of an old ReplicaSet has not ended. */
  oldPodsRunning: boolean;
}

export interface Plan {
  actions: Action[];
  /**
   * It rolls out the template. Otherwise it only follows a change of size (or nothing), which says
   * nothing about progress.
   */
  rollsOut: boolean;
}

export function planDeployment(observed: Observed): Plan {
  const { deployment } = observed;
  const actions = planAnnotations(observed);
  if (isDeleting(deployment)) return { actions, rollsOut: false };
  if (deployment.spec.paused) {
    actions.push(...planScaling(observed), ...planCleanup(observed));
    return { actions, rollsOut: false };
  }
  if (isScalingEvent(observed)) {
    actions.push(...planScaling(observed));
    return { actions, rollsOut: false };
  }
  const rollout = isRollingUpdate(deployment) ? planRolling : planRecreate;
  actions.push(...rollout(observed));
  return { actions, rollsOut: true };
}

function planAnnotations({ deployment, current, old }: Observed): Action[] {
  if (current === undefined) return [];
  const before = current.metadata.annotations;
  const annotations = currentAnnotations(deployment, before, maxRevision(old));
  const sameMinReady =
    (current.spec.minReadySeconds ?? 0) === (deployment.spec.minReadySeconds ?? 0);
  if (sameMinReady && sameAnnotations(before, annotations)) return [];
  return [{ type: "annotate", replicaSet: current, annotations }];
}

/** The Deployment's size was changed after its ReplicaSets were last scaled. */
function isScalingEvent({ deployment, current, old }: Observed): boolean {
  return present(current, old)
    .filter(isActive)
    .some((replicaSet) => {
      const desired = sizeAnnotation(replicaSet, DESIRED_REPLICAS);
      return desired !== undefined && desired !== desiredReplicas(deployment);
    });
}

const present = (current: ReplicaSet | undefined, old: readonly ReplicaSet[]): ReplicaSet[] =>
  current === undefined ? [...old] : [...old, current];

const scale = (replicaSet: ReplicaSet, to: number, force?: boolean): Action[] =>
  to === replicasOf(replicaSet) && !force
    ? []
    : [{ type: "scale", replicaSet, from: replicasOf(replicaSet), to, force }];

/** Follows a change of size without making the rollout, if there is one, more or less risky. */
function planScaling({ deployment, current, old }: Observed): Action[] {
  const desired = desiredReplicas(deployment);
  const active = present(current, old).filter(isActive);
  const single = active.length > 1 ? undefined : (active[0] ?? current ?? old.at(-1));
  if (single !== undefined) return scale(single, desired);
  if (current !== undefined && isSaturated(deployment, current)) {
    return active.filter((replicaSet) => replicaSet !== current).flatMap((rs) => scale(rs, 0));
  }
  if (!isRollingUpdate(deployment)) return [];
  return planProportions(deployment, active).flatMap(({ replicaSet, replicas }) =>
    scale(replicaSet, replicas, true),
  );
}

/** The current ReplicaSet has all Pods of the Deployment, and they are available. */
function isSaturated(deployment: Deployment, current: ReplicaSet): boolean {
  const desired = desiredReplicas(deployment);
  return (
    replicasOf(current) === desired &&
    sizeAnnotation(current, DESIRED_REPLICAS) === desired &&
    available(current) === desired
  );
}

function planRolling(observed: Observed): Action[] {
  const { deployment, old } = observed;
  let { current } = observed;
  const actions: Action[] = [];
  if (current === undefined) {
    const draft = newReplicaSet(deployment, old, surgedSize(deployment, 0, sum(old, replicasOf)));
    actions.push({ type: "create", replicaSet: draft });
    current = draft as ReplicaSet;
  } else {
    const resized = scale(current, currentSize(deployment, current, old));
    if (resized.length > 0) return resized;
  }
  const down = planScaleDown(deployment, current, old);
  if (down.length > 0) return [...actions, ...down];
  return isComplete(deployment, deployment.status)
    ? [...actions, ...planCleanup(observed)]
    : actions;
}

function currentSize(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]) {
  const desired = desiredReplicas(deployment);
  const replicas = replicasOf(current);
  if (replicas >= desired) return desired;
  return surgedSize(deployment, replicas, sum(old, replicasOf) + replicas);
}

/** How large the current ReplicaSet may become when there are `total` Pods in all. */
function surgedSize(deployment: Deployment, replicas: number, total: number): number {
  const desired = desiredReplicas(deployment);
  const room = desired + maxSurge(deployment) - total;
  return room <= 0 ? replicas : replicas + Math.min(room, desired - replicas);
}

/**
 * Old Pods that may go: first those that are of no use anyway, then available ones as far as
 * availability allows.
 */
function planScaleDown(
  deployment: Deployment,
  current: ReplicaSet,
  old: readonly ReplicaSet[],
): Action[] {
  const active = old.filter(isActive).sort(byCreation);
  const oldTotal = sum(active, replicasOf);
  if (oldTotal === 0) return [];
  const minAvailable = desiredReplicas(deployment) - maxUnavailable(deployment);
  const currentUnavailable = replicasOf(current) - available(current);
  const budget = sum(old, replicasOf) + replicasOf(current) - minAvailable - currentUnavailable;
  if (budget <= 0) return [];

  const actions: Action[] = [];
  const sizes = new Map(active.map((replicaSet) => [replicaSet, replicasOf(replicaSet)]));
  const shrink = (replicaSet: ReplicaSet, by: number) => {
    const from = sizes.get(replicaSet) as number;
    sizes.set(replicaSet, from - by);
    if (by > 0) actions.push({ type: "scale", replicaSet, from, to: from - by });
  };

  let unhealthyBudget = budget;
  for (const replicaSet of active) {
    const unhealthy = (sizes.get(replicaSet) as number) - available(replicaSet);
    const by = Math.min(unhealthyBudget, unhealthy);
    if (by <= 0) continue;
    shrink(replicaSet, by);
    unhealthyBudget -= by;
  }
  let availableBudget = sum(active, available) + available(current) - minAvailable;
  for (const replicaSet of active) {
    const by = Math.min(sizes.get(replicaSet) as number, availableBudget);
    if (by <= 0) continue;
    shrink(replicaSet, by);
    availableBudget -= by;
  }
  return actions;
}

function planRecreate(observed: Observed): Action[] {
  const { deployment, current, old, oldPodsRunning } = observed;
  const down = old.flatMap((replicaSet) => scale(replicaSet, 0));
  if (down.length > 0) return down;
  if (sum(old, actual) > 0 || oldPodsRunning) return [];
  const desired = desiredReplicas(deployment);
  const up: Action[] =
    current === undefined
      ? [{ type: "create", replicaSet: newReplicaSet(deployment, old, desired) }]
      : scale(current, desired);
  return isComplete(deployment, deployment.status) ? [...up, ...planCleanup(observed)] : up;
}

/** Deletes the oldest empty ReplicaSets beyond the history limit. */
function planCleanup({ deployment, old }: Observed): Action[] {
  const limit = deployment.spec.revisionHistoryLimit;
  if (limit === undefined || limit === 2 ** 31 - 1) return [];
  const alive = old.filter((replicaSet) => !isDeleting(replicaSet));
  const excess = alive.length - limit;
  if (excess <= 0) return [];
  return alive
    .sort(byRevision)
    .slice(0, excess)
    .filter(
      (replicaSet) =>
        actual(replicaSet) === 0 &&
        replicasOf(replicaSet) === 0 &&
        (replicaSet.metadata.generation ?? 0) <= (replicaSet.status?.observedGeneration ?? 0),
    )
    .map((replicaSet) => ({ type: "delete", replicaSet }));
}

function byRevision(a: ReplicaSet, b: ReplicaSet): number {
  const left = revisionOf(a);
  const right = revisionOf(b);
  if (left === undefined || right === undefined || left === right) return byCreation(a, b);
  return left - right;
}
