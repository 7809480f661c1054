// DaemonSets: one Pod on each node that fits. The scheduler places them, each bound to its node by affinity.
import { keyOf } from "@coracle/shared/api/resources";
import type { DaemonSet } from "@coracle/shared/api/types/apps-v1";
import type { Node, Pod } from "@coracle/shared/api/types/core-v1";
import { claimChildren } from "@coracle/shared/controller/claim";
import { compiledSelector } from "@coracle/shared/controller/compiled-selector";
import {
  type ControllerContext,
  type ControllerDefinition,
  defineController,
  type Reconciled,
  watchOf,
} from "@coracle/shared/controller/controller";
import type { EventSubject } from "@coracle/shared/controller/event-recorder";
import { BY_CONTROLLER, isDeleting } from "@coracle/shared/controller/owner-index";
import { semanticEqual } from "@coracle/shared/machinery/semantic-equal";
import { isNotFound } from "@coracle/shared/machinery/status-error";
import { isNamespaceTerminating } from "../namespace/terminating-cause.ts";
import { createPod, deletePod } from "../replicaset/pod-control.ts";
import { slowStart } from "../replicaset/slow-start.ts";
import { FailureBackoff } from "./failure-backoff.ts";
import { historyOf, trimHistory } from "./history.ts";
import { placementOn, podFor, podsByNode, targetNode } from "./placement.ts";
import { type DaemonPlan, type DaemonView, planDaemons } from "./plan.ts";
import { planReplacement, type Replacement } from "./rolling-update.ts";
import { computeStatus, sameStatus } from "./status.ts";

/** Pods created or deleted in one sync. */
const BURST = 250;

export function daemonSetController(): ControllerDefinition {
  const backoff = new FailureBackoff();
  return defineController({
    name: "daemonset",
    reconciles: "daemonsets.apps",
    owns: ["pods"],
    watches: [
      watchOf({
        resource: "nodes",
        handlers: (context) => ({
          onAdd: (node) => enqueueAffected(node, context),
          onUpdate(old, node) {
            const same =
              semanticEqual(old.metadata.labels, node.metadata.labels) &&
              semanticEqual(old.spec?.taints, node.spec?.taints);
            if (!same) enqueueAffected(node, context);
          },
        }),
      }),
      watchOf({ resource: "controllerrevisions.apps", handlers: () => ({}) }),
      watchOf({
        resource: "daemonsets.apps",
        handlers: () => ({ onDelete: ({ metadata }) => backoff.forget(`${metadata.uid}/`) }),
      }),
    ],
    reconcile: (key, context) => reconcile(key, backoff, context),
  });
}

/** Those that lack a Pod on the node, have one that has to go, or have to count again. */
function enqueueAffected(node: Node, context: ControllerContext): void {
  const { lister } = context;
  for (const daemonSet of lister("daemonsets.apps").list()) {
    const { starts, stays } = placementOn(node, daemonSet);
    const pods = lister("pods").byIndex(BY_CONTROLLER, daemonSet.metadata.uid);
    const isThere = pods.some((pod) => targetNode(pod) === node.metadata.name);
    const misscheduled = (daemonSet.status?.numberMisscheduled ?? 0) > 0;
    const affected = isThere ? !stays || !starts || misscheduled : starts;
    if (affected) context.enqueue(keyOf(daemonSet));
  }
}

async function reconcile(
  key: string,
  backoff: FailureBackoff,
  context: ControllerContext,
): Promise<Reconciled | undefined> {
  const { client, lister, expectations, clock } = context;
  const daemonSet = lister("daemonsets.apps").get(key);
  if (daemonSet === undefined) {
    expectations.forget(key);
    return undefined;
  }
  // Its revisions may be gone already: nothing could be said of it.
  if (isDeleting(daemonSet)) return undefined;
  const settled = expectations.satisfied(key);
  const pods = await claimChildren<Pod>({
    client,
    controller: daemonSet,
    controllerResource: "daemonsets.apps",
    resource: "pods",
    lister: lister("pods"),
    selector: compiledSelector(daemonSet.spec.selector),
  });
  const history = await historyOf(daemonSet, pods, context);
  if (history === undefined) return undefined;
  const view: DaemonView = {
    daemonSet,
    nodes: lister("nodes").list(),
    byNode: podsByNode(pods),
    hash: history.hash,
    nowMs: clock.now(),
  };
  let failure: Error | undefined;
  if (settled) {
    failure = await manage(view, key, backoff, context);
    if (failure === undefined) await trimHistory(daemonSet, history, pods, context);
  }
  const status = computeStatus(view, settled);
  if (!sameStatus(daemonSet, status)) {
    await client.for("daemonsets.apps").updateStatus({ ...daemonSet, status });
  }
  if (failure !== undefined) throw failure;
  const { minReadySeconds = 0 } = daemonSet.spec;
  const waits = minReadySeconds > 0 && status.numberReady !== status.numberAvailable;
  return waits ? { requeueAfterMs: minReadySeconds * 1000 } : undefined;
}

/** Puts Pods where they lack; when none does, rolls the template out. Returns what failed, if something did. */
async function manage(
  view: DaemonView,
  key: string,
  backoff: FailureBackoff,
  context: ControllerContext,
): Promise<Error | undefined> {
  const { daemonSet, nowMs } = view;
  const plan = planDaemons(view, (node) => {
    const { uid } = daemonSet.metadata;
    const generation = daemonSet.status?.observedGeneration ?? 0;
    const delayMs = backoff.next(`${uid}/${generation}/${node}`, nowMs);
    if (delayMs > 0) context.enqueueAfter(key, delayMs);
    return delayMs === 0;
  });
  tellEnded(plan, daemonSet, context);
  const deleted = [...plan.ended.map(({ pod }) => pod), ...plan.delete];
  if (plan.create.length + deleted.length > 0) {
    return apply({ create: plan.create, delete: deleted }, view, key, context);
  }
  if (daemonSet.spec.updateStrategy?.type !== "RollingUpdate") return undefined;
  return apply(planReplacement(view), view, key, context);
}

function tellEnded(
  { ended }: DaemonPlan,
  daemonSet: DaemonSet,
  { recorder }: ControllerContext,
): void {
  for (const { pod, node } of ended) {
    const { namespace, name } = pod.metadata;
    const failed = pod.status?.phase === "Failed";
    const what = failed ? "failed" : "succeeded";
    const will = failed ? "kill" : "delete";
    const message = `Found ${what} daemon pod ${namespace}/${name} on node ${node}, will try to ${will} it`;
    const [type, reason] = failed
      ? (["Warning", "FailedDaemonPod"] as const)
      : (["Normal", "SucceededDaemonPod"] as const);
    recorder.event(daemonSet as EventSubject, type, reason, message);
  }
}

async function apply(
  plan: Replacement,
  { daemonSet, hash }: DaemonView,
  key: string,
  context: ControllerContext,
): Promise<Error | undefined> {
  const { expectations } = context;
  const nodes = plan.create.slice(0, BURST);
  const pods = plan.delete.slice(0, BURST);
  expectations.expectCreations(key, nodes.length);
  expectations.expectDeletions(
    key,
    pods.map(({ metadata }) => metadata.uid),
  );
  const { length } = nodes;
  const { successes, error } = await slowStart(length, async () => {
    try {
      await createPod(podFor(daemonSet, nodes.shift() as string, hash), daemonSet, context);
    } catch (failure) {
      // Whatever is created there would go away with the namespace.
      if (!isNamespaceTerminating(failure)) throw failure;
    }
  });
  expectations.creationObserved(key, length - successes);
  let failure = error;
  await Promise.all(
    pods.map(async (pod) => {
      try {
        await deletePod(pod, daemonSet, context);
      } catch (reason) {
        expectations.deletionObserved(key, pod.metadata.uid);
        if (!isNotFound(reason)) failure ??= reason as Error;
      }
    }),
  );
  return failure;
}
