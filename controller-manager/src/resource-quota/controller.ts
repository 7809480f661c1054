// Fills in what a quota limits and counts what its namespace uses: when its spec changes, when something that it counts goes,
// and now and then, as a charge may be left over from a write that failed after its admission.
import {
  type KubernetesObject,
  keyOf,
  type ResourceName,
  resources,
  splitKey,
} from "@coracle/shared/api/resources";
import type { ResourceQuota } from "@coracle/shared/api/types/core-v1";
import {
  type ControllerDependencies,
  type RunningController,
  startWorkers,
} from "@coracle/shared/controller/controller";
import { sameAmounts } from "@coracle/shared/machinery/quota/amounts";
import type { QuotaEvaluator } from "@coracle/shared/machinery/quota/evaluator";
import { evaluatorOf } from "@coracle/shared/machinery/quota/evaluators";
import { WorkQueue } from "@coracle/shared/workqueue/work-queue";
import { planStatus } from "./plan.ts";
import { isRecounted } from "./recounts.ts";

const NAME = "resourcequota";
const WORKERS = 5;
const RECOUNT_MS = 5 * 60_000;

/** Every kind that lies in namespaces, by how it is counted. */
function countedKinds(): Map<ResourceName, QuotaEvaluator> {
  const kinds = new Map<ResourceName, QuotaEvaluator>();
  for (const name of Object.keys(resources) as ResourceName[]) {
    const { group, plural, namespaced } = resources[name];
    const evaluator = namespaced ? evaluatorOf({ group, resource: plural }) : undefined;
    if (evaluator !== undefined) kinds.set(name, evaluator);
  }
  return kinds;
}

export function startResourceQuotaController(
  dependencies: ControllerDependencies,
): RunningController {
  const { client, informers, clock } = dependencies;
  const logger = dependencies.logger.child({ controller: NAME });
  const queue = new WorkQueue(clock);
  const kinds = countedKinds();
  const quotas = informers.for("resourcequotas");

  quotas.addHandlers({
    onAdd: (quota) => queue.add(keyOf(quota)),
    onUpdate(old, quota) {
      // What admission and this controller write into the status is no reason to count again.
      if (!sameAmounts(old.spec.hard, quota.spec.hard)) queue.add(keyOf(quota));
    },
  });
  for (const [resource, evaluator] of kinds) {
    const recount = ({ metadata }: KubernetesObject) => {
      for (const quota of quotas.lister.list(metadata.namespace ?? "")) {
        const names = Object.keys(quota.status.hard ?? {});
        if (evaluator.matching(names).length > 0) queue.add(keyOf(quota));
      }
    };
    informers.for(resource).addHandlers({
      onUpdate(old, object) {
        if (isRecounted(resource, object, old, clock.now())) recount(object);
      },
      onDelete: recount,
    });
  }

  /** Kinds whose first list is still to come are counted when it is there. */
  function countedBy(quota: ResourceQuota, key: string) {
    const names = Object.keys(quota.spec.hard ?? {});
    const { namespace } = splitKey(key);
    return [...kinds]
      .filter(([, evaluator]) => evaluator.matching(names).length > 0)
      .map(([resource, evaluator]) => {
        const informer = informers.for(resource);
        if (informer.hasSynced()) return { evaluator, objects: informer.lister.list(namespace) };
        void informer.synced.then(() => queue.add(key));
        return { evaluator, objects: undefined };
      });
  }

  const stop = startWorkers({
    queue,
    workers: WORKERS,
    logger,
    ready: Promise.all([dependencies.leading, quotas.synced]),
    async process(key) {
      const quota = quotas.lister.get(key);
      if (quota === undefined) return undefined;
      const status = planStatus(quota, countedBy(quota, key), clock.now());
      if (status !== undefined) {
        await client.for("resourcequotas").updateStatus({ ...quota, status });
        logger.info({ object: `resourcequota ${key}` }, "counted what the namespace uses");
      }
      return { requeueAfterMs: RECOUNT_MS };
    },
  });
  return { name: NAME, queue, stop };
}
