// Wires the scheduler: two informers feed it, the client carries its decisions.

import type { Node, Pod } from "@coracle/shared/api/types/core-v1";
import { Informer } from "@coracle/shared/cache/informer";
import type { Client } from "@coracle/shared/client/client";
import { EventRecorder } from "@coracle/shared/controller/event-recorder";
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import type { Random } from "@coracle/shared/runtime/random";
import { defaultProfile } from "./profile.ts";
import { Scheduler } from "./scheduler.ts";

export interface SchedulerDependencies {
  client: Client;
  /** Resolves when this process may act; until then it stands by, with synced informers. Default: at once. */
  leading?: Promise<void>;
  clock: Clock;
  random: Random;
  logger: Logger;
}

export interface RunningScheduler {
  isReady(): boolean;
  /** Resolves when it schedules: both informers have their first list, and this process leads. */
  ready: Promise<void>;
  close(): Promise<void>;
}

/** Finished Pods hold nothing, so the scheduler does not even hear of them. */
const LIVE_PODS = "status.phase!=Succeeded,status.phase!=Failed";

export function start(dependencies: SchedulerDependencies): RunningScheduler {
  const { client, clock, logger, leading } = dependencies;
  const stopping = new AbortController();
  const recorder = new EventRecorder({ ...dependencies, component: "default-scheduler" });
  const scheduler = new Scheduler({ ...dependencies, profile: defaultProfile, recorder });
  const nodes = new Informer<Node>({ ...dependencies, resource: "nodes" });
  const pods = new Informer<Pod>({ ...dependencies, resource: "pods", fieldSelector: LIVE_PODS });
  nodes.addHandlers({
    onAdd: (node) => scheduler.putNode(node),
    onUpdate: (old, node) => scheduler.putNode(node, old),
    onDelete: (node) => scheduler.removeNode(node),
  });
  pods.addHandlers({
    onAdd: (pod) => scheduler.putPod(pod),
    onUpdate: (old, pod) => scheduler.updatePod(old, pod),
    onDelete: (pod) => scheduler.removePod(pod),
  });
  nodes.start(stopping.signal);
  pods.start(stopping.signal);
  const startedAt = clock.monotonic();
  const ready = Promise.all([nodes.synced, pods.synced, leading]).then(() => {
    if (stopping.signal.aborted) return;
    logger.info({ afterMs: Math.round(clock.monotonic() - startedAt) }, "scheduling");
    scheduler.start();
  });
  return {
    ready,
    isReady: () => nodes.hasSynced() && pods.hasSynced(),
    async close() {
      await scheduler.close();
      stopping.abort();
      await recorder.flush();
      client.close();
    },
  };
}
