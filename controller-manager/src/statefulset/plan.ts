// What a StatefulSet does next. Pure (upstream: stateful_set_control.go updateStatefulSet).
//
// Ordered: one thing at a time, and nothing while a Pod before it is not available. Parallel: everything at once, except that a
// rolling update replaces one Pod after the other in both.
import type { Draft } from "@coracle/shared/api/resources";
import type { StatefulSet } from "@coracle/shared/api/types/apps-v1";
import type { Pod } from "@coracle/shared/api/types/core-v1";
import {
  firstOrdinal,
  isAvailable,
  isInRange,
  isOrdered,
  isReady,
  isTerminating,
  newMember,
  ordinalOf,
  type Revisions,
  replicasOf,
  revisionNameOf,
} from "./members.ts";

export type Step =
  | { type: "create"; pod: Draft<Pod>; ordinal: number }
  | { type: "delete"; pod: Pod }
  /** It has all of its claims, they have their owners, and it has its labels. */
  | { type: "repair"; pod: Pod };

export interface SetPlan {
  steps: Step[];
  /** The last step replaces a Pod of an old revision. */
  replaces: boolean;
}

export function planSet(
  set: StatefulSet,
  revisions: Revisions,
  pods: readonly Pod[],
  nowMs: number,
): SetPlan {
  const ordered = isOrdered(set);
  const steps: Step[] = [];
  const replicas = replicasInOrder(set, pods);
  for (const [i, pod] of replicas.entries()) {
    const ordinal = firstOrdinal(set) + i;
    const waits = planReplica(set, revisions, { pod, ordinal, nowMs }, steps);
    if (waits && ordered) return { steps, replaces: false };
  }
  const condemned = pods
    .filter((pod) => ordinalOf(pod) !== undefined && !isInRange(pod, set))
    .sort((a, b) => (ordinalOf(b) as number) - (ordinalOf(a) as number));
  for (const pod of condemned) steps.push({ type: "repair", pod });
  const unhealthy = [...replicas, ...condemned.toReversed()].find(
    (pod) => pod === undefined || isTerminating(pod) || !isAvailable(pod, set, nowMs),
  );
  for (const pod of condemned) {
    const goes = !isTerminating(pod);
    const isHealthy = isReady(pod) && isAvailable(pod, set, nowMs);
    const waits = goes && ordered && !isHealthy && pod !== unhealthy;
    if (goes && !waits) steps.push({ type: "delete", pod });
    if (ordered) return { steps, replaces: false };
  }
  const replaced = planReplacement(set, revisions, replicas, nowMs);
  if (replaced === undefined) return { steps, replaces: false };
  return { steps: [...steps, { type: "delete", pod: replaced }], replaces: true };
}

function replicasInOrder(set: StatefulSet, pods: readonly Pod[]): (Pod | undefined)[] {
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(pod), pod]));
  const first = firstOrdinal(set);
  return Array.from({ length: replicasOf(set) }, (_, i) => byOrdinal.get(first + i));
}

interface Replica {
  pod: Pod | undefined;
  ordinal: number;
  nowMs: number;
}

/** True when those after it have to wait. */
function planReplica(
  set: StatefulSet,
  revisions: Revisions,
  { pod, ordinal, nowMs }: Replica,
  steps: Step[],
): boolean {
  if (pod === undefined) {
    steps.push({ type: "create", pod: newMember(set, revisions, ordinal), ordinal });
    return true;
  }
  const phase = pod.status?.phase;
  if (phase === "Failed" || phase === "Succeeded") {
    if (!isTerminating(pod)) steps.push({ type: "delete", pod });
    return true;
  }
  const waits = isTerminating(pod) || !isReady(pod) || !isAvailable(pod, set, nowMs);
  if (phase === "Pending" || !waits || !isOrdered(set)) steps.push({ type: "repair", pod });
  return waits;
}

/** The last Pod that is not of the update revision, unless one after it is not available yet. */
function planReplacement(
  set: StatefulSet,
  { update }: Revisions,
  replicas: readonly (Pod | undefined)[],
  nowMs: number,
): Pod | undefined {
  const { type, rollingUpdate } = set.spec.updateStrategy ?? {};
  if (type === "OnDelete") return undefined;
  for (const pod of replicas.slice(rollingUpdate?.partition ?? 0).reverse()) {
    if (pod === undefined) return undefined;
    const isOld = revisionNameOf(pod) !== update.metadata.name;
    if (isOld && !isTerminating(pod)) return pod;
    if (isTerminating(pod) || !isAvailable(pod, set, nowMs)) return undefined;
  }
  return undefined;
}
