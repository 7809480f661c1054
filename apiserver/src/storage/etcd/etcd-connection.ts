// The way to etcd: one channel per endpoint, of which one is in use. Who finds it dead or without a leader leaves it for the next.

import type { Clock } from "@coracle/shared/runtime/clock";
import type * as Grpc from "@grpc/grpc-js";
import type { MethodDefinition, ServiceDefinition } from "@grpc/proto-loader";
import { StorageClosedError, StorageUnavailableError } from "../storage.ts";
import { type Calls, loadSchema, type WatchResponse } from "./etcd-schema.ts";

export interface EtcdTls {
  /** PEM. Without `ca`, the machine's authorities. */
  ca?: string;
  cert?: string;
  key?: string;
}

type GrpcPackage = typeof import("./grpc-packages.ts")["grpc"];
export type WatchStream = Grpc.ClientDuplexStream<object, WatchResponse>;

/** A call fails after this, connecting included; sooner when there is no connection to be had. */
const CALL_MS = 10_000;
/** What can be repeated is asked of another member after this: one that hangs has its connections still. */
const ATTEMPT_MS = 3000;
const CONNECT_MS = 3000;
const REASON_MS = 200;
/** etcd's words, before it has done anything. */
const NO_LEADER = "etcdserver: no leader";
const RETRY_MS_MIN = 20;
const RETRY_MS_MAX = 1000;

const CHANNEL = {
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.min_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 2000,
  "grpc.keepalive_time_ms": 10_000, // etcd refuses pings more often than every 5 s
  "grpc.keepalive_timeout_ms": 5000,
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
};

export async function connectEtcd(options: {
  endpoints: readonly string[];
  tls: EtcdTls | undefined;
  clock: Clock;
}): Promise<EtcdConnection> {
  const { grpc, fromJSON } = await import("./grpc-packages.ts");
  const definition = loadSchema(fromJSON);
  const methods = new Map<string, MethodDefinition<object, object>>();
  for (const [name, service] of Object.entries(definition)) {
    if ("format" in service) continue; // a message
    for (const [method, one] of Object.entries(service as ServiceDefinition)) {
      methods.set(`${name.replace("etcdserverpb.", "")}/${method}`, one);
    }
  }
  const clients = options.endpoints.map(
    (endpoint) =>
      new grpc.Client(addressOf(endpoint), credentials(grpc, endpoint, options.tls), CHANNEL),
  );
  return new EtcdConnection(grpc, clients, methods, options);
}

export class EtcdConnection {
  readonly #grpc: GrpcPackage;
  readonly #clients: readonly Grpc.Client[];
  readonly #methods: ReadonlyMap<string, MethodDefinition<object, object>>;
  readonly #endpoints: readonly string[];
  readonly #clock: Clock;
  readonly #leaderNeeded: Grpc.Metadata;
  readonly #watches = new Map<WatchStream, Grpc.Client>();
  #current = 0;
  #connecting: Promise<Grpc.Client> | undefined;
  #closed = false;
  /** Rejects when this is closed. */
  readonly #ended: Promise<never>;
  #end: () => void = () => undefined;

  constructor(
    grpc: GrpcPackage,
    clients: readonly Grpc.Client[],
    methods: ReadonlyMap<string, MethodDefinition<object, object>>,
    { endpoints, clock }: { endpoints: readonly string[]; clock: Clock },
  ) {
    this.#grpc = grpc;
    this.#clients = clients;
    this.#methods = methods;
    this.#endpoints = endpoints;
    this.#clock = clock;
    this.#ended = new Promise((_, reject) => {
      this.#end = () => reject(new StorageClosedError());
    });
    this.#ended.catch(() => undefined); // nobody may be waiting
    this.#leaderNeeded = new grpc.Metadata();
    // A member cut off from the others refuses calls at once, instead of letting them wait for its leader, and ends its watches.
    this.#leaderNeeded.set("hasleader", "true");
  }

  /**
   * Only what is `repeatable` is sent again when it is not known whether etcd has done it. A member that knows of no leader has
   * not: then another one is asked, also for a write, and the watches go there too once that one has a leader. Errors:
   * StorageUnavailableError, StorageClosedError, and etcd's own with `code` (a gRPC status) and `details`.
   */
  async call<N extends keyof Calls>(
    name: N,
    request: Calls[N][0],
    { repeatable }: { repeatable: boolean },
  ): Promise<Calls[N][1]> {
    const until = this.#clock.monotonic() + CALL_MS;
    const leaderless = new Set<Grpc.Client>();
    for (let retryMs = RETRY_MS_MIN; ; retryMs = Math.min(2 * retryMs, RETRY_MS_MAX)) {
      const client = this.#ready() ?? (await this.#connected());
      const attemptMs = repeatable && this.#clients.length > 1 ? ATTEMPT_MS : CALL_MS;
      const deadline = Math.min(until, this.#clock.monotonic() + attemptMs);
      try {
        const answer = await this.#send(client, name, request, deadline);
        leaderless.delete(client);
        for (const one of leaderless) this.#endWatches(one);
        return answer as Calls[N][1];
      } catch (error) {
        if (this.#closed) throw new StorageClosedError();
        if (!this.#isUnreachable(error)) throw error;
        const notDone = this.#hasNoLeader(error);
        if (notDone) {
          leaderless.add(client);
          this.#turnFrom(client); // an election may be under way: the watches may go on where they are
        } else this.leave(client);
        if (!(repeatable || notDone) || this.#clock.monotonic() + retryMs >= until)
          throw this.#unavailable(error, !repeatable && !notDone);
        await this.#clock.sleep(retryMs);
      }
    }
  }

  /** Errors: StorageUnavailableError, StorageClosedError. */
  async openWatch(): Promise<{ stream: WatchStream; client: Grpc.Client }> {
    const client = this.#ready() ?? (await this.#connected());
    const { path, requestSerialize, responseDeserialize } = this.#method("Watch/Watch");
    const stream = client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize as (bytes: Buffer) => WatchResponse,
      this.#leaderNeeded,
    );
    this.#watches.set(stream, client);
    stream.once("status", () => this.#watches.delete(stream));
    return { stream, client };
  }

  /** The next call goes to another endpoint, if there is one, and the watches do, too. */
  leave(client: Grpc.Client): void {
    if (this.#turnFrom(client)) this.#endWatches(client);
  }

  close(): void {
    this.#closed = true;
    this.#end();
    for (const client of this.#clients) client.close();
  }

  /** False = it is not in use, or the only one. */
  #turnFrom(client: Grpc.Client): boolean {
    if (this.#clients[this.#current] !== client || this.#clients.length === 1) return false;
    this.#current = (this.#current + 1) % this.#clients.length;
    return true;
  }

  #endWatches(client: Grpc.Client): void {
    for (const [stream, its] of this.#watches) if (its === client) stream.cancel();
  }

  #send(client: Grpc.Client, name: string, request: object, until: number): Promise<object> {
    const { path, requestSerialize, responseDeserialize } = this.#method(name);
    const options = { deadline: this.#deadline(until) };
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        this.#leaderNeeded,
        options,
        (error, response) => {
          if (error) reject(error);
          else resolve(response as object);
        },
      );
    });
  }

  #method(name: string): MethodDefinition<object, object> {
    const method = this.#methods.get(name);
    if (method === undefined) throw new Error(`the schema has no ${name}`);
    return method;
  }

  /** The endpoint in use, or the next one that has a connection. */
  #ready(): Grpc.Client | undefined {
    if (this.#closed) throw new StorageClosedError();
    const { READY } = this.#grpc.connectivityState;
    for (let i = 0; i < this.#clients.length; i++) {
      const index = (this.#current + i) % this.#clients.length;
      const client = this.#clients[index] as Grpc.Client;
      if (client.getChannel().getConnectivityState(i === 0) !== READY) continue;
      this.#current = index;
      return client;
    }
    return undefined;
  }

  async #connected(): Promise<Grpc.Client> {
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return await this.#connecting;
  }

  async #connect(): Promise<Grpc.Client> {
    const deadline = this.#clock.now() + CONNECT_MS;
    const attempts = this.#clients.map(
      (client) =>
        new Promise<Grpc.Client>((resolve, reject) => {
          client.waitForReady(deadline, (error) => (error ? reject(error) : resolve(client)));
        }),
    );
    try {
      const client = await Promise.race([Promise.any(attempts), this.#ended]);
      this.#current = this.#clients.indexOf(client);
      return client;
    } catch (error) {
      if (this.#closed) throw new StorageClosedError();
      throw this.#unavailable(await this.#reasonOr((error as AggregateError).errors[0]));
    }
  }

  /** Why there is no connection: gRPC tells it only to those who call. */
  async #reasonOr(otherwise: unknown): Promise<unknown> {
    const client = this.#clients[this.#current] as Grpc.Client;
    try {
      await this.#send(client, "Maintenance/Status", {}, this.#clock.monotonic() + REASON_MS);
      return otherwise;
    } catch (error) {
      const { code, details } = error as Partial<Grpc.ServiceError>;
      return code === this.#grpc.status.UNAVAILABLE && details ? new Error(details) : otherwise;
    }
  }

  #deadline(until: number): number {
    return this.#clock.now() + until - this.#clock.monotonic();
  }

  #isUnreachable(error: unknown): boolean {
    const { UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED } = this.#grpc.status;
    const { code } = error as Partial<Grpc.ServiceError>;
    return code === UNAVAILABLE || code === DEADLINE_EXCEEDED || code === CANCELLED;
  }

  #hasNoLeader(error: unknown): boolean {
    return (error as Partial<Grpc.ServiceError>).details === NO_LEADER;
  }

  #unavailable(cause: unknown, mayBeDone = false): StorageUnavailableError {
    return new StorageUnavailableError(`etcd (${this.#endpoints.join(", ")})`, cause, mayBeDone);
  }
}

/** For what broke after the connection was made. */
export function unreachableEtcd(cause: unknown): StorageUnavailableError {
  return new StorageUnavailableError("etcd", cause);
}

function addressOf(endpoint: string): string {
  return endpoint.replace(/^https?:\/\//, "").replace(/\/$/, "");
}

function credentials(
  grpc: GrpcPackage,
  endpoint: string,
  tls: EtcdTls | undefined,
): Grpc.ChannelCredentials {
  if (!endpoint.startsWith("https://")) return grpc.credentials.createInsecure();
  const bytes = (pem: string | undefined) => (pem === undefined ? null : Buffer.from(pem));
  return grpc.credentials.createSsl(bytes(tls?.ca), bytes(tls?.key), bytes(tls?.cert));
}
