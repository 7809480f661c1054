// Which Pods of an old template are to be replaced now. Pure (upstream: daemon/update.go rollingUpdate).
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { scaledValue } from "../deployment/rollout-bounds.ts";
import { isUpdated, placementOn } from "./placement.ts";
import { type DaemonView, isAvailable, surgeOf } from "./plan.ts";

export interface Replacement {
  create: string[];
  delete: Pod[];
}

interface OnNode {
  node: string;
  fresh?: Pod;
  old?: Pod;
  /** More than one of a sort: the next look will clear up. */
  crowded: boolean;
}

export function planReplacement(view: DaemonView): Replacement {
  const { daemonSet, nodes } = view;
  const wanted = nodes.filter((node) => placementOn(node, daemonSet).starts);
  const names = new Set([...view.byNode.keys(), ...wanted.map(({ metadata }) => metadata.name)]);
  const onNodes = [...names].map((name) => lookAt(name, view));
  const { maxUnavailable } = daemonSet.spec.updateStrategy?.rollingUpdate ?? {};
  const surge = surgeOf(daemonSet, wanted.length);
  const unavailable = scaledValue(maxUnavailable, wanted.length, "up");
  if (surge > 0) return surging(onNodes, surge, wanted.length, view);
  return deleting(onNodes, Math.max(unavailable, wanted.length > 0 ? 1 : 0), view);
}

function lookAt(node: string, { daemonSet, byNode, hash }: DaemonView): OnNode {
  const found: OnNode = { node, crowded: false };
  for (const pod of byNode.get(node) ?? []) {
    if (pod.metadata.deletionTimestamp !== undefined) continue;
    const sort = isUpdated(pod, daemonSet, hash) ? "fresh" : "old";
    if (found[sort] !== undefined) found.crowded = true;
    found[sort] = pod;
  }
  return found;
}

/** Old Pods go first: those that are of no use at once, the others as far as the bound lets them. */
function deleting(onNodes: readonly OnNode[], max: number, view: DaemonView): Replacement {
  const { daemonSet, nowMs } = view;
  const replaced: Pod[] = [];
  const candidates: Pod[] = [];
  let unavailable = 0;
  for (const { fresh, old, crowded } of onNodes) {
    if (crowded || (fresh === undefined) === (old === undefined)) unavailable++;
    else if (fresh !== undefined) {
      if (!isAvailable(fresh, daemonSet, nowMs)) unavailable++;
    } else if (old !== undefined && !isAvailable(old, daemonSet, nowMs)) {
      replaced.push(old);
      unavailable++;
    } else if (old !== undefined) candidates.push(old);
  }
  const free = Math.max(0, max - unavailable);
  return { create: [], delete: [...replaced, ...candidates.slice(0, free)] };
}

/** New Pods come first. */
function surging(
  onNodes: readonly OnNode[],
  max: number,
  desired: number,
  view: DaemonView,
): Replacement {
  const { daemonSet, nowMs } = view;
  const available = (pod: Pod) => isAvailable(pod, daemonSet, nowMs);
  const runsOn = new Set(
    view.nodes
      .filter((node) => placementOn(node, daemonSet).starts)
      .map(({ metadata }) => metadata.name),
  );
  const result: Replacement = { create: [], delete: [] };
  const candidates: string[] = [];
  const misplaced: Pod[] = [];
  let surged = 0;
  let availableCount = 0;
  for (const { node, fresh, old, crowded } of onNodes) {
    if (crowded) {
      surged++;
      continue;
    }
    const first = old ?? fresh;
    if (first !== undefined && available(first)) availableCount++;
    if (old === undefined) continue;
    if (fresh !== undefined) {
      if (available(fresh)) result.delete.push(old);
      else surged++;
    } else if (!runsOn.has(node)) {
      (available(old) ? misplaced : result.delete).push(old);
    } else if (available(old)) candidates.push(node);
    else result.create.push(node);
  }
  result.delete.push(...misplaced.slice(0, Math.max(0, availableCount - desired)));
  result.create.push(...candidates.slice(0, Math.max(0, max - surged)));
  return result;
}
