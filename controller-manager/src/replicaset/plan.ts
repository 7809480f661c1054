// How many Pods a ReplicaSet lacks, or which of its Pods to delete. Pure.
import type { ReplicaSet } from "@coracle/shared/api/types/apps-v1";
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { rankForDeletion } from "./deletion-order.ts";
import { isActivePod } from "./pod-state.ts";

export type ReplicaPlan =
  | { type: "none" }
  | { type: "create"; count: number }
  | { type: "delete"; pods: Pod[] };

/** At most so many Pods at once. */
export const BURST = 500;

/**
 * `active`: the ReplicaSet's Pods that count. `related`: active Pods of all ReplicaSets with the
 * same owner.
 */
export function planReplicas(
  replicaSet: ReplicaSet,
  active: readonly Pod[],
  related: () => readonly Pod[],
  nowMs: number,
): ReplicaPlan {
  const excess = active.length - (replicaSet.spec.replicas ?? 1);
  if (excess === 0) return { type: "none" };
  if (excess < 0) return { type: "create", count: Math.min(-excess, BURST) };
  const count = Math.min(excess, BURST);
  if (count === active.length) return { type: "delete", pods: [...active] };
  const perNode = new Map<string, number>();
  for (const { spec } of related().filter(isActivePod)) {
    const node = spec.nodeName ?? "";
    perNode.set(node, (perNode.get(node) ?? 0) + 1);
  }
  const neighbours = (pod: Pod) => perNode.get(pod.spec.nodeName ?? "") ?? 0;
  return { type: "delete", pods: rankForDeletion(active, neighbours, nowMs).slice(0, count) };
}
