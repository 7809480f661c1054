// Transport over HTTP/1.1 and TLS with kept-alive connections (node:https; plain http for tests).
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import { Endpoints } from "./endpoints.ts";
import {
  ConnectionError,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from "./transport.ts";

/** Enough to fill the server's group commits; more would only cost handshakes. */
const CONNECTIONS_MAX = 32;

export interface TlsOptions {
  ca?: string;
  cert?: string;
  key?: string;
  insecureSkipTlsVerify?: boolean;
}

export class HttpsTransport implements Transport {
  readonly #endpoints: Endpoints;
  readonly #secure: boolean;
  readonly #agent: HttpsAgent | HttpAgent;
  readonly #streamAgent: HttpsAgent | HttpAgent;
  readonly #watched = new WeakSet<Socket>();
  readonly #connected = new WeakSet<Socket>();

  constructor(server: string, tls: TlsOptions) {
    this.#endpoints = new Endpoints(server);
    this.#secure = this.#endpoints.current.protocol === "https:";
    const Agent = this.#secure ? HttpsAgent : HttpAgent;
    const options = {
      ca: tls.ca,
      cert: tls.cert,
      key: tls.key,
      rejectUnauthorized: tls.insecureSkipTlsVerify !== true,
      keepAlive: true,
    };
    this.#agent = new Agent({ ...options, maxSockets: CONNECTIONS_MAX });
    this.#streamAgent = new Agent({ ...options, keepAlive: false });
  }

  async send(request: TransportRequest): Promise<TransportResponse> {
    const tries = 1 + this.#endpoints.size;
    for (let attempt = 1; ; attempt++) {
      const server = this.#endpoints.current;
      try {
        const response = await this.#sendTo(server, request);
        // It cannot serve at present (its store is away), another one may: not this request, which was answered, but the next.
        if (response.status === UNAVAILABLE) this.#endpoints.failed(server);
        return response;
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
        this.#endpoints.failed(server);
        if (attempt >= tries || !isWorthAnother(error, request, this.#endpoints.size)) throw error;
      }
    }
  }

  #sendTo(server: URL, request: TransportRequest): Promise<TransportResponse> {
    return new Promise((resolve, reject) => {
      const send = this.#secure ? httpsRequest : httpRequest;
      let used: Socket | undefined;
      const outgoing = send(
        {
          hostname: server.hostname.replace(/^\[|\]$/g, ""),
          port: server.port === "" ? (this.#secure ? 443 : 80) : server.port,
          path: server.pathname === "/" ? request.path : server.pathname + request.path,
          method: request.method,
          headers: request.headers,
          agent: request.streaming ? this.#streamAgent : this.#agent,
          signal: request.signal,
          timeout: request.idleMsMax,
        },
        (response) =>
          resolve(
            wrap(response, () => {
              if (!request.signal?.aborted) this.#endpoints.failed(server);
            }),
          ),
      );
      outgoing.on("socket", (socket: Socket) => {
        used = socket;
        this.#watch(socket);
      });
      outgoing.on("timeout", () =>
        outgoing.destroy(new Error(`no answer within ${request.idleMsMax} ms`)),
      );
      outgoing.on("error", (error: NodeJS.ErrnoException) => {
        if (request.signal?.aborted) return reject(error);
        const code = error.code ?? "";
        const stale = outgoing.reusedSocket && code === "ECONNRESET";
        const text = `${request.method} ${server.origin}${request.path}: ${error.message || code}`;
        reject(
          new ConnectionError(text, {
            code: stale ? STALE : code,
            unsent: used === undefined || !this.#connected.has(used),
            cause: error,
          }),
        );
      });
      outgoing.end(request.body);
    });
  }

  /** Remembers when a socket has its connection; requests that wait for the same one do not each listen. */
  #watch(socket: Socket): void {
    if (this.#watched.has(socket)) return;
    this.#watched.add(socket);
    const event = this.#secure ? "secureConnect" : "connect";
    socket.once(event, () => this.#connected.add(socket));
  }

  close(): void {
    this.#agent.destroy();
    this.#streamAgent.destroy();
  }
}

/** A kept connection that the server closed while the request was on its way. */
const STALE = "ESTALESOCKET";
const UNAVAILABLE = 503;

/** A write may have been executed although its answer was lost, so it is not repeated; a read is, where there is hope. */
function isWorthAnother(
  error: ConnectionError,
  request: TransportRequest,
  servers: number,
): boolean {
  if (error.unsent) return servers > 1;
  return request.method === "GET" && (error.code === STALE || servers > 1);
}

/** `onLost`: the connection broke while the body was read. */
function wrap(response: IncomingMessage, onLost: () => void): TransportResponse {
  const lost = (error: NodeJS.ErrnoException): ConnectionError => {
    onLost();
    return new ConnectionError(`connection lost: ${error.message}`, {
      code: error.code ?? "",
      unsent: false,
      cause: error,
    });
  };
  return {
    status: response.statusCode ?? 0,
    header: (name) => {
      const value = response.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
    read: () => readAll(response, lost),
    chunks: () => chunksOf(response, lost),
  };
}

type Lost = (error: NodeJS.ErrnoException) => ConnectionError;

function readAll(response: IncomingMessage, lost: Lost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("end", () =>
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)),
    );
    response.on("error", (error: NodeJS.ErrnoException) => reject(lost(error)));
  });
}

async function* chunksOf(response: IncomingMessage, lost: Lost): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response) yield chunk as Buffer;
  } catch (error) {
    throw lost(error as NodeJS.ErrnoException);
  } finally {
    response.destroy();
  }
}
