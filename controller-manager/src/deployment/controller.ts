// Deployments: a ReplicaSet for each template, rolled out as the strategy says.
import type { Deployment, DeploymentStatus, ReplicaSet } from "@coracle/shared/api/types/apps-v1";
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { claimChildren } from "@coracle/shared/controller/claim";
import { compiledSelector } from "@coracle/shared/controller/compiled-selector";
import {
  type ControllerContext,
  defineController,
  watchOf,
} from "@coracle/shared/controller/controller";
import { BY_CONTROLLER, isDeleting } from "@coracle/shared/controller/owner-index";
import { findCondition } from "@coracle/shared/machinery/conditions";
import { controllerOf } from "@coracle/shared/machinery/owner-references";
import { semanticEqual } from "@coracle/shared/machinery/semantic-equal";
import { applyPlan, CreationError, HashCollisionError } from "./apply-plan.ts";
import { planDeployment } from "./plan.ts";
import { type Family, familyOf } from "./replica-sets.ts";
import { REVISION } from "./revision.ts";
import {
  computeRolloutStatus,
  computeStatus,
  condition,
  hasDeadline,
  pausedConditions,
  progressCheckAfterMs,
  setCondition,
} from "./status.ts";

export const deploymentController = defineController({
  name: "deployment",
  reconciles: "deployments.apps",
  owns: ["replicasets.apps"],
  // The recreate strategy waits for the last old Pod to be gone, which no ReplicaSet tells.
  watches: [
    watchOf({
      resource: "pods",
      handlers: (context) => ({
        onDelete(pod) {
          const deployment = deploymentOf(pod, context);
          if (deployment?.spec.strategy?.type === "Recreate") {
            context.enqueue(`${deployment.metadata.namespace}/${deployment.metadata.name}`);
          }
        },
      }),
    }),
  ],

  async reconcile(key, context) {
    const { client, lister, clock } = context;
    const cached = lister("deployments.apps").get(key);
    if (cached === undefined) return undefined;
    const replicaSets = await claimChildren<ReplicaSet>({
      client,
      controller: cached,
      controllerResource: "deployments.apps",
      resource: "replicasets.apps",
      lister: lister("replicasets.apps"),
      selector: compiledSelector(cached.spec.selector),
    });
    const family = familyOf(cached, replicaSets);
    const conditions = isDeleting(cached)
      ? cached.status?.conditions
      : pausedConditions(cached, clock.now());
    const deployment = { ...cached, status: { ...cached.status, conditions } };
    const wanted = await rollOut(deployment, family, context);
    if (await writeIfChanged(cached, wanted, context)) return undefined;
    return { requeueAfterMs: progressCheckAfterMs(cached, clock.now()) };
  },
});

function deploymentOf(pod: Pod, { lister }: ControllerContext): Deployment | undefined {
  const { namespace } = pod.metadata;
  const replicaSet = lister("replicasets.apps").get(`${namespace}/${controllerOf(pod)?.name}`);
  if (replicaSet === undefined) return undefined;
  return lister("deployments.apps").get(`${namespace}/${controllerOf(replicaSet)?.name}`);
}

interface Wanted {
  status: DeploymentStatus;
  revision: string | undefined;
  /** To be thrown once the status has been written. */
  error?: unknown;
}

/** Plans and applies; returns what the Deployment should say afterwards. */
async function rollOut(
  deployment: Deployment,
  { current, old }: Family,
  context: ControllerContext,
): Promise<Wanted> {
  const nowMs = context.clock.now();
  const revision = deployment.metadata.annotations?.[REVISION];
  const { actions, rollsOut } = planDeployment({
    deployment,
    current,
    old,
    oldPodsRunning: old.some((replicaSet) => hasRunningPods(replicaSet, context)),
  });
  try {
    const applied = await applyPlan(actions, deployment, context);
    const now = applied.current ?? current;
    const { status } = deployment;
    status.conditions = progressOf(deployment, now, applied.created, nowMs);
    const all = now === undefined ? old : [...old, now];
    const compute = rollsOut ? computeRolloutStatus : computeStatus;
    return {
      status: compute(deployment, now, all, nowMs),
      revision: now?.metadata.annotations?.[REVISION] ?? revision,
    };
  } catch (error) {
    const { status } = deployment;
    if (error instanceof HashCollisionError) {
      const collisionCount = (status.collisionCount ?? 0) + 1;
      return { status: { ...status, collisionCount }, revision, error };
    }
    if (error instanceof CreationError && hasDeadline(deployment)) {
      const failed = condition(
        "Progressing",
        "False",
        "ReplicaSetCreateError",
        error.message,
        nowMs,
      );
      const conditions = setCondition(status.conditions, failed);
      return { status: { ...status, conditions }, revision, error };
    }
    throw error;
  }
}

/** Progressing says at first where the current ReplicaSet comes from. */
function progressOf(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  created: boolean,
  nowMs: number,
): DeploymentStatus["conditions"] {
  const { conditions } = deployment.status;
  if (current === undefined || !hasDeadline(deployment)) return conditions;
  const name = JSON.stringify(current.metadata.name);
  if (created) {
    const message = `Created new replica set ${name}`;
    const progressing = condition("Progressing", "True", "NewReplicaSetCreated", message, nowMs);
    return setCondition(conditions, progressing);
  }
  if (findCondition(conditions, "Progressing") !== undefined) return conditions;
  const message = `Found new replica set ${name}`;
  const progressing = condition("Progressing", "True", "FoundNewReplicaSet", message, nowMs);
  return setCondition(conditions, progressing);
}

const hasRunningPods = (replicaSet: ReplicaSet, { lister }: ControllerContext): boolean =>
  lister("pods")
    .byIndex(BY_CONTROLLER, replicaSet.metadata.uid)
    .some(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed");

/** True when something was written: the change will wake the controller again. */
async function writeIfChanged(
  cached: Deployment,
  { status, revision, error }: Wanted,
  { client }: ControllerContext,
): Promise<boolean> {
  const { annotations } = cached.metadata;
  const sameRevision = annotations?.[REVISION] === revision;
  const changed = !sameRevision || !sameStatus(cached.status, status);
  if (changed) {
    const metadata =
      sameRevision || revision === undefined
        ? cached.metadata
        : { ...cached.metadata, annotations: { ...annotations, [REVISION]: revision } };
    await client.for("deployments.apps").updateStatus({ ...cached, metadata, status });
  }
  if (error !== undefined) throw error;
  return changed;
}

/** Absent counts are zero, but the number of terminating Pods may be unknown. */
function sameStatus(before: DeploymentStatus | undefined, after: DeploymentStatus): boolean {
  const zero = { replicas: 0, updatedReplicas: 0, readyReplicas: 0 };
  const zeroed = { ...zero, availableReplicas: 0, unavailableReplicas: 0, ...before };
  return semanticEqual(zeroed, after);
}
