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
import { fileDescriptions } from "./encoding/openapi-descriptions.ts";
import { createAuthenticator } from "./filters/authentication.ts";
import { describeComputed } from "./handlers/computed.ts";
import type { KubeletCredentials } from "./handlers/connect.ts";
import { type Check, Health } from "./handlers/health.ts";
import { RequestMetrics } from "./handlers/request-metrics.ts";
import { Registry } from "./registry/registry.ts";
import { type Behaviours, builtInTable, type ResourceTable } from "./registry/resource-table.ts";
import { behaviours } from "./resources/behaviours.ts";
import { kindVersions } from "./resources/kind-versions.ts";
import { createServer, type TlsConfig } from "./server.ts";
import { openStorage, type StoreConfig } from "./storage/open-storage.ts";

export interface ApiServerConfig {
  store: StoreConfig;
  bindAddress: string;
  /** 0: any free port. */
  port: number;
  tls: TlsConfig;
  kubelet: KubeletCredentials;
  tokenFile: string | undefined;
  /** Texts for `kubectl explain`, which the build makes; it may be missing. */
  descriptionsFile: string;
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

function builtInAdmission(resources: ResourceTable, random: Random): AdmissionChain {
  return new AdmissionChain([
    namespaceLifecycle(resources.named("namespaces")),
    podDefaults(resources.named("pods"), resources.named("serviceaccounts"), random),
    serviceAddresses(resources.named("services"), random),
  ]);
}

function healthOf(failures: Record<"store" | "bootstrap", Check["failure"]>): Health {
  return new Health([
    { name: "ping", failure: () => undefined },
    { name: "log", failure: () => undefined },
    { name: "etcd", failure: failures.store },
    { name: "poststarthook/bootstrap", failure: failures.bootstrap, readyOnly: true },
  ]);
}

/** Rejects when the port is taken or the data directory cannot be opened. */
export async function start(
  config: ApiServerConfig,
  dependencies: ApiServerDependencies,
): Promise<RunningApiServer> {
  const { clock, random, logger } = dependencies;
  const { storage, failure, caughtUp } = await openStorage(config.store, dependencies);
  const resources = builtInTable(behaviours as unknown as Behaviours, kindVersions, {
    storage,
    clock,
    logger,
  });
  describeComputed(resources);
  const stored = resources.all().filter(({ conversion }) => conversion === undefined);
  await Promise.all(stored.map(({ cache }) => cache.start()));
  const admission = builtInAdmission(resources, random);
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
    caughtUp,
    clock,
    random,
    logger,
    kubelet: config.kubelet,
    health: healthOf({
      store: () => registry.storageFailure ?? failure(),
      bootstrap: () => (ready ? undefined : "not finished"),
    }),
    discovery: new Discovery(() => resources.described()),
    openApi: new OpenApi(() => resources.described(), fileDescriptions(config.descriptionsFile)),
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
