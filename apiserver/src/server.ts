// The HTTP side: one chain for every request, in this order: request info → deadline → authentication → authorisation →
// requests in flight → handler, with every error rendered as a Status. Fastify owns sockets, bodies and limits.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server } from "node:https";
import type { Duplex } from "node:stream";
import { DEFAULT_CIPHERS } from "node:tls";
import {
  pathNotFound,
  type StatusError,
  statusError,
} from "@coracle/shared/machinery/status-error";
import { type FastifyInstance, type FastifyRequest, fastify } from "fastify";
import { unsupportedMediaType } from "./encoding/decode-errors.ts";
import { asStatusError, type ExchangeDependencies, exchange } from "./exchange.ts";
import { isLongRunning } from "./filters/request-info.ts";
import { aggregatedReply } from "./handlers/aggregated.ts";
import type { Handled, Reply } from "./handlers/api-request.ts";
import { isConnect, proxyUpgrade } from "./handlers/connect.ts";
import { dispatch, type Handlers } from "./handlers/dispatch.ts";
import {
  handleNonResource,
  type NonResourceDependencies,
  pageNotFound,
} from "./handlers/non-resource.ts";
import { isProxied, proxyUpgradedRequest } from "./handlers/proxy/proxy.ts";
import { respondError } from "./handlers/respond.ts";
import { sendReply } from "./handlers/send-reply.ts";
import { admitRequest, type Incoming } from "./incoming.ts";
import { cacheReaches } from "./registry/cache-reaches.ts";
import type { ResourceTable } from "./registry/resource-table.ts";
import { storedForm } from "./registry/served-resource.ts";

const BODY_BYTES_MAX = 3 * 1024 * 1024;
/** As in Go's TLS, AES with the shorter key comes first: a tenth less work for large answers. */
const CIPHERS = `TLS_AES_128_GCM_SHA256:${DEFAULT_CIPHERS.replace("TLS_AES_128_GCM_SHA256:", "")}`;
const KEEP_ALIVE_MS = 90_000;
/** Go's default. */
const HEADER_BYTES_MAX = 1024 * 1024;
const ROUTE = "/";
/** Of what is passed on: it may be of any size, so its body is not read here. */
const PROXY_ROUTE = "/proxy";
const PROXY_PATH = /^\/api\/v1\/(namespaces\/[^/?]+\/(pods|services)|nodes)\/[^/?]+\/proxy([/?]|$)/;
/** Fastify need not look at paths, of which it refuses some that upstream takes. */
function routeOf({ url = "", headers }: Pick<IncomingMessage, "url" | "headers">): string {
  if (headers["content-type"] === "") delete headers["content-type"];
  return url.includes("/proxy") && PROXY_PATH.test(url) ? PROXY_ROUTE : ROUTE;
}

export interface TlsConfig {
  cert: string;
  key: string;
  /** Signs the client certificates that are accepted. */
  clientCa: string | undefined;
}

export interface ServerDependencies
  extends Omit<ExchangeDependencies, "answer">,
    Handlers,
    NonResourceDependencies {
  tls: TlsConfig;
  /** Of a store that other servers write to: what is answered has to show what they wrote before. */
  caughtUp: (() => Promise<number>) | undefined;
}

const NO_BODY = Buffer.alloc(0);

export function createServer(dependencies: ServerDependencies): FastifyInstance<Server> {
  const { tls } = dependencies;
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    exposeHeadRoutes: false,
    rewriteUrl: routeOf,
    clientErrorHandler: refuseConnection,
    forceCloseConnections: true,
    https: {
      maxHeaderSize: HEADER_BYTES_MAX,
      cert: tls.cert,
      key: tls.key,
      ciphers: CIPHERS,
      honorCipherOrder: true,
      ca: tls.clientCa,
      requestCert: tls.clientCa !== undefined,
      rejectUnauthorized: false, // a client without a certificate may have a token
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  const chain = { ...dependencies, answer: (it: Incoming) => answerOf(it, dependencies) };
  const handle = ({ raw, originalUrl, body }: FastifyRequest, response: ServerResponse) => {
    raw.url = originalUrl;
    if (hasBadEscape(originalUrl)) void sendReply(raw, response, notHttp, []);
    else exchange(raw, response, Buffer.isBuffer(body) ? body : NO_BODY, chain);
  };
  app.setErrorHandler((error, request, reply) => {
    const refused = requestError(error as Error, request, dependencies);
    reply.hijack();
    void sendReply(request.raw, reply.raw, respondError(undefined, refused), []);
  });
  // Methods that no route takes are refused by the handlers.
  app.setNotFoundHandler((request, reply) => {
    reply.hijack();
    handle(request, reply.raw);
  });
  const route = (on: FastifyInstance, url: string) =>
    on.all(url, (request, reply) => {
      reply.hijack();
      handle(request, reply.raw);
    });
  route(app as unknown as FastifyInstance, ROUTE);
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    route(scope as unknown as FastifyInstance, PROXY_ROUTE);
  });
  app.server.on("upgrade", (raw: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    upgrade(raw, socket, head, dependencies).catch((error: unknown) => {
      refuseUpgrade(socket, asStatusError(error, dependencies.logger, raw.url ?? ""));
    });
  });
  return app as unknown as FastifyInstance<Server>;
}

function answerOf(
  incoming: Incoming,
  dependencies: ServerDependencies,
): Handled | Promise<Handled> {
  const { info } = incoming;
  const { resources } = dependencies;
  const aggregated = resources.hasGroup(info.group) ? undefined : otherServer(incoming, resources);
  if (aggregated !== undefined) return aggregated;
  if (!info.isResource) return handleNonResource(incoming, dependencies);
  if (!resources.hasGroupVersion(info.group, info.version)) {
    if (resources.hasGroup(info.group)) throw pathNotFound();
    return pageNotFound();
  }
  const { caughtUp } = dependencies;
  if (caughtUp === undefined || saysHowFresh(incoming)) return dispatch(incoming, dependencies);
  return dispatchFresh(caughtUp(), incoming, dependencies);
}

/** One cache may be behind the others: when it lost its place in the store's history, and loads everything anew. */
async function dispatchFresh(
  caughtUp: Promise<number>,
  incoming: Incoming,
  dependencies: ServerDependencies,
): Promise<Handled> {
  const { group, version, resource } = incoming.info;
  const asked = dependencies.resources.find(group, version, resource);
  const revision = await caughtUp;
  if (asked !== undefined) await cacheReaches(storedForm(asked).cache, revision);
  return dispatch(incoming, dependencies);
}

const otherServer = (incoming: Incoming, resources: ResourceTable): Reply | undefined =>
  aggregatedReply(incoming, resources.find("apiregistration.k8s.io", "v1", "apiservices"));

/** A read with a resource version waits for that one only. */
function saysHowFresh({ method, query }: Incoming): boolean {
  return method === "GET" && query.get("resourceVersion") !== null;
}

/** What Fastify itself refuses before a handler sees it. */
function requestError(
  error: Error & { code?: string; statusCode?: number },
  request: FastifyRequest,
  { logger }: ServerDependencies,
): StatusError {
  if (error.code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    return statusError(
      "RequestEntityTooLarge",
      `Request entity too large: limit is ${BODY_BYTES_MAX}`,
    );
  }
  if (error.code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") return unsupportedMediaType();
  if ((error.statusCode ?? 500) < 500) return statusError("BadRequest", error.message);
  return asStatusError(error, logger, request.originalUrl);
}

const notHttp: Reply = {
  code: 400,
  contentType: "text/plain; charset=utf-8",
  body: "400 Bad Request",
};

function hasBadEscape(url: string): boolean {
  if (!url.includes("%")) return false;
  return /%(?![0-9a-fA-F]{2})/.test(url.split("?", 1)[0] as string);
}

/** What Node's parser refuses, in Go's words. */
function refuseConnection(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  const isLarge = error.code === "HPE_HEADER_OVERFLOW";
  const why = isLarge ? "431 Request Header Fields Too Large" : "400 Bad Request";
  const head = `HTTP/1.1 ${why}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close`;
  if (socket.writable) socket.write(`${head}\r\n\r\n${why}`);
  socket.destroy(error);
}

async function upgrade(
  raw: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  dependencies: ServerDependencies,
): Promise<void> {
  const incoming = admitRequest(raw, NO_BODY, dependencies);
  const { info } = incoming;
  if (isProxied(incoming)) {
    await proxyUpgradedRequest(incoming, raw, socket, head, dependencies);
    return;
  }
  const isPod = info.group === "" && info.resource === "pods" && info.name !== "";
  if (!isPod || !isConnect(info.subresource) || !isLongRunning(info)) {
    throw statusError("BadRequest", "this path does not take an upgraded connection");
  }
  await proxyUpgrade(incoming, raw, socket, head, {
    registry: dependencies.registry,
    kubelet: dependencies.kubelet,
    pods: dependencies.resources.named("pods"),
    nodes: dependencies.resources.named("nodes"),
  });
}

function refuseUpgrade(socket: Duplex, error: StatusError): void {
  if (socket.destroyed) return;
  const body = JSON.stringify(error.status);
  socket.end(
    `HTTP/1.1 ${error.code} ${error.reason || "Error"}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
