// nodeSelector and node affinity (upstream: nodeaffinity).
import type {
  Node,
  NodeSelectorRequirement,
  NodeSelectorTerm,
} from "@coracle/shared/api/types/core-v1";
import type { FilterPlugin, ScorePlugin } from "../framework.ts";
import { normalizeUp } from "./normalize.ts";

const MISMATCH = ["node(s) didn't match Pod's node affinity/selector"];

function matchesRequirement(
  value: string | undefined,
  requirement: NodeSelectorRequirement,
): boolean {
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return isInteger(value) && isInteger(values[0]) && Number(value) > Number(values[0]);
    case "Lt":
      return isInteger(value) && isInteger(values[0]) && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

const isInteger = (text: string | undefined): boolean => text !== undefined && /^-?\d+$/.test(text);

/** An empty term matches nothing. */
export function matchesTerm(node: Node, term: NodeSelectorTerm): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  const labels = node.metadata.labels ?? {};
  return (
    matchExpressions.every((requirement) =>
      matchesRequirement(labels[requirement.key], requirement),
    ) &&
    matchFields.every(
      (requirement) =>
        requirement.key === "metadata.name" && matchesRequirement(node.metadata.name, requirement),
    )
  );
}

export const nodeAffinityFilter: FilterPlugin = {
  name: "NodeAffinity",
  retryOn: ["NodeAdded", "NodeLabelsChanged"],
  filter({ pod }, nodes, verdicts) {
    const selector = Object.entries(pod.spec.nodeSelector ?? {});
    const terms =
      pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
        ?.nodeSelectorTerms;
    if (selector.length === 0 && terms === undefined) return;
    for (let row = 0; row < nodes.size; row++) {
      const node = nodes.nodes[row];
      if (node === undefined || verdicts.isRejected(row)) continue;
      const labels = node.metadata.labels ?? {};
      const matches =
        selector.every(([key, value]) => labels[key] === value) &&
        (terms === undefined || terms.some((term) => matchesTerm(node, term)));
      if (!matches) verdicts.reject(row, MISMATCH, false);
    }
  },
};

export const nodeAffinityScore: ScorePlugin = {
  name: "NodeAffinity",
  weight: 2,
  score({ pod }, nodes, feasible, count, scores) {
    const preferred =
      pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (preferred.length === 0) return false;
    for (let i = 0; i < count; i++) {
      const node = nodes.nodes[feasible[i] as number] as Node;
      let sum = 0;
      for (const { weight, preference } of preferred) {
        if (matchesTerm(node, preference)) sum += weight;
      }
      scores[i] = sum;
    }
    normalizeUp(scores, count);
    return true;
  },
};
