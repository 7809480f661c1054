// The HTTP side: one chain for every request, in this order: request info → authentication → authorisation → handler,
// with every error rendered as a Status. Fastify owns sockets, bodies and limits.
import type { IncomingMessage } from "node:http";
import type { Server } from "node:https";
import type { Duplex } from "node:stream";
import {
  internalError,
  pathNotFound,
  StatusError,
  statusError,
} from "@coracle/shared/machinery/status-error";
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import type { Authenticate } from "./filters/authentication.ts";
import { authorize } from "./filters/authorization.ts";
import { isLongRunning, requestInfo } from "./filters/request-info.ts";
import type { ApiRequest, Handled, Reply } from "./handlers/api-request.ts";
import { isConnect, proxyUpgrade } from "./handlers/connect.ts";
import { dispatch, type Handlers } from "./handlers/dispatch.ts";
import {
  handleNonResource,
  type NonResourceDependencies,
  pageNotFound,
} from "./handlers/non-resource.ts";
import type { RequestMetrics } from "./handlers/request-metrics.ts";
import { respondError } from "./handlers/respond.ts";
import {
  StorageClosedError,
  StorageReadOnlyError,
  StorageUnavailableError,
} from "./storage/storage.ts";

const BODY_BYTES_MAX = 3 * 1024 * 1024;
const KEEP_ALIVE_MS = 90_000;

export interface TlsConfig {
  cert: string;
  key: string;
  /** Signs the client certificates that are accepted. */
  clientCa: string | undefined;
}

export interface ServerDependencies extends Handlers, NonResourceDependencies {
  tls: TlsConfig;
  authenticate: Authenticate;
  clock: Clock;
  logger: Logger;
  requestMetrics: RequestMetrics;
  /** Of a store that other servers write to: what is answered has to show what they wrote before. */
  caughtUp: (() => Promise<void>) | undefined;
  /** Aborted when the server stops: watches end. */
  stopping: AbortSignal;
}

/** A request whose abort signal is made only when a long-running handler asks for it. */
class Incoming implements ApiRequest {
  readonly method: string;
  readonly info: ApiRequest["info"];
  readonly query: URLSearchParams;
  readonly headers: ApiRequest["headers"];
  readonly user: ApiRequest["user"];
  readonly body: Buffer;
  warnings: string[] = [];
  readonly #raw: IncomingMessage;
  readonly #stopping: AbortSignal;
  #signal: AbortSignal | undefined;

  constructor(
    raw: IncomingMessage,
    info: ApiRequest["info"],
    query: URLSearchParams,
    user: ApiRequest["user"],
    body: Buffer,
    stopping: AbortSignal,
  ) {
    this.method = raw.method ?? "GET";
    this.info = info;
    this.query = query;
    this.headers = raw.headers;
    this.user = user;
    this.body = body;
    this.#raw = raw;
    this.#stopping = stopping;
  }

  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      const controller = new AbortController();
      const abort = () => {
        this.#stopping.removeEventListener("abort", abort);
        controller.abort();
      };
      this.#raw.socket.once("close", abort);
      this.#stopping.addEventListener("abort", abort, { once: true });
      this.#signal = controller.signal;
    }
    return this.#signal;
  }
}

const NO_BODY = Buffer.alloc(0);
const NO_QUERY = new URLSearchParams();

export function createServer(dependencies: ServerDependencies): FastifyInstance<Server> {
  const { tls } = dependencies;
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    https: {
      cert: tls.cert,
      key: tls.key,
      ca: tls.clientCa,
      requestCert: tls.clientCa !== undefined,
      rejectUnauthorized: false, // a client without a certificate may have a token
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, request, reply) => {
    send(
      reply,
      respondError(undefined, requestError(error as Error, request, dependencies.logger)),
    );
  });
  app.setNotFoundHandler((_request, reply) => send(reply, pageNotFound()));
  app.route({
    method: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
    url: "*",
    handler: (request, reply) => handle(request, reply, dependencies),
  });
  app.server.on("upgrade", (raw: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    upgrade(raw, socket, head, dependencies).catch((error: unknown) => {
      refuseUpgrade(socket, asStatusError(error, dependencies.logger, raw.url ?? ""));
    });
  });
  return app as unknown as FastifyInstance<Server>;
}

/** The first links of the chain; throws what they refuse. */
function admitRequest(
  raw: IncomingMessage,
  body: Buffer,
  dependencies: ServerDependencies,
): Incoming {
  const url = raw.url ?? "/";
  const mark = url.indexOf("?");
  const query = mark < 0 ? NO_QUERY : new URLSearchParams(url.slice(mark + 1));
  const info = requestInfo(raw.method ?? "GET", mark < 0 ? url : url.slice(0, mark), query);
  const user = dependencies.authenticate(raw);
  authorize(user, info);
  return new Incoming(raw, info, query, user, body, dependencies.stopping);
}

function handle(
  request: FastifyRequest,
  reply: FastifyReply,
  dependencies: ServerDependencies,
): void {
  const { clock, requestMetrics, logger } = dependencies;
  const startedAt = clock.monotonic();
  let incoming: Incoming | undefined;
  const fail = (error: unknown) => {
    const status = asStatusError(error, logger, request.raw.url ?? "");
    finish(respondError(incoming, status));
  };
  const finish = (answer: Reply) => {
    requestMetrics.observe(incoming, answer.code, clock.monotonic() - startedAt);
    send(reply, answer, incoming?.warnings);
  };
  try {
    const body = Buffer.isBuffer(request.body) ? request.body : NO_BODY;
    incoming = admitRequest(request.raw, body, dependencies);
    const handled = answerOf(incoming, dependencies);
    const stream = (answer: Handled) => {
      if (!("stream" in answer)) return finish(answer);
      requestMetrics.observe(incoming, 200, clock.monotonic() - startedAt);
      reply.hijack();
      answer.stream(reply.raw).catch((error: unknown) => {
        const status = asStatusError(error, logger, request.raw.url ?? "");
        if (reply.raw.headersSent) reply.raw.destroy();
        else writeRaw(reply, respondError(incoming, status));
      });
    };
    if (handled instanceof Promise) handled.then(stream).catch(fail);
    else stream(handled);
  } catch (error) {
    fail(error);
  }
}

function answerOf(
  incoming: Incoming,
  dependencies: ServerDependencies,
): Handled | Promise<Handled> {
  const { info } = incoming;
  const { resources } = dependencies;
  if (!info.isResource) return handleNonResource(incoming, dependencies);
  if (!resources.hasGroupVersion(info.group, info.version)) {
    if (resources.hasGroup(info.group)) throw pathNotFound();
    return pageNotFound();
  }
  const { caughtUp } = dependencies;
  if (caughtUp === undefined || saysHowFresh(incoming)) return dispatch(incoming, dependencies);
  return caughtUp().then(() => dispatch(incoming, dependencies));
}

/** A read with a resource version waits for that one only. */
function saysHowFresh({ method, query }: Incoming): boolean {
  return method === "GET" && query.get("resourceVersion") !== null;
}

const NO_CACHE = "no-cache, private";

function headersOf(answer: Reply, warnings: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {
    "content-type": answer.contentType,
    "cache-control": NO_CACHE,
  };
  if (answer.headers !== undefined) Object.assign(headers, answer.headers);
  if (warnings.length > 0) {
    headers.warning = warnings.map((text) => `299 - "${text.replace(/[\\"]/g, "\\$&")}"`);
  }
  return headers;
}

const NO_WARNINGS: readonly string[] = [];

function send(reply: FastifyReply, answer: Reply, warnings = NO_WARNINGS): void {
  reply.code(answer.code).headers(headersOf(answer, warnings)).send(answer.body);
}

function writeRaw(reply: FastifyReply, answer: Reply): void {
  reply.raw.writeHead(answer.code, headersOf(answer, NO_WARNINGS));
  reply.raw.end(answer.body);
}

/** Anything that is no StatusError is a bug of ours or a failed disk: 500, and its cause in the log. */
function asStatusError(error: unknown, logger: Logger, url: string): StatusError {
  if (error instanceof StatusError) return error;
  if (error instanceof StorageUnavailableError) {
    logger.warn({ url, reason: error.message }, "the store did not answer");
    return statusError("ServiceUnavailable", error.message, { retryAfterSeconds: 1 });
  }
  if (error instanceof StorageReadOnlyError || error instanceof StorageClosedError) {
    logger.error({ url, err: error }, "the store refused a request");
    return statusError("ServiceUnavailable", error.message);
  }
  logger.error({ url, err: error }, "request failed");
  return internalError(error instanceof Error ? error.message : String(error));
}

/** What Fastify itself refuses before a handler sees it. */
function requestError(
  error: Error & { code?: string; statusCode?: number },
  request: FastifyRequest,
  logger: Logger,
): StatusError {
  if (error.code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    return statusError(
      "RequestEntityTooLarge",
      `Request entity too large: limit is ${BODY_BYTES_MAX}`,
    );
  }
  if ((error.statusCode ?? 500) < 500) return statusError("BadRequest", error.message);
  return asStatusError(error, logger, request.raw.url ?? "");
}

async function upgrade(
  raw: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  dependencies: ServerDependencies,
): Promise<void> {
  const incoming = admitRequest(raw, NO_BODY, dependencies);
  const { info } = incoming;
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
