// The subsets of an Endpoints object: Pods by the ports that they have. Pure (upstream: api/v1/endpoints RepackSubsets).
import type {
  EndpointAddress,
  EndpointPort,
  EndpointSubset,
  Endpoints,
  Pod,
  Service,
} from "@coracle/shared/api/types/core-v1";
import { readySinceMs } from "../replicaset/pod-state.ts";
import {
  addressesOf,
  hostnameOf,
  isHeadless,
  isIPv6,
  targetOf,
  targetPort,
} from "./service-pods.ts";

const CAPACITY = 1000;

export function subsetsOf(service: Service, pods: readonly Pod[]): EndpointSubset[] {
  const { publishNotReadyAddresses = false, ports = [] } = service.spec;
  const groups = new Map<string, Required<EndpointSubset>>();
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp !== undefined && !publishNotReadyAddresses) continue;
    const address = addressOf(service, pod);
    const podPorts = portsOf(service, pod);
    if (address === undefined) continue;
    if (podPorts.length === 0 && (ports.length > 0 || !isHeadless(service))) continue;
    const key = JSON.stringify(podPorts);
    const group = groups.get(key) ?? { addresses: [], notReadyAddresses: [], ports: podPorts };
    groups.set(key, group);
    const ready = publishNotReadyAddresses || readySinceMs(pod) !== undefined;
    (ready ? group.addresses : group.notReadyAddresses).push(address);
  }
  return [...groups.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { addresses, notReadyAddresses, ports: own }]) => ({
      ...(addresses.length > 0 && { addresses: addresses.sort(byAddress) }),
      ...(notReadyAddresses.length > 0 && {
        notReadyAddresses: notReadyAddresses.sort(byAddress),
      }),
      ...(own.length > 0 && { ports: own }),
    }));
}

function addressOf(service: Service, pod: Pod): EndpointAddress | undefined {
  const [family] = service.spec.ipFamilies ?? [];
  const ip = addressesOf(pod).find((each) => isIPv6(each) === (family === "IPv6"));
  const { nodeName } = pod.spec;
  const hostname = hostnameOf(pod, service);
  if (ip === undefined) return undefined;
  return { ip, ...(hostname && { hostname }), nodeName, targetRef: targetOf(pod) };
}

function portsOf({ spec }: Service, pod: Pod): EndpointPort[] {
  return (spec.ports ?? [])
    .flatMap((port): EndpointPort[] => {
      const number = targetPort(pod, port);
      const { name, protocol = "TCP", appProtocol } = port;
      return number === undefined ? [] : [{ name, port: number, protocol, appProtocol }];
    })
    .sort((a, b) => ((a.name ?? "") < (b.name ?? "") ? -1 : 1));
}

function byAddress(a: EndpointAddress, b: EndpointAddress): number {
  const bytes = ({ ip }: EndpointAddress) =>
    ip
      .split(".")
      .map((byte) => byte.padStart(3, "0"))
      .join(".");
  return bytes(a) < bytes(b) ? -1 : 1;
}

const count = (subsets: readonly EndpointSubset[], list: "addresses" | "notReadyAddresses") =>
  subsets.reduce((total, subset) => total + (subset[list]?.length ?? 0), 0);

export const isOverCapacity = ({ subsets = [] }: Pick<Endpoints, "subsets">): boolean =>
  count(subsets, "addresses") + count(subsets, "notReadyAddresses") > CAPACITY;

/** Ready addresses are kept first, and each subset its share. */
export function truncated(subsets: readonly EndpointSubset[]): EndpointSubset[] {
  const ready = count(subsets, "addresses");
  const list = ready > CAPACITY ? "addresses" : "notReadyAddresses";
  const room = ready > CAPACITY ? CAPACITY : CAPACITY - ready;
  const total = count(subsets, list);
  let left = room;
  return subsets.map((subset) => {
    const own = subset[list] ?? [];
    const share = Math.min(left, Math.ceil((own.length / total) * room));
    left -= Math.min(share, own.length);
    const { notReadyAddresses: _notReady, ...rest } = subset;
    const kept = own.slice(0, share);
    return list === "addresses"
      ? { ...rest, addresses: kept }
      : { ...rest, ...(kept.length > 0 && { notReadyAddresses: kept }) };
  });
}
