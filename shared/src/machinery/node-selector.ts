// Whether a node is one that a Pod's spec asks for: nodeSelector and required node affinity (upstream: component-helpers
// scheduling/corev1/nodeaffinity).

import type {
  Node,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodSpec,
} from "../api/types/core-v1.ts";
import { ownValue } from "./own-value.ts";

const isInteger = (text: string | undefined): boolean => /^[+-]?[0-9]+$/.test(text ?? "");

function matchesRequirement(
  value: string | undefined,
  { operator, values = [] }: NodeSelectorRequirement,
): boolean {
  const bound = values[0];
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return isInteger(value) && isInteger(bound) && Number(value) > Number(bound);
    case "Lt":
      return isInteger(value) && isInteger(bound) && Number(value) < Number(bound);
    default:
      return false;
  }
}

/** An empty term matches nothing. */
export function matchesNodeTerm({ metadata }: Node, term: NodeSelectorTerm): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  const { labels = {}, name } = metadata;
  return (
    matchExpressions.every((requirement) =>
      matchesRequirement(ownValue(labels, requirement.key), requirement),
    ) &&
    matchFields.every(
      (requirement) => requirement.key === "metadata.name" && matchesRequirement(name, requirement),
    )
  );
}

export function matchesRequiredAffinity(
  { nodeSelector = {}, affinity }: Pick<PodSpec, "nodeSelector" | "affinity">,
  node: Node,
): boolean {
  const labels = node.metadata.labels ?? {};
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return (
    Object.entries(nodeSelector).every(([key, value]) => ownValue(labels, key) === value) &&
    (required === undefined ||
      required.nodeSelectorTerms.some((term) => matchesNodeTerm(node, term)))
  );
}
