// Labels of nodes that are on their way out, wherever nodes are selected (upstream: api/node util.go).

import type { NodeSelectorTerm } from "@coracle/shared/api/types/core-v1";
import type { LabelSelector } from "@coracle/shared/api/types/meta-v1";
import { isValidLabelValue } from "@coracle/shared/machinery/names";
import { ownValue } from "@coracle/shared/machinery/own-value";

/** The text of a warning by label. */
export const DEPRECATED_LABELS: Readonly<Record<string, string>> = {
  "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
  "failure-domain.beta.kubernetes.io/region":
    'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  "failure-domain.beta.kubernetes.io/zone":
    'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  "beta.kubernetes.io/instance-type":
    'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  "app.kubernetes.io/created-by": "deprecated since v1.9",
  "scheduler.alpha.kubernetes.io/preferAvoidPods":
    "deprecated since v1.22; use Taints and Tolerations instead",
  "node-role.kubernetes.io/master": 'use "node-role.kubernetes.io/control-plane" instead',
};

/** `withValues`: values that no node can have are named, too. */
export function nodeSelectorTermWarnings(
  term: NodeSelectorTerm | undefined,
  withValues: boolean,
  path: string,
  warnings: string[],
): void {
  term?.matchExpressions?.forEach(({ key, values }, i) => {
    const at = `${path}.matchExpressions[${i}]`;
    const message = ownValue(DEPRECATED_LABELS, key);
    if (message) warnings.push(`${at}.key: ${key} is ${message}`);
    if (!withValues) return;
    values?.forEach((value, v) => {
      for (const text of isValidLabelValue(value)) {
        warnings.push(`${at}.values[${v}]: ${value} is invalid, ${text}`);
      }
    });
  });
}

/** On a label selector that selects nodes. */
export function nodeLabelSelectorWarnings(
  selector: LabelSelector | undefined,
  path: string,
): string[] {
  const warnings: string[] = [];
  nodeSelectorTermWarnings(selector as NodeSelectorTerm | undefined, false, path, warnings);
  for (const label in selector?.matchLabels) {
    const message = ownValue(DEPRECATED_LABELS, label);
    if (message) warnings.push(`${path}.matchLabels.${label}: ${message}`);
  }
  return warnings;
}
