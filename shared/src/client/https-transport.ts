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
        return await this.#sendTo(server, request);
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
        (response) => resolve(wrap(response)),
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

/** A create may have been executed although its answer was lost, so it is not repeated. */
function isWorthAnother(
  error: ConnectionError,
  request: TransportRequest,
  servers: number,
): boolean {
  if (error.unsent) return servers > 1;
  return request.method !== "POST" && error.code === STALE;
}

function wrap(response: IncomingMessage): TransportResponse {
  return {
    status: response.statusCode ?? 0,
    header: (name) => {
      const value = response.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
    read: () => readAll(response),
    chunks: () => chunksOf(response),
  };
}

function readAll(response: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("end", () =>
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)),
    );
    response.on("error", (error: NodeJS.ErrnoException) => reject(lost(error)));
  });
}

async function* chunksOf(response: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response) yield chunk as Buffer;
  } catch (error) {
    throw lost(error as NodeJS.ErrnoException);
  } finally {
    response.destroy();
  }
}

const lost = (error: NodeJS.ErrnoException): ConnectionError =>
  new ConnectionError(`connection lost: ${error.message}`, {
    code: error.code ?? "",
    unsent: false,
    cause: error,
  });
