// Which nodes lack a DaemonSet's Pod, and which of its Pods have to go. Pure (upstream: daemon_controller.go manage).
import type { DaemonSet } from "@coracle/shared/api/types/apps-v1";
import type { Node, Pod } from "@coracle/shared/api/types/core-v1";
import { scaledValue } from "../deployment/rollout-bounds.ts";
import { availableAtMs, readySinceMs } from "../replicaset/pod-state.ts";
import { byScheduledAndAge, HASH_LABEL, placementOn } from "./placement.ts";

export interface DaemonPlan {
  /** Names of nodes. */
  create: string[];
  delete: Pod[];
  /** Pods that have ended: they are deleted, and told of. */
  ended: { pod: Pod; node: string }[];
}

export interface DaemonView {
  daemonSet: DaemonSet;
  nodes: readonly Node[];
  byNode: ReadonlyMap<string, Pod[]>;
  /** Of the current revision. */
  hash: string;
  nowMs: number;
}

export const surgeOf = ({ spec }: DaemonSet, nodes: number): number =>
  spec.updateStrategy?.type === "RollingUpdate"
    ? scaledValue(spec.updateStrategy.rollingUpdate?.maxSurge, nodes, "up")
    : 0;

export const isAvailable = (pod: Pod, { spec }: DaemonSet, nowMs: number): boolean => {
  const at = availableAtMs(pod, spec.minReadySeconds ?? 0);
  return at !== undefined && at <= nowMs;
};

/** `mayRetry`: whether a failed Pod may be replaced now; it is asked once for each. */
export function planDaemons(
  view: DaemonView,
  mayRetry: (node: string, pod: Pod) => boolean,
): DaemonPlan {
  const plan: DaemonPlan = { create: [], delete: [], ended: [] };
  for (const node of view.nodes) planNode(node, view, mayRetry, plan);
  const known = new Set(view.nodes.map(({ metadata }) => metadata.name));
  // Nobody would ever schedule or delete these.
  for (const [name, pods] of view.byNode) {
    if (known.has(name)) continue;
    plan.delete.push(...pods.filter(({ spec }) => (spec.nodeName ?? "") === ""));
  }
  return plan;
}

function planNode(
  node: Node,
  view: DaemonView,
  mayRetry: (node: string, pod: Pod) => boolean,
  plan: DaemonPlan,
): void {
  const { name } = node.metadata;
  const { starts, stays } = placementOn(node, view.daemonSet);
  const pods = view.byNode.get(name);
  if (pods === undefined) {
    if (starts) plan.create.push(name);
    return;
  }
  const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  if (!stays) {
    plan.delete.push(...staying);
    return;
  }
  const running: Pod[] = [];
  for (const pod of staying) {
    const phase = pod.status?.phase;
    if (phase === "Failed" && !mayRetry(name, pod)) continue;
    if (phase === "Failed" || phase === "Succeeded") plan.ended.push({ pod, node: name });
    else running.push(pod);
  }
  running.sort(byScheduledAndAge);
  if (surgeOf(view.daemonSet, 1) === 0) plan.delete.push(...running.slice(1));
  else if (running.length === 0 && starts) plan.create.push(name);
  else if (running.length > 1) plan.delete.push(...surplusOfSurge(running, view));
}

/** A new Pod beside an old one: only until the new one is available, and as long as the old one is ready. */
function surplusOfSurge(running: readonly Pod[], { daemonSet, hash, nowMs }: DaemonView): Pod[] {
  const isNew = ({ metadata }: Pod) => metadata.labels?.[HASH_LABEL] === hash;
  const fresh = running.find(isNew);
  const old = running.find((pod) => !isNew(pod));
  const surplus = running.filter((pod) => pod !== fresh && pod !== old);
  if (fresh === undefined || old === undefined) return surplus;
  const replaced = readySinceMs(old) === undefined || isAvailable(fresh, daemonSet, nowMs);
  return replaced ? [...surplus, old] : surplus;
}
