// PodDisruptionBudgets: says how many Pods may be evicted now (the API server's eviction takes it from there), and takes back
// what evictions have announced and not carried out.
import { keyOf } from "@coracle/shared/api/resources";
import type { Pod } from "@coracle/shared/api/types/core-v1";
import type { LabelSelector } from "@coracle/shared/api/types/meta-v1";
import type { PodDisruptionBudget } from "@coracle/shared/api/types/policy-v1";
import { compiledSelector } from "@coracle/shared/controller/compiled-selector";
import {
  type ControllerContext,
  defineController,
  type Reconciled,
  watchOf,
} from "@coracle/shared/controller/controller";
import type { EventSubject } from "@coracle/shared/controller/event-recorder";
import { findCondition, withCondition } from "@coracle/shared/machinery/conditions";
import { isConflict } from "@coracle/shared/machinery/status-error";
import { formatTime, parseTime } from "@coracle/shared/runtime/clock";
import { hasEnded } from "../replicaset/pod-state.ts";
import { expectedScale } from "./scale.ts";
import { computeStatus, disruptedPods, expectedPods, failedStatus, sameStatus } from "./status.ts";

const RESOURCE = "poddisruptionbudgets.policy";
/** Before the key of a Pod that was to be disrupted. */
const STALE = "pod:";
const STALE_MS = 2 * 60_000;

export const disruptionController = defineController({
  name: "disruption",
  component: "controllermanager",
  reconciles: RESOURCE,
  workers: 1,
  watches: [
    watchOf({
      resource: "pods",
      handlers: (context) => ({
        onAdd: (pod) => podChanged(pod, context),
        onUpdate(old, pod) {
          podChanged(pod, context);
          if (old.metadata.labels !== pod.metadata.labels) enqueueBudgets(old, context);
        },
        onDelete: (pod) => enqueueBudgets(pod, context),
      }),
    }),
    watchOf({ resource: "replicationcontrollers", handlers: () => ({}) }),
    watchOf({ resource: "replicasets.apps", handlers: () => ({}) }),
    watchOf({ resource: "deployments.apps", handlers: () => ({}) }),
    watchOf({ resource: "statefulsets.apps", handlers: () => ({}) }),
  ],
  reconcile: (key, context) =>
    key.startsWith(STALE)
      ? endDisruption(key.slice(STALE.length), context)
      : reconcile(key, context),
});

function podChanged(pod: Pod, context: ControllerContext): void {
  enqueueBudgets(pod, context);
  if (isMarked(pod)) context.enqueue(STALE + keyOf(pod));
}

function enqueueBudgets({ metadata }: Pod, context: ControllerContext): void {
  for (const budget of context.lister(RESOURCE).list(metadata.namespace)) {
    if (compiledSelector(budget.spec.selector).matches(metadata.labels)) {
      context.enqueue(keyOf(budget));
    }
  }
}

async function reconcile(key: string, context: ControllerContext): Promise<Reconciled | undefined> {
  const { client, lister, clock } = context;
  const budget = lister(RESOURCE).get(key);
  if (budget === undefined) return undefined;
  const write = async (status: PodDisruptionBudget["status"]) => {
    if (sameStatus(budget, status)) return;
    await client.for(RESOURCE).updateStatus({ ...budget, status });
  };
  try {
    const pods = podsOf(budget, context);
    const expected = expectedPods(budget, pods, () => scaleOf(budget, pods, context));
    tell(budget, pods, expected.unmanaged, context);
    const nowMs = clock.now();
    const disrupted = disruptedPods(budget, pods, nowMs);
    for (const pod of disrupted.overdue) tellOverdue(pod, budget, context);
    await write(computeStatus(budget, pods, expected, disrupted, nowMs));
    return { requeueAfterMs: disrupted.recheckAfterMs };
  } catch (error) {
    if (isConflict(error) || !(error instanceof Error)) throw error;
    context.logger.debug({ key, err: error }, "disruption budget cannot be computed");
    await write(failedStatus(budget, error, clock.now()));
    return undefined;
  }
}

function podsOf({ metadata, spec }: PodDisruptionBudget, { lister }: ControllerContext): Pod[] {
  const selector = compiledSelector(spec.selector);
  return lister("pods")
    .list(metadata.namespace)
    .filter((pod) => selector.matches(pod.metadata.labels));
}

function scaleOf(budget: PodDisruptionBudget, pods: readonly Pod[], context: ControllerContext) {
  try {
    return expectedScale(pods, context);
  } catch (error) {
    const message = `Failed to calculate the number of expected pods: ${(error as Error).message}`;
    const reason = "CalculateExpectedPodCountFailed";
    context.recorder.event(budget as EventSubject, "Warning", reason, message);
    throw error;
  }
}

function tell(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  unmanaged: readonly Pod[],
  { recorder }: ControllerContext,
): void {
  const subject = budget as EventSubject;
  if (pods.length === 0) recorder.event(subject, "Normal", "NoPods", "No matching pods found");
  if (unmanaged.length === 0) return;
  const message = [
    `Pods selected by this PodDisruptionBudget (selector: ${goText(budget.spec.selector)}) were found to be unmanaged.`,
    "As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior.",
    'To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.',
  ].join(" ");
  recorder.event(subject, "Warning", "UnmanagedPods", message);
}

/** As Go prints a selector. */
function goText({ matchLabels = {}, matchExpressions = [] }: LabelSelector = {}): string {
  const labels = Object.entries(matchLabels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}: ${value},`);
  const expressions = matchExpressions.map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(" ")}],},`,
  );
  const parts = [
    `MatchLabels:map[string]string{${labels.join("")}}`,
    `MatchExpressions:[]LabelSelectorRequirement{${expressions.join("")}}`,
  ];
  return `&LabelSelector{${parts.join(",")},}`;
}

function tellOverdue(pod: Pod, { metadata }: PodDisruptionBudget, context: ControllerContext) {
  // The namespace twice, as upstream has it.
  const budget = `${metadata.namespace}/${metadata.namespace}`;
  const message = `Pod was expected by PDB ${budget} to be deleted but it wasn't`;
  context.recorder.event(pod as EventSubject, "Warning", "NotDeleted", message);
}

const disruptionOf = ({ status }: Pod) => findCondition(status?.conditions, "DisruptionTarget");

/** Somebody was about to delete it. */
function isMarked(pod: Pod): boolean {
  const condition = disruptionOf(pod);
  return (
    condition?.status === "True" &&
    condition.reason !== "TerminationByKubelet" &&
    pod.metadata.deletionTimestamp === undefined &&
    !hasEnded(pod)
  );
}

/** Says that the Pod is not disrupted after all, when nobody has deleted it for a while. */
async function endDisruption(
  key: string,
  { client, lister, clock }: ControllerContext,
): Promise<Reconciled | undefined> {
  const pod = lister("pods").get(key);
  if (pod === undefined || !isMarked(pod)) return undefined;
  const nowMs = clock.now();
  const markedAt = parseTime(disruptionOf(pod)?.lastTransitionTime) ?? 0;
  const left = markedAt + STALE_MS - nowMs;
  if (left > 0) return { requeueAfterMs: left };
  const conditions = withCondition(pod.status?.conditions, {
    type: "DisruptionTarget",
    status: "False" as const,
    lastTransitionTime: formatTime(nowMs),
  });
  await client.for("pods").updateStatus({ ...pod, status: { ...pod.status, conditions } });
  return undefined;
}
