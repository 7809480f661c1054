// ReplicaSets and ReplicationControllers: keeps the wanted number of Pods.
import { apiVersionOf, type KubernetesObject, resources } from "@coracle/shared/api/resources";
import type { ReplicaSet } from "@coracle/shared/api/types/apps-v1";
import type { Pod, ReplicationController } from "@coracle/shared/api/types/core-v1";
import { claimChildren } from "@coracle/shared/controller/claim";
import { compiledSelector } from "@coracle/shared/controller/compiled-selector";
import {
  type ControllerContext,
  type ControllerDefinition,
  defineController,
} from "@coracle/shared/controller/controller";
import { BY_CONTROLLER, isDeleting } from "@coracle/shared/controller/owner-index";
import { controllerOf, controllerReference } from "@coracle/shared/machinery/owner-references";
import type { Selector } from "@coracle/shared/machinery/selector";
import { isNotFound } from "@coracle/shared/machinery/status-error";
import { isNamespaceTerminating } from "../namespace/terminating-cause.ts";
import { planReplicas, type ReplicaPlan } from "./plan.ts";
import { createPod, deletePod, podOf } from "./pod-control.ts";
import { isActivePod } from "./pod-state.ts";
import { slowStart } from "./slow-start.ts";
import { computeStatus, nextAvailableAfterMs, sameStatus } from "./status.ts";

/** What ReplicaSets and ReplicationControllers have in common: each is the other in its own words. */
export interface ReplicaResource {
  name: string;
  /** The component that its events name. */
  component?: string;
  resource: "replicasets.apps" | "replicationcontrollers";
  selectorOf(owner: ReplicaSet): Selector;
}

export const replicaSetController = replicaController({
  name: "replicaset",
  resource: "replicasets.apps",
  selectorOf: ({ spec }) => compiledSelector(spec.selector),
});

export function replicaController(kind: ReplicaResource): ControllerDefinition {
  const { name, component, resource } = kind;
  return defineController({
    name,
    component,
    reconciles: resource,
    owns: ["pods"],
    reconcile: (key, context) => reconcile(kind, key, context),
  });
}

async function reconcile(kind: ReplicaResource, key: string, context: ControllerContext) {
  const { client, lister, expectations, clock } = context;
  const { resource } = kind;
  const replicaSet = lister(resource).get(key) as ReplicaSet | undefined;
  if (replicaSet === undefined) {
    expectations.forget(key);
    return undefined;
  }
  // Asked before the Pods are listed: if settled now, the list below includes our own writes.
  const settled = expectations.satisfied(key);
  const pods = await claimChildren<Pod>({
    client,
    controller: replicaSet,
    controllerResource: resource,
    resource: "pods",
    lister: lister("pods"),
    selector: kind.selectorOf(replicaSet),
    isEligible: isActivePod,
  });
  let failure: Error | undefined;
  if (settled && !isDeleting(replicaSet)) {
    const active = pods.filter(isActivePod);
    const related = () => relatedPods(kind, replicaSet, context);
    const plan = planReplicas(replicaSet, active, related, clock.now());
    failure = await applyPlan(plan, key, { kind, replicaSet, context });
  }
  const nowMs = clock.now();
  const status = computeStatus(replicaSet, pods, failure, nowMs);
  // Only ReplicaSets count them.
  if (resource === "replicationcontrollers") delete status.terminatingReplicas;
  if (!sameStatus(replicaSet.status, status)) {
    const written = { ...replicaSet, status };
    if (resource === "replicasets.apps") await client.for(resource).updateStatus(written);
    else await client.for(resource).updateStatus(written as unknown as ReplicationController);
  }
  if (failure !== undefined) throw failure;
  return { requeueAfterMs: nextAvailableAfterMs(replicaSet, pods, nowMs) };
}

/** Pods of all ReplicaSets of the same Deployment, this one included. */
function relatedPods(
  { resource }: ReplicaResource,
  replicaSet: ReplicaSet,
  { lister }: ControllerContext,
): Pod[] {
  const owner = controllerOf(replicaSet)?.uid;
  const pods = lister("pods");
  const siblings: KubernetesObject[] =
    owner === undefined ? [replicaSet] : lister(resource).byIndex(BY_CONTROLLER, owner);
  return siblings.flatMap(({ metadata }) => pods.byIndex(BY_CONTROLLER, metadata.uid));
}

interface Subject {
  kind: ReplicaResource;
  replicaSet: ReplicaSet;
  context: ControllerContext;
}

/** Returns what failed, if something did. */
async function applyPlan(
  plan: ReplicaPlan,
  key: string,
  subject: Subject,
): Promise<Error | undefined> {
  switch (plan.type) {
    case "none":
      return undefined;
    case "create":
      return createPods(plan.count, key, subject);
    case "delete":
      return deletePods(plan.pods, key, subject);
  }
}

async function createPods(
  count: number,
  key: string,
  { kind, replicaSet, context }: Subject,
): Promise<Error | undefined> {
  const { expectations } = context;
  const row = resources[kind.resource];
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
  { replicaSet, context }: Subject,
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
