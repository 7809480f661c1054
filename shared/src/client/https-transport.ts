// Transport over HTTP/1.1 and TLS with kept-alive connections (plain http for tests).
//
// Why not node:https: a request through it takes three times the CPU, and a busy process 15 MiB more.
import { createSecureContext, type SecureContext } from "node:tls";
import { ConnectionPool } from "./connection-pool.ts";
import { Endpoints } from "./endpoints.ts";
import { Exchange } from "./exchange.ts";
import {
  ConnectionError,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from "./transport.ts";

/** Enough to fill the server's group commits; more would only cost handshakes. */
const CONNECTIONS_MAX = 32;
const UNAVAILABLE = 503;

export interface TlsOptions {
  ca?: string;
  cert?: string;
  key?: string;
  insecureSkipTlsVerify?: boolean;
}

export class HttpsTransport implements Transport {
  readonly #endpoints: Endpoints;
  readonly #secureContext: SecureContext | undefined;
  readonly #rejectUnauthorized: boolean;
  readonly #pools = new Map<URL, ConnectionPool>();
  /** Watches hold their connections, so they have some of their own. */
  readonly #streamPools = new Map<URL, ConnectionPool>();

  constructor(server: string, tls: TlsOptions) {
    this.#endpoints = new Endpoints(server);
    this.#rejectUnauthorized = tls.insecureSkipTlsVerify !== true;
    if (this.#endpoints.current.protocol === "https:")
      this.#secureContext = createSecureContext({ ca: tls.ca, cert: tls.cert, key: tls.key });
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
        if (attempt >= tries || !isWorthAnother(error, request, this.#endpoints.size)) throw error;
      }
    }
  }

  #sendTo(server: URL, request: TransportRequest): Promise<TransportResponse> {
    const exchange = new Exchange(server, request, () => this.#endpoints.failed(server));
    this.#poolOf(server, request.streaming).run(exchange);
    return exchange.response;
  }

  #poolOf(server: URL, streaming = false): ConnectionPool {
    const pools = streaming ? this.#streamPools : this.#pools;
    let pool = pools.get(server);
    if (pool === undefined) {
      const peer = {
        server,
        secureContext: this.#secureContext,
        rejectUnauthorized: this.#rejectUnauthorized,
      };
      pool = new ConnectionPool(peer, streaming ? Number.POSITIVE_INFINITY : CONNECTIONS_MAX);
      pools.set(server, pool);
    }
    return pool;
  }

  close(): void {
    for (const pools of [this.#pools, this.#streamPools]) {
      for (const pool of pools.values()) pool.close();
    }
  }
}

/** A connection that the other side has closed; it may be one that was kept too long. */
const CLOSED = new Set(["ECONNRESET", "EPIPE"]);

/** A write may have been executed although its answer was lost, so it is not repeated; a read is, where there is hope. */
function isWorthAnother(
  error: ConnectionError,
  request: TransportRequest,
  servers: number,
): boolean {
  if (servers > 1) return error.unsent || request.method === "GET";
  return request.method === "GET" && CLOSED.has(error.code);
}
