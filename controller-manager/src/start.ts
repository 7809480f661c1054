// The controller manager: informers shared by all controllers, and the controllers.
import { InformerFactory } from "@coracle/shared/cache/informer-factory";
import { Client, type ClientConfig } from "@coracle/shared/client/client";
import { EventRecorder } from "@coracle/shared/controller/event-recorder";
import { BY_CONTROLLER, byController } from "@coracle/shared/controller/owner-index";
import type { Clock } from "@coracle/shared/runtime/clock";
import { startHealthServer } from "@coracle/shared/runtime/health-server";
import type { Logger } from "@coracle/shared/runtime/logger";
import type { Random } from "@coracle/shared/runtime/random";
import { controllers } from "./controllers.ts";
import { BY_SERVICE, byService } from "./endpointslice/controller.ts";
import { BY_NODE, byNode } from "./nodelifecycle/by-node.ts";

export interface ControllerManagerConfig {
  client: ClientConfig;
  /** PEM, published in every namespace; undefined: not published. */
  rootCa?: string;
  /** 0: no health server. */
  healthPort: number;
}

export interface ControllerManagerDependencies {
  /** Resolves when this process may act; until then it stands by, with synced informers. Default: at once. */
  leading?: Promise<void>;
  clock: Clock;
  random: Random;
  logger: Logger;
}

export interface ControllerManager {
  /** Resolves when every controller works, from a complete cache. */
  ready: Promise<void>;
  stop(): Promise<void>;
}

export async function start(
  config: ControllerManagerConfig,
  { leading, clock, random, logger }: ControllerManagerDependencies,
): Promise<ControllerManager> {
  const client = new Client({ userAgent: "kube-controller-manager", ...config.client }, { clock });
  const byOwner = { [BY_CONTROLLER]: byController };
  const informers = new InformerFactory({
    client,
    clock,
    random,
    logger,
    indexers: {
      pods: { ...byOwner, [BY_NODE]: byNode },
      replicationcontrollers: byOwner,
      "replicasets.apps": byOwner,
      "controllerrevisions.apps": byOwner,
      "jobs.batch": byOwner,
      "endpointslices.discovery.k8s.io": { [BY_SERVICE]: byService },
    },
  });
  const recorders: EventRecorder[] = [];
  const recorderFor = (component: string) => {
    const recorder = new EventRecorder({ client, component, clock, random, logger });
    recorders.push(recorder);
    return recorder;
  };
  const dependencies = { client, informers, recorderFor, leading, clock, random, logger };
  const running = controllers(config).map((startOne) => startOne(dependencies));
  const stopping = new AbortController();
  informers.start(stopping.signal);
  const state = { ready: false };
  const ready = informers.synced().then(async () => {
    state.ready = true;
    await leading;
    logger.info({ controllers: running.map(({ name }) => name) }, "controllers ready");
  });
  const health = await startHealthServer({
    port: config.healthPort,
    isReady: () => state.ready,
  });
  return {
    ready,
    async stop() {
      stopping.abort();
      await Promise.all(running.map((controller) => controller.stop()));
      const flushed = Promise.all(recorders.map((recorder) => recorder.flush()));
      await Promise.race([flushed, clock.sleep(FLUSH_MS_MAX)]);
      await health.close();
      client.close();
    },
  };
}

/** Events that the server does not take in this time are lost. */
const FLUSH_MS_MAX = 1000;
