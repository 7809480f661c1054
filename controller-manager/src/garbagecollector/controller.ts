// The garbage collector: feeds the graph of owners from informers of all kinds, and has a collector
// examine what it names.
import {
  apiVersionOf,
  type KubernetesObject,
  type ResourceName,
  resources,
} from "@coracle/shared/api/resources";
import {
  type ControllerDependencies,
  type RunningController,
  startWorkers,
} from "@coracle/shared/controller/controller";
import type { EventSubject } from "@coracle/shared/controller/event-recorder";
import { WorkQueue } from "@coracle/shared/workqueue/work-queue";
import { Collector } from "./collector.ts";
import { awaitsDependents, type Effects, type GraphNode, OwnerGraph } from "./graph.ts";

const NAME = "garbage-collector";
const WORKERS = 20;
/**
 * Each kind has a watch of its own: a dependent may be seen a little later than the deletion of its
 * owner.
 */
const SETTLE_MS = 50;

/** Events own nothing, and expire by themselves. */
const IGNORED: ReadonlySet<string> = new Set(["events", "events.events.k8s.io"]);

function subjectOf({ resource, metadata }: GraphNode): EventSubject {
  const row = resources[resource];
  return { kind: row.kind, apiVersion: apiVersionOf(row), metadata };
}

export function startGarbageCollector(dependencies: ControllerDependencies): RunningController {
  const { client, informers, clock } = dependencies;
  const logger = dependencies.logger.child({ controller: NAME });
  const recorder = dependencies.recorderFor("garbage-collector-controller");
  const graph = new OwnerGraph();
  const queue = new WorkQueue(clock);
  const orphans = new WorkQueue(clock);
  const examine = (uid: string) => {
    const node = graph.get(uid);
    if (node !== undefined && awaitsDependents(node)) queue.addAfter(uid, SETTLE_MS);
    else queue.add(uid);
  };
  const collector = new Collector({ client, graph, logger, examine });
  const enqueue = (effects: Effects) => {
    for (const uid of effects.examine) examine(uid);
    for (const uid of effects.orphan) orphans.addAfter(uid, SETTLE_MS);
    for (const { dependent, reference } of effects.misplaced) {
      const { namespace } = dependent.metadata;
      const { apiVersion, kind, name, uid } = reference;
      const owner = `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`;
      const message = `ownerRef ${owner} does not exist in namespace ${JSON.stringify(namespace)}`;
      recorder.event(subjectOf(dependent), "Warning", "OwnerRefInvalidNamespace", message);
    }
  };
  const names = (Object.keys(resources) as ResourceName[]).filter((name) => !IGNORED.has(name));
  for (const resource of names) {
    const observe = ({ metadata }: KubernetesObject) =>
      enqueue(graph.observe({ resource, metadata }));
    informers.for(resource).addHandlers({
      onAdd: observe,
      onUpdate: (_old, object) => observe(object),
      onDelete({ metadata }: KubernetesObject) {
        const effects = graph.remove(metadata.uid);
        if (effects.examine.length > 0) {
          const { namespace } = metadata;
          collector.absentOwners.add(resource, namespace, metadata);
        }
        enqueue(effects);
      },
    });
  }
  // With a kind missing from the graph, an owner might be released before its dependents are gone.
  const synced = names.map((name) => informers.for(name).synced);
  const ready = Promise.all([dependencies.leading, ...synced]);
  const process = (action: (uid: string) => Promise<void>) => async (uid: string) => {
    await action(uid);
    return undefined;
  };
  const common = { workers: WORKERS, logger, ready };
  const stopExamining = startWorkers({
    ...common,
    queue,
    process: process((uid) => collector.examine(uid)),
  });
  const stopOrphaning = startWorkers({
    ...common,
    queue: orphans,
    process: process((uid) => collector.orphan(uid)),
  });
  return {
    name: NAME,
    queue,
    async stop() {
      await Promise.all([stopExamining(), stopOrphaning()]);
    },
  };
}
