// What an API server does for its cluster in the background once it serves: it keeps the `kubernetes` Service and the
// addresses behind it, and says that it is there (upstream: pkg/controlplane). Nobody waits for it.
import type { Lease } from "@coracle/shared/api/types/coordination-v1";
import type { Endpoints, Service } from "@coracle/shared/api/types/core-v1";
import type { EndpointSlice } from "@coracle/shared/api/types/discovery-v1";
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import type { Random } from "@coracle/shared/runtime/random";
import type { Registry } from "../registry/registry.ts";
import type { ResourceTable } from "../registry/resource-table.ts";
import { bootstrapObjects } from "../resources/bootstrap-objects.ts";
import type { Storage } from "../storage/storage.ts";
import { AddressLeases } from "./address-leases.ts";
import { EndpointReconciler } from "./endpoint-reconciler.ts";
import { KUBERNETES } from "./endpoints-plan.ts";
import { deleteExpiredIdentities, IdentityLease, identityName } from "./identity-lease.ts";
import { type Repeated, repeat } from "./repeat.ts";
import { ServerObjects } from "./server-objects.ts";

export const ENDPOINT_RECONCILERS = ["lease", "none"] as const;
export type EndpointReconcilerType = (typeof ENDPOINT_RECONCILERS)[number];

export interface ControlplaneConfig {
  hostName: string;
  /** None: this server has no address that could be shown. */
  advertiseAddress?: string;
  /** At which all API servers are to be found, when that is a front's; default the server's own port. */
  advertisePort?: number;
  /** none: the Endpoints of the `kubernetes` Service are somebody else's. */
  endpointReconciler: EndpointReconcilerType;
}

export interface ControlplaneDependencies {
  storage: Storage;
  registry: Registry;
  resources: ResourceTable;
  clock: Clock;
  random: Random;
  logger: Logger;
}

/** Upstream asks itself so often whether it is ready; who starts a cluster has the machine to itself until then. */
const DELAY_MS = 100;
const ENDPOINTS_MS = 10_000;
const IDENTITY_MS = 10_000;
const EXPIRED_MS = 3600_000;
/** A store that does not answer must not hold up the end of the server. */
const LEAVE_MS_MAX = 2_000;

/** `port`: the server's own. Returns what ends it, which does not throw. */
export function startControlplane(
  config: ControlplaneConfig,
  port: number,
  dependencies: ControlplaneDependencies,
): () => Promise<void> {
  const { registry, resources, clock, logger } = dependencies;
  const leases = new ServerObjects<Lease>(
    registry,
    resources.named("leases.coordination.k8s.io"),
    clock,
  );
  const reconciler = reconcilerOf(config, port, dependencies);
  const identity = identityOf(config, port, leases, dependencies);
  const service = new ServerObjects<Service>(registry, resources.named("services"), clock);
  const each = (name: string, intervalMs: number, task: () => Promise<void>): Repeated =>
    repeat(task, { name, delayMs: DELAY_MS, intervalMs, clock, logger });
  const tasks = [
    each("kubernetes service", ENDPOINTS_MS, async () => {
      await keepService(service, config.advertisePort ?? port, clock.now());
      await reconciler?.reconcile();
    }),
    each("identity lease", IDENTITY_MS, () => identity.renew()),
    each("expired identities", EXPIRED_MS, () => deleteExpiredIdentities(leases, clock)),
  ];
  return async () => {
    const leave = async () => {
      await Promise.all(tasks.map((task) => task.stop()));
      await Promise.all([reconciler?.leave(), identity.leave()]);
    };
    const patience = new AbortController();
    const left = leave()
      .catch((error: unknown) => logger.warn({ err: error }, "address not taken back"))
      .finally(() => patience.abort());
    await Promise.race([left, clock.sleep(LEAVE_MS_MAX, patience.signal)]);
  };
}

/** Of several servers behind one front, each has a lease and a name of its own, though they share an address. */
const isBehindFront = ({ advertisePort }: ControlplaneConfig, port: number): boolean =>
  advertisePort !== undefined && advertisePort !== port;

function reconcilerOf(
  config: ControlplaneConfig,
  port: number,
  { storage, registry, resources, clock, logger }: ControlplaneDependencies,
): EndpointReconciler | undefined {
  if (config.endpointReconciler === "none") return undefined;
  const { advertiseAddress: address, advertisePort = port } = config;
  if (address === undefined) {
    logger.info("no address to advertise: the kubernetes service has no endpoints");
    return undefined;
  }
  const name = isBehindFront(config, port) ? `${address}:${port}` : address;
  return new EndpointReconciler({
    leases: new AddressLeases(storage, address, name),
    endpoints: new ServerObjects<Endpoints>(registry, resources.named("endpoints"), clock),
    slices: new ServerObjects<EndpointSlice>(
      registry,
      resources.named("endpointslices.discovery.k8s.io"),
      clock,
    ),
    port: advertisePort,
  });
}

function identityOf(
  config: ControlplaneConfig,
  port: number,
  leases: ServerObjects<Lease>,
  { clock, random }: ControlplaneDependencies,
): IdentityLease {
  const { hostName, advertiseAddress } = config;
  const distinction = isBehindFront(config, port) ? String(port) : undefined;
  return new IdentityLease({
    leases,
    name: identityName(hostName, distinction),
    hostName,
    peerAddress: advertiseAddress && `${advertiseAddress}:${port}`,
    clock,
    random,
  });
}

/** Somebody may have deleted it. What is there stays as it is. */
async function keepService(
  services: ServerObjects<Service>,
  securePort: number,
  now: number,
): Promise<void> {
  if (services.find(KUBERNETES) !== undefined) return;
  const first = bootstrapObjects({ securePort, now }).find(
    ({ resource }) => resource === "services",
  );
  if (first === undefined) return;
  const { metadata, spec } = first.object as unknown as Service;
  const { clusterIPs: _addresses, ipFamilies: _families, ...asked } = spec; // they follow from the rest
  await services.create(KUBERNETES, {
    metadata: { ...KUBERNETES, labels: metadata.labels },
    spec: asked,
  });
}
