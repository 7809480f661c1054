// Where `…/proxy` of a Pod, a Service or a node leads (upstream: ResourceLocation of pkg/registry/core pod, service and node).

import type {
  EndpointSubset,
  Endpoints,
  Node,
  Pod,
  Service,
} from "@coracle/shared/api/types/core-v1";
import { ownValue } from "@coracle/shared/machinery/own-value";
import {
  badRequest,
  notFound,
  type StatusError,
  statusError,
} from "@coracle/shared/machinery/status-error";
import type { Random } from "@coracle/shared/runtime/random";
import type { RequestInfo } from "../../filters/request-info.ts";
import type { ResourceTable } from "../../registry/resource-table.ts";
import type { ServedResource } from "../../registry/served-resource.ts";
import { hostOf } from "../connect.ts";

export interface PodTarget {
  kind: "pod";
  scheme: string;
  pod: Pod;
  /** As the request has it: "" is the scheme's own. */
  port: string;
}

export interface NodeTarget {
  kind: "node";
  node: Node;
  host: string;
  /** Undefined: the kubelet's. */
  other?: { scheme: string; port: string };
}

export interface ProxyDependencies {
  resources: ResourceTable;
  random: Random;
}

/** `name`, `name:port` or `scheme:name:port`; undefined when it is none of these. */
function splitId(id: string): { scheme: string; name: string; port: string } | undefined {
  const parts = id.split(":");
  if (parts.length > 3) return undefined;
  const [scheme = "", name = "", port = ""] =
    parts.length === 3 ? parts : ["", parts[0], parts[1] ?? ""];
  if (name === "" || !["", "http", "https"].includes(scheme)) return undefined;
  return { scheme, name, port };
}

function get<T>({ cache }: ServedResource, namespace: string, name: string): T | undefined {
  const cached = cache.get(namespace, name);
  return cached && (JSON.parse(cached.bytes.toString()) as T);
}

const unavailable = (message: string): StatusError => statusError("ServiceUnavailable", message);
const SINGULAR: Readonly<Record<string, string>> = {
  pods: "pod",
  services: "service",
  nodes: "node",
};

/** Throws BadRequest, NotFound and ServiceUnavailable in upstream's words. */
export function proxyTarget(
  { resource, namespace, name: id }: RequestInfo,
  dependencies: ProxyDependencies,
): PodTarget | NodeTarget {
  const parts = splitId(id);
  if (parts === undefined) {
    throw badRequest(`invalid ${SINGULAR[resource]} request ${JSON.stringify(id)}`);
  }
  const { scheme, name, port } = parts;
  if (resource === "nodes") return nodeTarget(scheme, name, port, dependencies);
  if (resource === "pods") return podTarget(scheme, namespace, name, port, dependencies);
  return serviceTarget({ id, ...parts }, namespace, dependencies);
}

function podTarget(
  scheme: string,
  namespace: string,
  name: string,
  given: string,
  { resources }: ProxyDependencies,
): PodTarget {
  const pods = resources.named("pods");
  const pod = get<Pod>(pods, namespace, name);
  if (pod === undefined) throw notFound(pods, name);
  const first = pod.spec.containers.find(({ ports }) => (ports?.length ?? 0) > 0)?.ports?.[0];
  const port = given === "" ? String(first?.containerPort ?? "") : given;
  if (!isProxyable(pod.status?.podIP ?? pod.status?.podIPs?.[0]?.ip ?? "")) {
    throw badRequest("address not allowed");
  }
  return { kind: "pod", scheme: scheme || "http", pod, port };
}

/** Go's IsGlobalUnicast: nothing of the host itself, and nobody's address. */
function isProxyable(ip: string): boolean {
  if (ip === "" || ip === "::" || ip === "::1" || /^(ff|fe[89ab])/i.test(ip)) return false;
  return !/^(0\.0\.0\.0$|127\.|169\.254\.|22[4-9]\.|23\d\.|255\.255\.255\.255$)/.test(ip);
}

function nodeTarget(
  scheme: string,
  name: string,
  port: string,
  { resources }: ProxyDependencies,
): NodeTarget {
  const nodes = resources.named("nodes");
  const node = get<Node>(nodes, "", name);
  if (node === undefined) throw notFound(nodes, name);
  const host = hostOf(node);
  const own = String(node.status.daemonEndpoints?.kubeletEndpoint?.Port ?? "");
  if (port === "" || port === own) return { kind: "node", node, host };
  return { kind: "node", node, host, other: { scheme: scheme || "http", port } };
}

interface ServiceId {
  id: string;
  scheme: string;
  name: string;
  port: string;
}

function serviceTarget(
  { id, scheme, name, port }: ServiceId,
  namespace: string,
  { resources, random }: ProxyDependencies,
): PodTarget {
  const services = resources.named("services");
  const service = get<Service>(services, namespace, name);
  let portName = port;
  if (/^[+-]?\d+$/.test(port)) {
    if (service === undefined) throw notFound(services, name);
    const found = service.spec.ports?.find((one) => one.port === Number(port));
    if (found === undefined) {
      throw unavailable(`no service port ${Number(port)} found for service ${quoted(name)}`);
    }
    portName = found.name ?? "";
  }
  const subsets = subsetsOf(namespace, name, service, resources);
  if (subsets.length === 0) {
    throw unavailable(`no endpoints available for service ${quoted(name)}`);
  }
  const pods = resources.named("pods");
  const candidates = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports
      .filter((one) => (one.name ?? "") === portName)
      .flatMap((one) => addresses.map((address) => ({ address, port: one.port }))),
  );
  // Only what is a Pod's address: an Endpoints object may name any.
  const targets = candidates.flatMap(({ address, port: number }): PodTarget[] => {
    const { targetRef, ip } = address;
    if (targetRef?.namespace !== namespace) return [];
    const pod = get<Pod>(pods, namespace, targetRef.name ?? "");
    if (!pod?.status?.podIPs?.some((one) => one.ip === ip)) return [];
    return [{ kind: "pod", scheme: scheme || "http", pod, port: String(number) }];
  });
  const chosen = targets[Math.floor(random.next() * targets.length)];
  if (chosen === undefined) {
    throw unavailable(`no endpoints available for service ${quoted(id)}`);
  }
  return chosen;
}

const quoted = (text: string): string => JSON.stringify(text);

/** Those of the Endpoints object; where no controller has made one, of the Pods that the Service selects. */
function subsetsOf(
  namespace: string,
  name: string,
  service: Service | undefined,
  resources: ResourceTable,
): EndpointSubset[] {
  const endpoints = resources.named("endpoints");
  const found = get<Endpoints>(endpoints, namespace, name);
  if (found !== undefined) return found.subsets ?? [];
  // Upstream misses the Endpoints, but names what the request names.
  if (service === undefined) throw notFound(resources.named("services"), name);
  const { selector, ports = [] } = service.spec;
  if (selector === undefined) return [];
  return resources
    .named("pods")
    .cache.list({ namespace })
    .items.filter(({ labels }) =>
      Object.entries(selector).every(([key, value]) => ownValue(labels, key) === value),
    )
    .map(({ bytes }) => JSON.parse(bytes.toString()) as Pod)
    .filter(isReady)
    .map((pod) => ({
      addresses: [
        {
          ip: pod.status.podIP ?? "",
          targetRef: { kind: "Pod", namespace, name: pod.metadata.name },
        },
      ],
      ports: ports.flatMap((port) => {
        const number = containerPort(pod, port.targetPort ?? port.port);
        return number === undefined ? [] : [{ name: port.name, port: number }];
      }),
    }));
}

const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true;

function containerPort({ spec }: Pod, target: number | string): number | undefined {
  if (typeof target === "number") return target;
  return (spec.containers ?? [])
    .flatMap(({ ports = [] }) => ports)
    .find(({ name }) => name === target)?.containerPort;
}
