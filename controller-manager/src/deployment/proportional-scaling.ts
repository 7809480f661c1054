// Spreads a change of size over several active ReplicaSets in proportion to their sizes, so that a
// rollout in progress becomes neither faster nor riskier.
import type { Deployment, ReplicaSet } from "@coracle/shared/api/types/apps-v1";
import { bySizeThen, replicasOf, sum } from "./replica-sets.ts";
import { MAX_REPLICAS, sizeAnnotation } from "./revision.ts";
import { desiredReplicas, maxSurge } from "./rollout-bounds.ts";

export interface Proportion {
  replicaSet: ReplicaSet;
  replicas: number;
}

/** New sizes of the `active` ReplicaSets, in the order in which they are to be applied. */
export function planProportions(
  deployment: Deployment,
  active: readonly ReplicaSet[],
): Proportion[] {
  const desired = desiredReplicas(deployment);
  const allowed = desired > 0 ? desired + maxSurge(deployment) : 0;
  const change = allowed - sum(active, replicasOf);
  const sorted = [...active];
  // Leftovers go to the largest; of equals, up to the newer and down to the older.
  if (change !== 0) sorted.sort(bySizeThen(change > 0 ? "newer" : "older"));
  let left = change;
  const proportions = sorted.map((replicaSet) => {
    const share = left === 0 ? 0 : bounded(fraction(deployment, replicaSet), left);
    left -= share;
    return { replicaSet, replicas: replicasOf(replicaSet) + share };
  });
  const largest = proportions[0];
  if (largest !== undefined) largest.replicas = Math.max(0, largest.replicas + left);
  return proportions;
}

const bounded = (share: number, left: number): number =>
  left > 0 ? Math.min(share, left) : Math.max(share, left);

/** How the ReplicaSet would change if it kept its share of the whole. */
function fraction(deployment: Deployment, replicaSet: ReplicaSet): number {
  const desired = desiredReplicas(deployment);
  const replicas = replicasOf(replicaSet);
  if (desired === 0) return -replicas;
  const whole = desired + maxSurge(deployment);
  const wholeBefore =
    sizeAnnotation(replicaSet, MAX_REPLICAS) || (deployment.status?.replicas ?? 0);
  if (wholeBefore === 0) return 0;
  return Math.round((replicas * whole) / wholeBefore) - replicas;
}
