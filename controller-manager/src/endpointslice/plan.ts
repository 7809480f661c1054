// Which EndpointSlices a Service is to have: at most 100 endpoints each, all with the same ports; as few as possible are
// changed. Pure (upstream: endpointslice reconciler.go).
import type { Draft } from "@coracle/shared/api/resources";
import type { Node, Pod, Service } from "@coracle/shared/api/types/core-v1";
import type { Endpoint, EndpointPort, EndpointSlice } from "@coracle/shared/api/types/discovery-v1";
import { controllerReference } from "@coracle/shared/machinery/owner-references";
import { semanticEqual } from "@coracle/shared/machinery/semantic-equal";
import {
  addressesOf,
  hostnameOf,
  isHeadless,
  isIPv6,
  targetOf,
  targetPort,
} from "../endpoints/service-pods.ts";
import { readySinceMs } from "../replicaset/pod-state.ts";

export const SERVICE_NAME = "kubernetes.io/service-name";
export const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
export const MANAGER = "endpointslice-controller.k8s.io";
const HEADLESS = "service.kubernetes.io/headless";
const RESERVED = [SERVICE_NAME, MANAGED_BY, HEADLESS];
const ENDPOINTS_MAX = 100;

export interface SlicePlan {
  create: Draft<EndpointSlice>[];
  update: EndpointSlice[];
  delete: EndpointSlice[];
  /** Pods that are left out because their node is not known (yet). */
  withoutNode: Pod[];
}

export interface ServiceView {
  service: Service;
  pods: readonly Pod[];
  /** The Service's, of this controller. */
  slices: readonly EndpointSlice[];
  nodeOf(name: string): Node | undefined;
}

export function planSlices(view: ServiceView): SlicePlan {
  const plan: SlicePlan = { create: [], update: [], delete: [], withoutNode: [] };
  const types = view.service.spec.ipFamilies ?? ["IPv4"];
  plan.delete.push(...view.slices.filter(({ addressType }) => !isOneOf(types, addressType)));
  for (const type of types) {
    const slices = view.slices.filter(({ addressType }) => addressType === type);
    planFamily(type, { ...view, slices }, plan);
  }
  plan.withoutNode = [...new Set(plan.withoutNode)];
  return plan;
}

const isOneOf = (types: readonly string[], type: string): boolean => types.includes(type);

interface Group {
  ports: EndpointPort[];
  endpoints: Endpoint[];
}

function planFamily(type: string, view: ServiceView, plan: SlicePlan): void {
  const { service, slices } = view;
  const owned = slices.filter((slice) => isOwned(slice, service));
  const family: SlicePlan = {
    create: [],
    update: [],
    delete: slices.filter((slice) => !owned.includes(slice)),
    withoutNode: [],
  };
  const groups = groupsOf(type, view, family);
  for (const [key, group] of groups) {
    const same = owned.filter(({ ports }) => portsKey(ports ?? []) === key);
    planGroup(type, service, { group, slices: same }, family);
  }
  family.delete.push(...owned.filter(({ ports }) => !groups.has(portsKey(ports ?? []))));
  if (slices.length === family.delete.length && family.create.length === 0) {
    // Readers can tell "no endpoints" from "not computed yet".
    const placeholder = newSlice(type, service, []);
    const [only, ...others] = family.delete;
    if (others.length === 0 && only !== undefined && isPlaceholder(only, placeholder)) {
      family.delete = [];
    } else family.create.push(placeholder);
  }
  reuse(family, service);
  plan.create.push(...family.create);
  plan.update.push(...family.update);
  plan.delete.push(...family.delete);
  plan.withoutNode.push(...family.withoutNode);
}

const isOwned = ({ metadata }: EndpointSlice, service: Service): boolean =>
  metadata.ownerReferences?.some(
    ({ kind, apiVersion, uid }) =>
      kind === "Service" && apiVersion === "v1" && uid === service.metadata.uid,
  ) ?? false;

function isPlaceholder(slice: EndpointSlice, placeholder: Draft<EndpointSlice>): boolean {
  return (
    (slice.endpoints ?? []).length === 0 &&
    (slice.ports ?? []).length === 0 &&
    sameLabels(slice.metadata.labels, placeholder.metadata.labels) &&
    semanticEqual(slice.metadata.ownerReferences, placeholder.metadata.ownerReferences)
  );
}

function sameLabels(a: Record<string, string> = {}, b: Record<string, string> = {}): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** Ports may be in any order, and absent. */
const portsKey = (ports: readonly EndpointPort[]): string =>
  JSON.stringify(
    ports
      .map(({ name = "", port, protocol = "TCP", appProtocol = null }) => [
        name,
        port,
        protocol,
        appProtocol,
      ])
      .map((port) => JSON.stringify(port))
      .sort(),
  );

function groupsOf(type: string, view: ServiceView, plan: SlicePlan): Map<string, Group> {
  const { service } = view;
  const groups = new Map<string, Group>();
  for (const pod of view.pods) {
    const ports = portsOf(service, pod);
    const key = portsKey(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    groups.set(key, group);
    const node = view.nodeOf(pod.spec.nodeName ?? "");
    if (node === undefined && !service.spec.publishNotReadyAddresses) {
      plan.withoutNode.push(pod);
      continue;
    }
    const endpoint = endpointOf(type, service, pod, node);
    if (endpoint.addresses.length > 0) group.endpoints.push(endpoint);
  }
  return groups;
}

function portsOf({ spec }: Service, pod: Pod): EndpointPort[] {
  return (spec.ports ?? []).flatMap((port): EndpointPort[] => {
    const number = targetPort(pod, port);
    const { name = "", protocol = "TCP", appProtocol } = port;
    return number === undefined ? [] : [{ name, port: number, protocol, appProtocol }];
  });
}

function endpointOf(type: string, service: Service, pod: Pod, node: Node | undefined): Endpoint {
  const serving = readySinceMs(pod) !== undefined;
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
  const zone = node?.metadata.labels?.["topology.kubernetes.io/zone"];
  const hostname = hostnameOf(pod, service);
  return {
    addresses: addressesOf(pod).filter((address) => isIPv6(address) === (type === "IPv6")),
    conditions: { ready, serving, terminating },
    ...(hostname && { hostname }),
    targetRef: targetOf(pod),
    ...(pod.spec.nodeName && { nodeName: pod.spec.nodeName }),
    ...(zone && { zone }),
  };
}

const endpointKey = ({ addresses, hostname, targetRef }: Endpoint): string =>
  JSON.stringify([[...addresses].sort(), hostname ?? "", targetRef?.namespace, targetRef?.name]);

function planGroup(
  type: string,
  service: Service,
  { group, slices }: { group: Group; slices: readonly EndpointSlice[] },
  plan: SlicePlan,
): void {
  const wanted = new Map(group.endpoints.map((endpoint) => [endpointKey(endpoint), endpoint]));
  const labels = labelsOf(service);
  const updated: EndpointSlice[] = [];
  const unchanged: EndpointSlice[] = [];
  for (const slice of slices) {
    const before = slice.endpoints ?? [];
    const kept: Endpoint[] = [];
    let changed = false;
    for (const endpoint of before) {
      const key = endpointKey(endpoint);
      const now = wanted.get(key);
      if (now === undefined) continue;
      wanted.delete(key);
      kept.push(now);
      changed ||= !semanticEqual({ ...endpoint, hints: undefined }, now);
    }
    changed ||= kept.length !== before.length;
    if (changed && kept.length === 0) plan.delete.push(slice);
    else if (changed || !sameLabels(slice.metadata.labels, labels)) {
      updated.push({ ...slice, metadata: { ...slice.metadata, labels }, endpoints: kept });
    } else unchanged.push(slice);
  }
  const left = [...wanted.values()];
  updated.sort((a, b) => (b.endpoints?.length ?? 0) - (a.endpoints?.length ?? 0));
  for (const slice of updated) fill(slice, left);
  while (left.length > 0) {
    const at = roomiest(unchanged, left.length);
    const [slice] = at < 0 ? [] : unchanged.splice(at, 1);
    if (slice === undefined) {
      const created = newSlice(type, service, group.ports);
      fill(created, left);
      plan.create.push(created);
    } else {
      const filled = { ...slice, endpoints: [...(slice.endpoints ?? [])] };
      fill(filled, left);
      updated.push(filled);
    }
  }
  plan.update.push(...updated);
}

function fill(slice: { endpoints?: Endpoint[] }, left: Endpoint[]): void {
  const endpoints = slice.endpoints ?? [];
  endpoints.push(...left.splice(0, ENDPOINTS_MAX - endpoints.length));
  slice.endpoints = endpoints;
}

/** The one that will be fullest with `count` more; -1 when none has room for them. */
function roomiest(slices: readonly EndpointSlice[], count: number): number {
  let best = -1;
  let bestRoom = ENDPOINTS_MAX;
  slices.forEach(({ endpoints = [] }, i) => {
    const room = ENDPOINTS_MAX - endpoints.length - count;
    if (room >= 0 && room < bestRoom) {
      best = i;
      bestRoom = room;
    }
  });
  return best;
}

function labelsOf(service: Service): Record<string, string> {
  const own = Object.entries(service.metadata.labels ?? {});
  return {
    ...Object.fromEntries(own.filter(([name]) => !RESERVED.includes(name))),
    ...(isHeadless(service) && { [HEADLESS]: "" }),
    [SERVICE_NAME]: service.metadata.name,
    [MANAGED_BY]: MANAGER,
  };
}

function newSlice(
  addressType: string,
  service: Service,
  ports: EndpointPort[],
): Draft<EndpointSlice> {
  const { name, namespace } = service.metadata;
  return {
    kind: "EndpointSlice",
    apiVersion: "discovery.k8s.io/v1",
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: labelsOf(service),
      ownerReferences: [controllerReference(service, "v1", "Service")],
    },
    addressType,
    endpoints: [],
    ports,
  };
}

/** A slice that would be deleted is given new content instead of a new one being made. */
function reuse(plan: SlicePlan, service: Service): void {
  const deleted = plan.delete;
  plan.delete = [];
  for (const slice of deleted) {
    const created = isOwned(slice, service) ? plan.create.pop() : undefined;
    if (created === undefined) plan.delete.push(slice);
    else {
      const { labels } = created.metadata;
      const metadata = { ...slice.metadata, labels };
      plan.update.push({ ...slice, metadata, endpoints: created.endpoints, ports: created.ports });
    }
  }
}
