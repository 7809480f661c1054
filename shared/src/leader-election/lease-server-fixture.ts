// For tests: a server that holds leases in memory, with versions and a watch, and clients that can be cut off from it.
import type { Lease } from "../api/types/coordination-v1.ts";
import type { Event } from "../api/types/core-v1.ts";
import { Client } from "../client/client.ts";
import {
  ConnectionError,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from "../client/transport.ts";
import type { Clock } from "../runtime/clock.ts";

/** Of one client. `slow`: writes are done, and their answers lost. `deaf`: nothing is answered. */
export type Link = "up" | "down" | "slow" | "deaf";

export class LeaseServer {
  readonly #clock: Clock;
  readonly events: Event[] = [];
  /** Every accepted write. */
  readonly history: Lease[] = [];
  readonly #watchers = new Set<(line: string) => void>();
  /** From a request to its answer. */
  latencyMs = 0;
  /** May be false: then clients have to poll. */
  canWatch = true;
  #version = 100;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get lease(): Lease | undefined {
    return this.history.at(-1);
  }

  client(link: () => Link): Client {
    const transport: Transport = {
      send: (request) => this.#send(request, link),
      close: () => {},
    };
    return new Client({ server: "https://in-memory", transport }, { clock: this.#clock });
  }

  async #send(request: TransportRequest, link: () => Link): Promise<TransportResponse> {
    const state = link();
    if (state === "down") throw cut("down", true);
    if (state === "deaf") await this.#clock.sleep(request.idleMsMax, request.signal);
    if (state === "deaf") throw cut("timed out", false);
    if (this.latencyMs > 0) await this.#clock.sleep(this.latencyMs);
    const response = this.#answer(request);
    if (state === "slow" && request.method !== "GET") throw cut("answer lost", false);
    return response;
  }

  #answer({ method, path, body, streaming, signal }: TransportRequest): TransportResponse {
    if (path.includes("/events")) {
      this.events.push(JSON.parse(body as string) as Event);
      return reply(201, this.events.at(-1));
    }
    if (streaming) return this.canWatch ? this.#watch(signal) : failure(403, "Forbidden");
    if (path.includes("fieldSelector")) {
      if (!this.canWatch) return failure(403, "Forbidden");
      const items = this.lease === undefined ? [] : [this.lease];
      return reply(200, { items, metadata: { resourceVersion: String(this.#version) } });
    }
    if (method === "GET") {
      return this.lease === undefined ? failure(404, "NotFound") : reply(200, this.lease);
    }
    const sent = JSON.parse(body as string) as Lease;
    if (method === "POST" && this.lease !== undefined) return failure(409, "AlreadyExists");
    const known = this.lease?.metadata.resourceVersion;
    if (method === "PUT" && sent.metadata.resourceVersion !== known)
      return failure(409, "Conflict");
    return this.#accept(sent);
  }

  #accept(sent: Lease): TransportResponse {
    const metadata = { ...sent.metadata, uid: "u", resourceVersion: String(++this.#version) };
    const lease = { ...sent, metadata };
    const type = this.history.length === 0 ? "ADDED" : "MODIFIED";
    this.history.push(lease);
    for (const tell of this.#watchers) tell(`${JSON.stringify({ type, object: lease })}\n`);
    return reply(200, lease);
  }

  #watch(signal: AbortSignal | undefined): TransportResponse {
    const lines: string[] = [];
    let wake: () => void = () => {};
    const tell = (line: string) => {
      lines.push(line);
      wake();
    };
    this.#watchers.add(tell);
    signal?.addEventListener("abort", () => wake(), { once: true });
    const watchers = this.#watchers;
    async function* chunks(): AsyncGenerator<Buffer> {
      while (!signal?.aborted) {
        const next = lines.shift();
        if (next !== undefined) yield Buffer.from(next);
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
      watchers.delete(tell);
    }
    return { ...reply(200, {}), chunks };
  }
}

const cut = (why: string, unsent: boolean) => new ConnectionError(why, { code: "ETEST", unsent });

function reply(status: number, body: unknown): TransportResponse {
  return {
    status,
    header: (name) => (name === "content-type" ? "application/json" : undefined),
    read: async () => Buffer.from(JSON.stringify(body)),
    chunks: () => {
      throw new Error("not a watch");
    },
  };
}

const failure = (code: number, reason: string): TransportResponse =>
  reply(code, { kind: "Status", status: "Failure", code, reason, message: reason });
