// ReplicaSets: keeps the wanted number of Pods.
import { apiVersionOf, resources } from "@coracle/shared/api/resources";
import type { ReplicaSet } from "@coracle/shared/api/types/apps-v1";
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { claimChildren } from "@coracle/shared/controller/claim";
import { compiledSelector } from "@coracle/shared/controller/compiled-selector";
import { type ControllerContext, defineController } from "@coracle/shared/controller/controller";
import { BY_CONTROLLER, isDeleting } from "@coracle/shared/controller/owner-index";
import { controllerOf, controllerReference } from "@coracle/shared/machinery/owner-references";
import { isNotFound } from "@coracle/shared/machinery/status-error";
import { isNamespaceTerminating } from "../namespace/terminating-cause.ts";
import { planReplicas, type ReplicaPlan } from "./plan.ts";
import { createPod, deletePod, podOf } from "./pod-control.ts";
import { isActivePod } from "./pod-state.ts";
import { slowStart } from "./slow-start.ts";
import { computeStatus, nextAvailableAfterMs, sameStatus } from "./status.ts";

export const replicaSetController = defineController({
  name: "replicaset",
  reconciles: "replicasets.apps",
  owns: ["pods"],

  async reconcile(key, context) {
    const { client, lister, expectations, clock } = context;
    const replicaSet = lister("replicasets.apps").get(key);
    if (replicaSet === undefined) {
      expectations.forget(key);
      return undefined;
    }
    // Asked before the Pods are listed: if settled now, the list below includes our own writes.
    const settled = expectations.satisfied(key);
    const pods = await claimChildren<Pod>({
      client,
      controller: replicaSet,
      controllerResource: "replicasets.apps",
      resource: "pods",
      lister: lister("pods"),
      selector: compiledSelector(replicaSet.spec.selector),
      isEligible: isActivePod,
    });
    let failure: Error | undefined;
    if (settled && !isDeleting(replicaSet)) {
      const active = pods.filter(isActivePod);
      const related = () => relatedPods(replicaSet, context);
      const plan = planReplicas(replicaSet, active, related, clock.now());
      failure = await applyPlan(plan, key, replicaSet, context);
    }
    const nowMs = clock.now();
    const status = computeStatus(replicaSet, pods, failure, nowMs);
    if (!sameStatus(replicaSet.status, status)) {
      await client.for("replicasets.apps").updateStatus({ ...replicaSet, status });
    }
    if (failure !== undefined) throw failure;
    return { requeueAfterMs: nextAvailableAfterMs(replicaSet, pods, nowMs) };
  },
});

/** Pods of all ReplicaSets of the same Deployment, this one included. */
function relatedPods(replicaSet: ReplicaSet, { lister }: ControllerContext): Pod[] {
  const owner = controllerOf(replicaSet)?.uid;
  const pods = lister("pods");
  const siblings =
    owner === undefined ? [replicaSet] : lister("replicasets.apps").byIndex(BY_CONTROLLER, owner);
  return siblings.flatMap(({ metadata }) => pods.byIndex(BY_CONTROLLER, metadata.uid));
}

/** Returns what failed, if something did. */
async function applyPlan(
  plan: ReplicaPlan,
  key: string,
  replicaSet: ReplicaSet,
  context: ControllerContext,
): Promise<Error | undefined> {
  switch (plan.type) {
    case "none":
      return undefined;
    case "create":
      return createPods(plan.count, key, replicaSet, context);
    case "delete":
      return deletePods(plan.pods, key, replicaSet, context);
  }
}

async function createPods(
  count: number,
  key: string,
  replicaSet: ReplicaSet,
  context: ControllerContext,
): Promise<Error | undefined> {
  const { expectations } = context;
  const row = resources["replicasets.apps"];
  const reference = controllerReference(replicaSet, apiVersionOf(row), row.kind);
  const pod = podOf(replicaSet.spec.template ?? {}, replicaSet, reference);
  expectations.expectCreations(key, count);
  const { successes, error } = await slowStart(count, async () => {
    try {
      await createPod(pod, replicaSet, context);
    } catch (failure) {
      // Whatever is created there would go away with the namespace.
      if (!isNamespaceTerminating(failure)) throw failure;
    }
  });
  expectations.creationObserved(key, count - successes);
  return error;
}

async function deletePods(
  pods: readonly Pod[],
  key: string,
  replicaSet: ReplicaSet,
  context: ControllerContext,
): Promise<Error | undefined> {
  const { expectations } = context;
  expectations.expectDeletions(
    key,
    pods.map(({ metadata }) => metadata.uid),
  );
  let failure: Error | undefined;
  await Promise.all(
    pods.map(async (pod) => {
      try {
        await deletePod(pod, replicaSet, context);
      } catch (error) {
        expectations.deletionObserved(key, pod.metadata.uid);
        if (!isNotFound(error)) failure ??= error as Error;
      }
    }),
  );
  return failure;
}
