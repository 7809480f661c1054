// The IPAddress of each cluster IP: made with the Service that gets it, gone with it (upstream: the IP allocator of the
// services registry, which makes it in a request of its own before).
import type { Service } from "@coracle/shared/api/types/core-v1";
import type { IPAddress } from "@coracle/shared/api/types/networking-v1";
import { invalidValue } from "@coracle/shared/machinery/field-error";
import { invalid } from "@coracle/shared/machinery/status-error";
import { type Clock, formatTime } from "@coracle/shared/runtime/clock";
import type { Random } from "@coracle/shared/runtime/random";
import { updateManagedFields } from "../apply/managed-fields.ts";
import { encodeObject } from "../encoding/encode.ts";
import { isHeadless, needsClusterIp } from "../resources/core/service-rules.ts";
import type { Operation } from "../storage/storage.ts";
import type { CompanionsOf } from "./companions.ts";
import type { ResourceTable } from "./resource-table.ts";
import { type AnyObject, keyFor, type ServedResource } from "./served-resource.ts";

const MANAGER = "kube-apiserver";
const LABELS = "ipaddress.kubernetes.io";
const NONE: readonly string[] = [];

function clusterIpsOf(object: AnyObject | undefined): readonly string[] {
  if (object === undefined) return NONE;
  const service = object as unknown as Service;
  if (!needsClusterIp(service) || isHeadless(service)) return NONE;
  return service.spec.clusterIPs ?? NONE;
}

const parentOf = ({ metadata }: AnyObject) => ({
  resource: "services",
  namespace: metadata.namespace ?? "",
  name: metadata.name,
});

interface Allocator {
  ipAddresses: ServedResource;
  clock: Clock;
  random: Random;
}

export function serviceIpAddresses(
  resources: ResourceTable,
  clock: Clock,
  random: Random,
): CompanionsOf {
  const services = resources.named("services");
  const ipAddresses = resources.named("ipaddresses.networking.k8s.io");
  const allocator = { ipAddresses, clock, random };
  return ({ resource, before, after }) => {
    if (resource !== services) return undefined;
    const had = clusterIpsOf(before);
    const wanted = clusterIpsOf(after);
    const added = after === undefined ? NONE : wanted.filter((ip) => !had.includes(ip));
    const gone = before === undefined ? NONE : had.filter((ip) => !wanted.includes(ip));
    if (added.length + gone.length === 0) return undefined;
    const made = added.flatMap((ip) => takeFor(after as AnyObject, ip, allocator));
    const freed = gone.flatMap((ip) => releaseOf(before as AnyObject, ip, allocator));
    const compares = made.map(({ key }) => ({ key, revision: 0 }));
    return { compares, operations: [...made, ...freed], caches: [ipAddresses.cache] };
  };
}

/** Whose the address is; undefined when it is nobody's. */
function holderOf(ip: string, ipAddresses: ServedResource): IPAddress["spec"] | undefined {
  const cached = ipAddresses.cache.get("", ip);
  return cached && (JSON.parse(cached.bytes.toString()) as IPAddress).spec;
}

function isHeldBy(service: AnyObject, { parentRef }: IPAddress["spec"]): boolean {
  const { resource, namespace, name } = parentOf(service);
  const { group = "" } = parentRef;
  const isService = group === "" && parentRef.resource === resource;
  return isService && parentRef.namespace === namespace && parentRef.name === name;
}

function takeFor(
  service: AnyObject,
  ip: string,
  { ipAddresses, clock, random }: Allocator,
): Operation[] {
  const holder = holderOf(ip, ipAddresses);
  if (holder !== undefined) {
    if (isHeldBy(service, holder)) return [];
    const detail = `failed to allocate IP ${ip}: provided IP is already allocated`;
    const finding = invalidValue("spec.clusterIPs", clusterIpsOf(service), detail);
    throw invalid({ group: "", kind: "Service" }, service.metadata.name, [finding]);
  }
  const { kind, apiVersion, typeName } = ipAddresses;
  const time = formatTime(clock.now());
  const family = ip.includes(":") ? "IPv6" : "IPv4";
  const object: AnyObject = {
    kind,
    apiVersion,
    metadata: {
      name: ip,
      uid: random.uuid(),
      resourceVersion: "",
      creationTimestamp: time,
      labels: { [`${LABELS}/ip-family`]: family, [`${LABELS}/managed-by`]: "ipallocator.k8s.io" },
    },
    spec: { parentRef: parentOf(service) },
  };
  updateManagedFields(undefined, object, { typeName, apiVersion, manager: MANAGER, time });
  const value = encodeObject(object);
  return [{ type: "put", key: keyFor(ipAddresses, "", ip), value, memo: object }];
}

function releaseOf(service: AnyObject, ip: string, { ipAddresses }: Allocator): Operation[] {
  const holder = holderOf(ip, ipAddresses);
  if (holder === undefined || !isHeldBy(service, holder)) return [];
  return [{ type: "delete", key: keyFor(ipAddresses, "", ip) }];
}
