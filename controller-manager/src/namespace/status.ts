// The conditions of a namespace that is being emptied, in upstream's words
// (status_condition_utils.go).
import type { NamespaceCondition } from "@coracle/shared/api/types/core-v1";
import { findCondition } from "@coracle/shared/machinery/conditions";
import { formatTime } from "@coracle/shared/runtime/clock";

/** What one attempt to empty the namespace has met. */
export interface Outcome {
  discoveryFailures: readonly { groupVersion: string; message: string }[];
  errors: readonly string[];
  /** Objects left, by `<resource>.<group>`; undefined: not counted in this attempt. */
  remaining: ReadonlyMap<string, number> | undefined;
  /** Objects left, by finalizer that holds them. */
  finalizers: ReadonlyMap<string, number> | undefined;
}

const OK = [
  [
    "NamespaceDeletionDiscoveryFailure",
    "ResourcesDiscovered",
    "All resources successfully discovered",
  ],
  [
    "NamespaceDeletionGroupVersionParsingFailure",
    "ParsedGroupVersions",
    "All legacy kube types successfully parsed",
  ],
  [
    "NamespaceDeletionContentFailure",
    "ContentDeleted",
    "All content successfully deleted, may be waiting on finalization",
  ],
  ["NamespaceContentRemaining", "ContentRemoved", "All content successfully removed"],
  [
    "NamespaceFinalizersRemaining",
    "ContentHasNoFinalizers",
    "All content-preserving finalizers finished",
  ],
] as const;

/** The namespace's conditions after the attempt; the same list when nothing changed. */
export function computeConditions(
  before: readonly NamespaceCondition[],
  outcome: Outcome,
  nowMs: number,
): readonly NamespaceCondition[] {
  const problems = problemsOf(outcome);
  const conditions = [...before];
  let changed = false;
  for (const [type, okReason, okMessage] of OK) {
    const problem = problems.get(type);
    const status = problem === undefined ? "False" : "True";
    const { reason, message } = problem ?? { reason: okReason, message: okMessage };
    const old = findCondition(conditions, type);
    if (old?.status === status && old.reason === reason && old.message === message) continue;
    changed = true;
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : formatTime(nowMs);
    const condition = { type, status, lastTransitionTime, reason, message };
    if (old === undefined) conditions.push(condition);
    else conditions[conditions.indexOf(old)] = condition;
  }
  return changed ? conditions : before;
}

function problemsOf(outcome: Outcome): Map<string, { reason: string; message: string }> {
  const problems = new Map<string, { reason: string; message: string }>();
  const { discoveryFailures, errors, remaining, finalizers } = outcome;
  if (discoveryFailures.length > 0) {
    const texts = discoveryFailures.map(
      ({ groupVersion, message }) => `${groupVersion}: ${message}`,
    );
    const count = discoveryFailures.length;
    const all = `unable to retrieve the complete list of server APIs: ${texts.join(", ")}`;
    problems.set("NamespaceDeletionDiscoveryFailure", {
      reason: "DiscoveryFailed",
      message: `Discovery failed for some groups, ${count} failing: ${all}`,
    });
  }
  if (errors.length > 0) {
    const all = [...errors].sort().join(", ");
    problems.set("NamespaceDeletionContentFailure", {
      reason: "ContentDeletionFailed",
      message: `Failed to delete all resource types, ${errors.length} remaining: ${all}`,
    });
  }
  if (remaining !== undefined && remaining.size > 0) {
    const texts = [...remaining].map(([name, count]) => `${name} has ${count} resource instances`);
    problems.set("NamespaceContentRemaining", {
      reason: "SomeResourcesRemain",
      message: `Some resources are remaining: ${texts.sort().join(", ")}`,
    });
  }
  if (finalizers !== undefined && finalizers.size > 0) {
    const texts = [...finalizers].map(([name, count]) => `${name} in ${count} resource instances`);
    problems.set("NamespaceFinalizersRemaining", {
      reason: "SomeFinalizersRemain",
      message: `Some content in the namespace has finalizers remaining: ${texts.sort().join(", ")}`,
    });
  }
  return problems;
}
