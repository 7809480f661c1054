// The connection behind a proxied request.
import { type ClientRequest, request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import { connect as tlsConnect } from "node:tls";
import type { Node } from "@coracle/shared/api/types/core-v1";
import { statusError } from "@coracle/shared/machinery/status-error";
import type { Clock } from "@coracle/shared/runtime/clock";
import type { ResourceTable } from "../../registry/resource-table.ts";
import type { KubeletCredentials } from "../connect.ts";
import { openTunnel } from "./pod-tunnel.ts";
import type { NodeTarget, PodTarget } from "./proxy-target.ts";

export interface ConnectionDependencies {
  resources: ResourceTable;
  kubelet: KubeletCredentials;
  clock: Clock;
}

/** Go's TLSHandshakeTimeout. */
const HANDSHAKE_MS = 10_000;
/** Names that Go's resolver knows for ports. */
const NAMED_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

const unreachable = (why: string) =>
  statusError("ServiceUnavailable", `error trying to reach service: ${why}`);

export const tripError = (error: Error) => unreachable(error.message);

/** Ready to be sent: `options` are the method, the path and the headers. Throws ServiceUnavailable. */
export async function requestTo(
  target: PodTarget | NodeTarget,
  options: RequestOptions,
  dependencies: ConnectionDependencies,
): Promise<ClientRequest> {
  if (target.kind === "node") return requestToNode(target, options, dependencies.kubelet);
  const socket = await socketTo(target, dependencies);
  const request = httpRequest({ ...options, agent: undefined, createConnection: () => socket });
  // A tunnel is for one request, whether or not the Pod closes it then.
  request.on("response", (incoming) => incoming.once("end", () => socket.destroy()));
  return request;
}

function requestToNode(
  { host, node, other }: NodeTarget,
  options: RequestOptions,
  kubelet: KubeletCredentials,
): ClientRequest {
  const trusting = { rejectUnauthorized: false };
  if (other !== undefined) {
    const request = other.scheme === "https" ? httpsRequest : httpRequest;
    const port = portNumber(other.port, other.scheme);
    return request({ ...options, host, port, ...trusting });
  }
  // One kubelet may speak for several nodes: it is told which is meant.
  const path = options.path ?? "/";
  const named = `${path}${path.includes("?") ? "&" : "?"}node=${node.metadata.name}`;
  return httpsRequest({ ...options, path: named, ...kubeletOf(node, host, kubelet) });
}

function kubeletOf(node: Node, host: string, { cert, key, ca }: KubeletCredentials) {
  const port = node.status.daemonEndpoints?.kubeletEndpoint?.Port;
  // A simulated node's certificate names the host that serves it, not the node.
  return { host, port, cert, key, ca, checkServerIdentity: () => undefined };
}

async function socketTo(
  { pod, scheme, port }: PodTarget,
  { resources, kubelet, clock }: ConnectionDependencies,
): Promise<Duplex> {
  const number = portNumber(port, scheme);
  const where = `dial tcp ${pod.status?.podIP}:${number}`;
  const cached = resources.named("nodes").cache.get("", pod.spec.nodeName ?? "");
  const node = cached && (JSON.parse(cached.bytes.toString()) as Node);
  const host = node?.status.addresses?.find(({ type }) => type === "InternalIP")?.address;
  if (node === undefined || host === undefined) {
    throw unreachable(`${where}: connect: no route to host`);
  }
  const { namespace, name, uid } = pod.metadata;
  try {
    const path = `/portForward/${namespace}/${name}/${uid}`;
    const tunnel = await openTunnel(kubeletOf(node, host, kubelet), path, number);
    tunnel.on("error", () => tunnel.destroy()); // the request on it says so
    return scheme === "https" ? secured(tunnel, clock) : tunnel;
  } catch (error) {
    throw unreachable(`${where}: ${(error as Error).message}`);
  }
}

/** Upstream waits as long for a handshake, and for an answer behind it for ever. */
function secured(tunnel: Duplex, clock: Clock): Duplex {
  const socket = tlsConnect({ socket: tunnel, rejectUnauthorized: false });
  const timer = clock.setTimer(HANDSHAKE_MS, () =>
    socket.destroy(new Error("net/http: TLS handshake timeout")),
  );
  socket.once("secureConnect", () => timer.cancel());
  socket.once("close", () => timer.cancel());
  return socket;
}

function portNumber(port: string, scheme: string): number {
  const named = NAMED_PORTS[port === "" ? scheme : port];
  const number = named ?? (/^\d+$/.test(port) ? Number(port) : 0);
  if (number > 0 && number < 65_536) return number;
  throw unreachable(
    /^\d+$/.test(port)
      ? `dial tcp: address ${port}: invalid port`
      : `dial tcp: lookup tcp/${port}: unknown port`,
  );
}
