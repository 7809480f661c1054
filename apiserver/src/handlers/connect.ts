// Subresources that lead to the kubelet: log, exec, attach, portforward. The API server finds the node's address, opens a
// TLS connection with its own client certificate and passes the bytes through, upgraded connections included.
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import type { Node, Pod } from "@coracle/shared/api/types/core-v1";
import {
  badRequest,
  internalError,
  notFound,
  statusError,
} from "@coracle/shared/machinery/status-error";
import type { Registry } from "../registry/registry.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import type { ApiRequest, StreamReply } from "./api-request.ts";

export interface KubeletCredentials {
  cert: string | undefined;
  key: string | undefined;
  ca: string | undefined;
}

export interface ConnectDependencies {
  registry: Registry;
  pods: ServedResource;
  nodes: ServedResource;
  kubelet: KubeletCredentials;
}

/** Where a request goes, on the kubelet of the Pod's node. */
interface Destination {
  host: string;
  port: number;
  path: string;
}

/** Of a node that tells none. */
const KUBELET_PORT = 10_250;

const kubeletPaths: Readonly<Record<string, string>> = {
  log: "containerLogs",
  exec: "exec",
  attach: "attach",
  portforward: "portForward",
};

export function isConnect(subresource: string): boolean {
  return Object.hasOwn(kubeletPaths, subresource);
}

/** Throws NotFound, or BadRequest with upstream's words: no such container, which of several, no node yet. */
export function destinationOf(request: ApiRequest, dependencies: ConnectDependencies): Destination {
  const { registry, pods, nodes } = dependencies;
  const { namespace, name, subresource } = request.info;
  const { object } = registry.current({ resource: pods, namespace, name, subresource });
  const pod = object as unknown as Pod;
  const query = new URLSearchParams(request.query);
  const parts = [kubeletPaths[subresource], namespace, name];
  if (subresource === "portforward") parts.push(pod.metadata.uid);
  else {
    parts.push(containerOf(pod, query.get("container") ?? "", subresource));
    query.delete("container");
  }
  const nodeName = pod.spec.nodeName ?? "";
  if (nodeName === "") {
    throw badRequest(`pod ${name} does not have a host assigned`);
  }
  const stored = registry.find({
    resource: nodes,
    namespace: "",
    name: nodeName,
    subresource: "",
  });
  if (stored === undefined) throw notFound(pods, nodeName); // upstream names the Pod's resource here
  const node = stored.object as unknown as Node;
  const port = node.status.daemonEndpoints?.kubeletEndpoint?.Port || KUBELET_PORT;
  const search = query.toString();
  return {
    host: hostOf(node),
    port,
    path: `/${parts.join("/")}${search === "" ? "" : `?${search}`}`,
  };
}

/** Where the node's kubelet listens. Throws upstream's plain error, a 500. */
export function hostOf({ status: { addresses = [] } }: Node): string {
  const host = addresses.find(({ type }) => type === "InternalIP")?.address;
  if (host !== undefined) return host;
  const known = addresses.map(({ type, address }) => `{${type} ${address}}`).join(" ");
  const message = `no preferred addresses found; known addresses: [${known}]`;
  throw statusError("", message, undefined, 500);
}

function containerOf(pod: Pod, asked: string, subresource: string): string {
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec;
  const { name } = pod.metadata;
  if (asked !== "") {
    const all = [...initContainers, ...containers, ...ephemeralContainers];
    if (all.some((container) => container.name === asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  const [only] = containers;
  if (only !== undefined && containers.length === 1) return only.name;
  const preferred = pod.metadata.annotations?.["kubectl.kubernetes.io/default-container"];
  if (subresource !== "log" && preferred !== undefined) return preferred;
  const names = containers.map((container) => container.name).join(" ");
  const init = initContainers.map((container) => container.name).join(" ");
  const also = init === "" ? "" : ` or one of the init containers: [${init}]`;
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${names}]${also}`,
  );
}

function tls({ kubelet }: ConnectDependencies) {
  // A simulated node's certificate names the host that serves it, not the node.
  return {
    cert: kubelet.cert,
    key: kubelet.key,
    ca: kubelet.ca,
    checkServerIdentity: () => undefined,
  };
}

/** GET of a log: streamed as it comes. */
export function proxyLog(request: ApiRequest, dependencies: ConnectDependencies): StreamReply {
  const destination = destinationOf(request, dependencies);
  return {
    stream: (response) =>
      new Promise((resolve, reject) => {
        const { host, port, path } = destination;
        const outgoing = httpsRequest({
          host,
          port,
          path,
          method: "GET",
          ...tls(dependencies),
          signal: request.signal,
        });
        outgoing.on("response", (incoming) => {
          const { statusCode = 500, headers } = incoming;
          if (statusCode === 200) {
            response.writeHead(200, {
              "content-type": headers["content-type"] ?? "text/plain",
              "cache-control": "no-cache, private",
            });
            response.flushHeaders();
            incoming.pipe(response);
            incoming.on("end", resolve);
            incoming.on("error", () => {
              response.destroy();
              resolve();
            });
            return;
          }
          collect(incoming).then((text) => {
            const reason =
              statusCode === 404 ? "NotFound" : statusCode === 400 ? "BadRequest" : "InternalError";
            reject(statusError(reason, text.trim(), undefined, statusCode));
          }, reject);
        });
        outgoing.on("upgrade", (_incoming, socket) => {
          socket.destroy();
          reject(unreachable(destination, new Error("not a log, but another protocol")));
        });
        outgoing.on("error", (error) => {
          if (request.signal.aborted) resolve();
          else reject(unreachable(destination, error));
        });
        response.on("close", () => outgoing.destroy());
        outgoing.end();
      }),
  };
}

const unreachable = ({ host, port, path }: Destination, error: Error) =>
  internalError(`Get "https://${host}:${port}${path}": ${error.message}`);

async function collect(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Exec, attach and port-forward: the client's upgrade is made to the kubelet and both sockets are joined. */
export function proxyUpgrade(
  request: ApiRequest,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  dependencies: ConnectDependencies,
): Promise<void> {
  const destination = destinationOf(request, dependencies);
  const { host, port, path } = destination;
  const headers = { ...incoming.headers, host: `${host}:${port}` };
  delete headers.authorization;
  const outgoing = httpsRequest({
    host,
    port,
    path,
    method: request.method,
    headers,
    agent: false, // who refuses may have left HTTP behind all the same: nothing else goes over this connection
    ...tls(dependencies),
  });
  return new Promise((resolve, reject) => {
    outgoing.on("upgrade", (response, upstream, upstreamHead) => {
      socket.write(rawHead(response));
      if (upstreamHead.length > 0) socket.write(upstreamHead);
      if (head.length > 0) upstream.write(head);
      join(socket, upstream);
      resolve();
    });
    outgoing.on("response", (response) => {
      // As upstream, the kubelet's refusal goes to the client as it is: kubectl prints its words.
      const answered = collect(response).then((text) => {
        const own = [`Content-Length: ${Buffer.byteLength(text)}`, "Connection: close"];
        socket.end(`${rawHead(response, own)}${text}`);
      });
      answered.catch(() => socket.destroy()).finally(resolve);
    });
    outgoing.on("error", (error) => reject(unreachable(destination, error)));
    socket.on("close", () => outgoing.destroy());
    outgoing.end();
  });
}

/** `framing` takes the place of the headers that say where the body ends. */
export function rawHead(response: IncomingMessage, framing?: readonly string[]): string {
  const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage}`];
  for (let i = 0; i < response.rawHeaders.length; i += 2) {
    const name = response.rawHeaders[i] ?? "";
    if (framing && /^(connection|content-length|transfer-encoding)$/i.test(name)) continue;
    lines.push(`${name}: ${response.rawHeaders[i + 1]}`);
  }
  return `${[...lines, ...(framing ?? [])].join("\r\n")}\r\n\r\n`;
}

export function join(a: Duplex, b: Duplex): void {
  a.pipe(b);
  b.pipe(a);
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    one.on("error", () => other.destroy());
    // What `one` sent last may still be on its way to a slow client: it is written before the end.
    one.on("close", () => {
      if (other.writableEnded && !other.writableFinished)
        other.once("finish", () => other.destroy());
      else other.destroy();
    });
  }
}
