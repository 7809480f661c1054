// Keeps the Available condition of APIServices that name a Service (upstream: kube-aggregator's available controllers). As
// requests are not forwarded, none of them gets further than that its Service has endpoints.
import type { APIService, APIServiceCondition } from "@coracle/shared/api/types/apiregistration-v1";
import type { Service } from "@coracle/shared/api/types/core-v1";
import type { EndpointSlice } from "@coracle/shared/api/types/discovery-v1";
import { isConflict, isNotFound } from "@coracle/shared/machinery/status-error";
import { type Clock, formatTime, type Timer } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import { updateManagedFields } from "./apply/managed-fields.ts";
import { ownershipLimits } from "./apply/reset-fields.ts";
import type { Registry } from "./registry/registry.ts";
import type { ResourceTable } from "./registry/resource-table.ts";
import type { AnyObject, ServedResource } from "./registry/served-resource.ts";
import type { UpdateStrategy } from "./registry/strategy.ts";
import { serverUser } from "./registry/user.ts";
import { localCondition } from "./resources/apiregistration/apiservice.ts";
import type { CachedObject } from "./storage/watch-cache.ts";

export interface AvailabilityDependencies {
  registry: Registry;
  resources: ResourceTable;
  clock: Clock;
  logger: Logger;
}

/** How often Services and their endpoints are looked at again, while an APIService names one. */
const RESYNC_MS = 30_000;

const SLICE_SERVICE = "kubernetes.io/service-name";

const parsed = <T>({ bytes }: CachedObject): T => JSON.parse(bytes.toString()) as T;

/** Returns what ends it. */
export function keepAvailability(dependencies: AvailabilityDependencies): () => void {
  const { resources, clock, logger } = dependencies;
  const found = resources.find("apiregistration.k8s.io", "v1", "apiservices");
  if (found === undefined) return () => {};
  const apiServices: ServedResource = found;
  const { cache } = apiServices;
  const cursor = cache.watch({ fromRevision: cache.revision });
  let timer: Timer | undefined;
  let running = false;
  let again = false;
  let stopped = false;

  async function sync(): Promise<void> {
    if (stopped) return;
    again = running;
    if (running) return;
    running = true;
    timer?.cancel();
    timer = undefined;
    cursor.readEvents();
    let remote = 0;
    for (const item of cache.list({}).items) {
      if (parsed<APIService>(item).spec.service) remote++;
      await settle(item.name, apiServices, dependencies).catch((error: unknown) => {
        if (isNotFound(error) || isConflict(error)) return; // somebody else was first
        logger.warn({ err: error, apiService: item.name }, "availability not written");
      });
    }
    running = false;
    if (again) void sync();
    else if (remote > 0 && !stopped) timer = clock.setTimer(RESYNC_MS, () => void sync());
  }

  cursor.onReadable(() => void sync());
  void sync();
  return () => {
    stopped = true;
    timer?.cancel();
    cursor.close();
  };
}

async function settle(
  name: string,
  apiServices: ServedResource,
  { registry, resources, clock }: AvailabilityDependencies,
): Promise<void> {
  const cached = apiServices.cache.get("", name);
  if (cached === undefined) return;
  const wanted = conditionOf(parsed(cached), resources, clock.now());
  if (isSame(parsed(cached), wanted)) return;
  const target = { resource: apiServices, namespace: "", name, subresource: "status" };
  const strategy = apiServices.behaviour.statusStrategy as UpdateStrategy<AnyObject>;
  await registry.update(
    target,
    (current) => {
      const live = (current ?? registry.current(target)).object;
      const object = structuredClone(live) as unknown as APIService;
      const others = object.status.conditions?.filter(({ type }) => type !== wanted.type) ?? [];
      object.status = { conditions: [...others, wanted] };
      const changed = object as unknown as AnyObject;
      updateManagedFields(live, changed, {
        typeName: apiServices.typeName,
        apiVersion: apiServices.apiVersion,
        manager: "kube-apiserver",
        time: formatTime(clock.now()),
        subresource: "status",
        ...ownershipLimits(apiServices.group, apiServices.resource, "status"),
      });
      return changed;
    },
    { user: serverUser, dryRun: false },
    strategy,
  );
}

function isSame({ status }: APIService, wanted: APIServiceCondition): boolean {
  const now = status.conditions?.find(({ type }) => type === wanted.type);
  return (
    now?.status === wanted.status && now.reason === wanted.reason && now.message === wanted.message
  );
}

export function conditionOf(
  { spec, status }: APIService,
  resources: ResourceTable,
  now: number,
): APIServiceCondition {
  const before = status.conditions?.find(({ type }) => type === "Available");
  const keepTime = (condition: APIServiceCondition): APIServiceCondition =>
    before?.status === condition.status && before.lastTransitionTime !== undefined
      ? { ...condition, lastTransitionTime: before.lastTransitionTime }
      : condition;
  if (!spec.service) return keepTime(localCondition(now));
  const [reason, message] = obstacle(spec, resources);
  const lastTransitionTime = formatTime(now);
  return keepTime({ type: "Available", status: "False", lastTransitionTime, reason, message });
}

/** Why requests cannot be forwarded: reason and message. */
function obstacle(spec: APIService["spec"], resources: ResourceTable): [string, string] {
  const { namespace = "", name = "", port = 443 } = spec.service ?? {};
  const shown = `service/${name} in ${JSON.stringify(namespace)}`;
  const cached = resources.named("services").cache.get(namespace, name);
  if (cached === undefined) return ["ServiceNotFound", `${shown} is not present`];
  const service = parsed<Service>(cached);
  if (service.spec.type === "ClusterIP") {
    const row = service.spec.ports?.find((one) => one.port === port);
    if (row === undefined) {
      return ["ServicePortError", `${shown} is not listening on port ${port}`];
    }
    const slices = slicesOf(namespace, name, resources);
    if (slices.length === 0)
      return ["EndpointsNotFound", `cannot find endpointslices for ${shown}`];
    const portName = row.name ?? "";
    if (!slices.some((slice) => isServing(slice, portName))) {
      const message = `endpointslices for ${shown} have no addresses with port name ${JSON.stringify(portName)}`;
      return ["MissingEndpoints", message];
    }
  }
  const url = `https://${name}.${namespace}.svc:${port}/apis/${spec.group}/${spec.version}`;
  const why = "requests are not forwarded to other API servers";
  return ["FailedDiscoveryCheck", `failing or missing response from ${url}: ${why}`];
}

function slicesOf(namespace: string, service: string, resources: ResourceTable): EndpointSlice[] {
  const slices = resources.find("discovery.k8s.io", "v1", "endpointslices");
  const predicate = ({ labels }: CachedObject) => labels?.[SLICE_SERVICE] === service;
  return (slices?.cache.list({ namespace, predicate }).items ?? []).map((item) => parsed(item));
}

function isServing({ endpoints, ports }: EndpointSlice, portName: string): boolean {
  const isReady = (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false);
  return isReady && (ports ?? []).some(({ name, port }) => name === portName && port !== undefined);
}
