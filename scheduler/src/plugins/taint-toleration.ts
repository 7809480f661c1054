// Taints keep Pods off that do not tolerate them (upstream: tainttoleration).
import type { Taint, Toleration } from "@coracle/shared/api/types/core-v1";
import type { FilterPlugin, ScorePlugin } from "../framework.ts";
import { normalizeDown } from "./normalize.ts";

const UNTOLERATED = ["node(s) had untolerated taint(s)"];

function toleratesOne(
  toleration: Toleration,
  taint: Pick<Taint, "key" | "value" | "effect">,
): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  const value = taint.value ?? "";
  switch (toleration.operator ?? "Equal") {
    case "Exists":
      return true;
    case "Equal":
      return Boolean(toleration.key) && (toleration.value ?? "") === value;
    case "Gt":
      return Number(value) > Number(toleration.value);
    case "Lt":
      return Number(value) < Number(toleration.value);
    default:
      return false;
  }
}

export function tolerates(
  tolerations: readonly Toleration[],
  taint: Pick<Taint, "key" | "value" | "effect">,
): boolean {
  return tolerations.some((toleration) => toleratesOne(toleration, taint));
}

export const taintTolerationFilter: FilterPlugin = {
  name: "TaintToleration",
  retryOn: ["NodeAdded", "NodeTaintsChanged"],
  filter(pod, nodes, verdicts) {
    if (nodes.hardTainted === 0) return;
    for (let row = 0; row < nodes.size; row++) {
      const taints = nodes.hardTaints[row] as readonly Taint[];
      if (taints.length === 0 || nodes.nodes[row] === undefined || verdicts.isRejected(row))
        continue;
      if (taints.every((taint) => tolerates(pod.tolerations, taint))) continue;
      verdicts.reject(row, UNTOLERATED, false);
    }
  },
};

/** Fewer soft taints (PreferNoSchedule) that the Pod does not tolerate are better. */
export const taintTolerationScore: ScorePlugin = {
  name: "TaintToleration",
  weight: 3,
  score(pod, nodes, feasible, count, scores) {
    if (nodes.softTainted === 0) return false;
    for (let i = 0; i < count; i++) {
      const taints = nodes.softTaints[feasible[i] as number] as readonly Taint[];
      scores[i] = taints.filter((taint) => !tolerates(pod.tolerations, taint)).length;
    }
    normalizeDown(scores, count);
    return true;
  },
};
