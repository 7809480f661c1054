// Wires the API server: store → watch caches → registry → HTTP. Ready when the bootstrap objects are there.
import { setMaxListeners } from "node:events";
import type { AddressInfo } from "node:net";
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import { Metrics } from "@coracle/shared/runtime/metrics";
import type { Random } from "@coracle/shared/runtime/random";
import { AdmissionChain } from "./admission/chain.ts";
import { namespaceLifecycle } from "./admission/namespace-lifecycle.ts";
import { podDefaults } from "./admission/pod-defaults.ts";
import { serviceAddresses } from "./admission/service-addresses.ts";
import { createBootstrapObjects } from "./bootstrap.ts";
import { Discovery } from "./encoding/discovery.ts";
import { OpenApi } from "./encoding/openapi.ts";
import { createAuthenticator } from "./filters/authentication.ts";
import type { KubeletCredentials } from "./handlers/connect.ts";
import { Health } from "./handlers/health.ts";
import { RequestMetrics } from "./handlers/request-metrics.ts";
import { Registry } from "./registry/registry.ts";
import { type Behaviours, builtInTable } from "./registry/resource-table.ts";
import { behaviours } from "./resources/behaviours.ts";
import { createServer, type TlsConfig } from "./server.ts";
import { openLevelStorage } from "./storage/level/level-storage.ts";

export interface ApiServerConfig {
  dataDir: string;
  /** Who opens it, for the error of whoever comes second: `apiserver, pid 7`. */
  holder: string;
  bindAddress: string;
  /** 0: any free port. */
  port: number;
  tls: TlsConfig;
  kubelet: KubeletCredentials;
  tokenFile: string | undefined;
  /** False acknowledges writes before they are on disk: for tests only. */
  sync: boolean;
}

export interface ApiServerDependencies {
  clock: Clock;
  random: Random;
  logger: Logger;
}

export interface RunningApiServer {
  port: number;
  close(): Promise<void>;
}

/** Rejects when the port is taken or the data directory cannot be opened. */
export async function start(
  config: ApiServerConfig,
  dependencies: ApiServerDependencies,
): Promise<RunningApiServer> {
  const { clock, random, logger } = dependencies;
  if (!config.sync)
    logger.warn("writes are acknowledged before they are on disk: --unsafe-no-sync");
  const storage = await openLevelStorage({
    directory: config.dataDir,
    clock,
    logger,
    sync: config.sync,
    holder: config.holder,
  });
  const resources = builtInTable(behaviours as unknown as Behaviours, { storage, clock, logger });
  await Promise.all(resources.all().map(({ cache }) => cache.start()));
  const admission = new AdmissionChain([
    namespaceLifecycle(resources.named("namespaces")),
    podDefaults(resources.named("pods"), resources.named("serviceaccounts"), random),
    serviceAddresses(resources.named("services"), random),
  ]);
  const registry = new Registry({ storage, admission, clock, random, logger });
  const metrics = new Metrics();
  const requestMetrics = new RequestMetrics(metrics);
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal); // every watch listens
  let ready = false;
  const app = createServer({
    tls: config.tls,
    authenticate: createAuthenticator(config.tokenFile),
    registry,
    resources,
    clock,
    random,
    logger,
    kubelet: config.kubelet,
    health: new Health([
      { name: "ping", failure: () => undefined },
      { name: "log", failure: () => undefined },
      { name: "etcd", failure: () => registry.storageFailure },
      {
        name: "poststarthook/bootstrap",
        failure: () => (ready ? undefined : "not finished"),
        readyOnly: true,
      },
    ]),
    discovery: new Discovery(() => resources.all()),
    openApi: new OpenApi(() => resources.all()),
    metrics: () => {
      requestMetrics.flush();
      return metrics.render();
    },
    requestMetrics,
    stopping: stopping.signal,
  });
  const close = async () => {
    stopping.abort();
    await app.close();
    await Promise.all(resources.all().map(({ cache }) => cache.stop()));
    await storage.close();
  };
  try {
    await app.listen({ host: config.bindAddress, port: config.port });
    const { port } = app.server.address() as AddressInfo;
    await createBootstrapObjects(registry, resources, {
      securePort: port,
      clientCa: config.tls.clientCa,
      now: clock.now(),
    });
    ready = true;
    logger.info({ address: `https://${config.bindAddress}:${port}` }, "serving");
    return { port, close };
  } catch (error) {
    await close();
    throw error;
  }
}
