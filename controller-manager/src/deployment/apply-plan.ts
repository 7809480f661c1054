// Carries out a plan's actions one after the other, with their events and log lines.
import type { Deployment, ReplicaSet } from "@coracle/shared/api/types/apps-v1";
import type { ControllerContext } from "@coracle/shared/controller/controller";
import type { EventSubject } from "@coracle/shared/controller/event-recorder";
import { isControlledBy } from "@coracle/shared/machinery/owner-references";
import { isAlreadyExists, isNotFound, StatusError } from "@coracle/shared/machinery/status-error";
import { isNamespaceTerminating } from "../namespace/terminating-cause.ts";
import type { Action } from "./plan.ts";
import { replicasOf, sameTemplate } from "./replica-sets.ts";
import { sameAnnotations, sizeAnnotations } from "./revision.ts";

/** The name of a new ReplicaSet belongs to one with another template: another hash is needed. */
export class HashCollisionError extends Error {
  override readonly name = "HashCollisionError";
}

/** The server does not let the new ReplicaSet be created: the Deployment has to say so. */
export class CreationError extends Error {
  override readonly name = "CreationError";
}

export interface Applied {
  /** The current ReplicaSet, when an action made or changed it. */
  current?: ReplicaSet;
  created: boolean;
}

export async function applyPlan(
  actions: readonly Action[],
  deployment: Deployment,
  context: ControllerContext,
): Promise<Applied> {
  const applied: Applied = { created: false };
  // Of a ReplicaSet that several actions change, each needs the version that the last one left.
  const latest = new Map<string, ReplicaSet>();
  const fresh = (replicaSet: ReplicaSet) => latest.get(replicaSet.metadata.name) ?? replicaSet;
  const replicaSets = context.client.for("replicasets.apps");
  for (const action of actions) {
    if (action.type === "create") {
      Object.assign(applied, await create(action, deployment, context));
      continue;
    }
    const { name, namespace, uid } = action.replicaSet.metadata;
    if (action.type === "delete") {
      await replicaSets.delete(name, { namespace, uid }).catch(unlessNotFound);
      context.logger.info({ object: `replicaset ${namespace}/${name}` }, "deleted replicaset");
    } else if (action.type === "annotate") {
      const before = fresh(action.replicaSet);
      const { minReadySeconds } = deployment.spec;
      applied.current = await replicaSets.update({
        ...before,
        metadata: { ...before.metadata, annotations: action.annotations },
        spec: { ...before.spec, minReadySeconds },
      });
      latest.set(name, applied.current);
    } else {
      latest.set(name, await scale(action, fresh(action.replicaSet), deployment, context));
    }
  }
  return applied;
}

function unlessNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error;
}

async function create(
  { replicaSet }: Action & { type: "create" },
  deployment: Deployment,
  { client, lister, recorder, logger }: ControllerContext,
): Promise<Applied> {
  const { name, namespace } = replicaSet.metadata;
  const subject = deployment as EventSubject;
  try {
    const current = await client.for("replicasets.apps").create(replicaSet);
    const replicas = replicasOf(current);
    logger.info({ object: `replicaset ${namespace}/${name}`, replicas }, "created replicaset");
    if (replicas > 0) {
      const message = `Scaled up replica set ${name} from 0 to ${replicas}`;
      recorder.event(subject, "Normal", "ScalingReplicaSet", message);
    }
    return { current, created: true };
  } catch (error) {
    if (isAlreadyExists(error)) {
      const existing = lister("replicasets.apps").get(`${namespace}/${name}`);
      // Made a moment ago: the cache will have it next time.
      if (existing === undefined) throw error;
      const same = sameTemplate(existing.spec.template ?? {}, deployment.spec.template);
      if (same && isControlledBy(existing, deployment)) {
        return { current: existing, created: false };
      }
      throw new HashCollisionError(`hash collision: ${name}`, { cause: error });
    }
    if (!(error instanceof StatusError) || isNamespaceTerminating(error)) throw error;
    const message = `Failed to create new replica set ${JSON.stringify(name)}: ${error.message}`;
    recorder.event(subject, "Warning", "ReplicaSetCreateError", message);
    throw new CreationError(message, { cause: error });
  }
}

async function scale(
  { from, to }: Action & { type: "scale" },
  replicaSet: ReplicaSet,
  deployment: Deployment,
  { client, recorder, logger }: ControllerContext,
): Promise<ReplicaSet> {
  const { name, namespace, annotations: before } = replicaSet.metadata;
  const annotations = { ...before, ...sizeAnnotations(deployment) };
  if (from === to && sameAnnotations(before, annotations)) return replicaSet;
  const scaled = await client.for("replicasets.apps").update({
    ...replicaSet,
    metadata: { ...replicaSet.metadata, annotations },
    spec: { ...replicaSet.spec, replicas: to },
  });
  if (from !== to) {
    const direction = from < to ? "up" : "down";
    const object = `replicaset ${namespace}/${name}`;
    logger.info({ object, from, to }, from < to ? "scaled up" : "scaled down");
    const message = `Scaled ${direction} replica set ${name} from ${from} to ${to}`;
    recorder.event(deployment as EventSubject, "Normal", "ScalingReplicaSet", message);
  }
  return scaled;
}
