// Wires the API server: store → watch caches → registry → HTTP. Ready when the bootstrap objects are there.
import { setMaxListeners } from "node:events";
import type { AddressInfo, Server } from "node:net";
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import { Metrics } from "@coracle/shared/runtime/metrics";
import type { Random } from "@coracle/shared/runtime/random";
import { builtInAdmission } from "./admission/built-in.ts";
import { keepAvailability } from "./api-service-availability.ts";
import { createBootstrapObjects } from "./bootstrap.ts";
import {
  type ControlplaneConfig,
  type ControlplaneDependencies,
  startControlplane,
} from "./controlplane/start-controlplane.ts";
import { Discovery } from "./encoding/discovery.ts";
import { OpenApi } from "./encoding/openapi.ts";
import { fileDescriptions } from "./encoding/openapi-descriptions.ts";
import { Access, type AccessConfig } from "./filters/access.ts";
import { InFlight, type InFlightLimits } from "./filters/in-flight.ts";
import { describeComputed } from "./handlers/computed.ts";
import type { KubeletCredentials } from "./handlers/connect.ts";
import { type Check, Health } from "./handlers/health.ts";
import { openIdReply } from "./handlers/openid.ts";
import { RequestMetrics } from "./handlers/request-metrics.ts";
import { snapshotHandler } from "./handlers/snapshot.ts";
import { together } from "./registry/companions.ts";
import { Registry } from "./registry/registry.ts";
import { type Behaviours, builtInTable } from "./registry/resource-table.ts";
import { serviceIpAddresses } from "./registry/service-ip-addresses.ts";
import { serviceNodePorts } from "./registry/service-node-ports.ts";
import { behaviours } from "./resources/behaviours.ts";
import type { BootstrapOptions } from "./resources/bootstrap-objects.ts";
import { kindVersions } from "./resources/kind-versions.ts";
import { createServer, type TlsConfig } from "./server.ts";
import { openStorage, type StoreConfig } from "./storage/open-storage.ts";

const REQUEST_TIMEOUT_MS = 60_000;

export interface ApiServerConfig extends AccessConfig {
  store: StoreConfig;
  bindAddress: string;
  /** 0: any free port. */
  port: number;
  tls: TlsConfig;
  kubelet: KubeletCredentials;
  /** How this server shows itself to the cluster; absent: it does not. */
  controlplane?: ControlplaneConfig;
  /** Where other components of this machine answer /healthz in plain HTTP, by name. Default none. */
  componentPorts?: Readonly<Record<string, number>>;
  /** Texts for `kubectl explain`, which the build makes; it may be missing. */
  descriptionsFile: string;
  inFlight?: InFlightLimits;
  /** Of requests that are not meant to last. Default 60 s. */
  requestTimeoutMs?: number;
  /** Of the latest events of each resource, which watches resume from. Default 32 MiB. */
  watchHistoryBytesMax?: number;
}

export interface ApiServerDependencies {
  clock: Clock;
  random: Random;
  logger: Logger;
  /** For tests: whoever changes a stored object, which is shared, gets an error. */
  frozenObjects?: boolean;
}

export interface RunningApiServer {
  port: number;
  close(): Promise<void>;
}

const portOf = ({ server }: { server: Server }): number => (server.address() as AddressInfo).port;

function healthOf(failures: Record<"store" | "bootstrap", Check["failure"]>): Health {
  return new Health([
    { name: "ping", failure: () => undefined },
    { name: "log", failure: () => undefined },
    { name: "etcd", failure: failures.store },
    { name: "poststarthook/bootstrap", failure: failures.bootstrap, readyOnly: true },
  ]);
}

/** The store, every kind's objects in memory, and the path on which they are written. */
async function openRegistry(config: ApiServerConfig, dependencies: ApiServerDependencies) {
  const { clock, random, logger } = dependencies;
  const opened = await openStorage(config.store, dependencies);
  const { storage } = opened;
  const resources = builtInTable(behaviours as unknown as Behaviours, kindVersions, {
    storage,
    clock,
    logger,
    watchHistoryBytesMax: config.watchHistoryBytesMax,
  });
  describeComputed(resources);
  const stored = resources.all().filter(({ conversion }) => conversion === undefined);
  await Promise.all(stored.map(({ cache }) => cache.start()));
  const admission = builtInAdmission({ resources, registry: () => registry, clock, random });
  const registry: Registry = new Registry({
    storage,
    admission,
    clock,
    random,
    logger,
    companions: together([
      serviceIpAddresses(resources, clock, random),
      serviceNodePorts(resources),
    ]),
    frozen: dependencies.frozenObjects,
  });
  return { ...opened, resources, registry };
}

const bootstrapOptions = (
  { controlplane, tls }: ApiServerConfig,
  port: number,
  clock: Clock,
): BootstrapOptions => ({
  securePort: controlplane?.advertisePort ?? port,
  clientCa: tls.clientCa,
  now: clock.now(),
});

/** What the server does besides once it serves. Returns what ends it, which does not throw. */
function startBackground(
  { controlplane }: ApiServerConfig,
  port: number,
  dependencies: ControlplaneDependencies,
): () => Promise<void> {
  const stopAvailability = keepAvailability(dependencies);
  const leave = controlplane && startControlplane(controlplane, port, dependencies);
  return async () => {
    await leave?.();
    stopAvailability();
  };
}

/** Rejects when the port is taken or the data directory cannot be opened. */
export async function start(
  config: ApiServerConfig,
  dependencies: ApiServerDependencies,
): Promise<RunningApiServer> {
  const { clock, random, logger } = dependencies;
  const { storage, failure, caughtUp, resources, registry } = await openRegistry(
    config,
    dependencies,
  );
  const metrics = new Metrics();
  const requestMetrics = new RequestMetrics(metrics, (info) => resources.describes(info));
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal); // every watch listens
  const access = new Access(config, resources, clock);
  let ready = false;
  const app = createServer({
    tls: config.tls,
    access,
    registry,
    resources,
    caughtUp,
    clock,
    random,
    logger,
    kubelet: config.kubelet,
    componentPorts: config.componentPorts ?? {},
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
    snapshot: snapshotHandler(storage, clock),
    openId: (path) => openIdReply(path, access.tokens, `${config.bindAddress}:${portOf(app)}`),
    requestMetrics,
    inFlight: new InFlight(config.inFlight),
    requestTimeoutMs: config.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    stopping: stopping.signal,
  });
  let leave = async () => {};
  const close = async () => {
    await leave();
    stopping.abort();
    await app.close();
    await Promise.all(resources.all().map(({ cache }) => cache.stop()));
    await storage.close();
  };
  try {
    await app.listen({ host: config.bindAddress, port: config.port });
    const port = portOf(app);
    const first = bootstrapOptions(config, port, clock);
    await createBootstrapObjects({ storage, resources, random }, first);
    ready = true;
    const parts = { storage, registry, resources, clock, random, logger };
    leave = startBackground(config, port, parts);
    logger.info({ address: `https://${config.bindAddress}:${port}` }, "serving");
    return { port, close };
  } catch (error) {
    await close();
    throw error;
  }
}
