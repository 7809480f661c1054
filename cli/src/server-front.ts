// One address for several API servers: passes TCP connections on to one that is ready, so that a client that knows a single address
// (kubectl) is served while any of them is. TLS ends at the API servers: this sees no request.
import { connect, createServer, type Socket } from "node:net";
import type { Clock } from "@coracle/shared/runtime/clock";

export interface ServerFrontOptions {
  host: string;
  port: number;
  /** Ports of the API servers, on the same host. */
  backends: readonly number[];
  /** `ready`, `unready` (it answers so), or `silent` (no answer in time). */
  check(port: number): Promise<BackendState>;
  clock: Clock;
  onChange(port: number, state: BackendState): void;
}

export type BackendState = "ready" | "unready" | "silent";

export interface ServerFront {
  close(): Promise<void>;
}

const CONNECT_MS_MAX = 1000;
const CHECK_EVERY_MS = 1000;
/** So many checks without an answer, and what is connected is cut, so that its clients go elsewhere. */
const SILENT_CHECKS_MAX = 3;

interface Backend {
  port: number;
  state: BackendState;
  silentChecks: number;
  clients: Set<Socket>;
}

/** Resolves when it listens; rejects when the port is taken. */
export async function startServerFront(options: ServerFrontOptions): Promise<ServerFront> {
  const { host, clock } = options;
  const backends = options.backends.map((port): Backend => {
    return { port, state: "ready", silentChecks: 0, clients: new Set() };
  });
  let turn = 0;
  const server = createServer({ pauseOnConnect: true, noDelay: true }, (client) => {
    const first = turn++ % backends.length;
    const inTurn = [...backends.slice(first), ...backends.slice(0, first)];
    // Those that are not ready come last: they may be better than nothing.
    inTurn.sort((a, b) => Number(a.state !== "ready") - Number(b.state !== "ready"));
    void passOn(client, inTurn, host, clock);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port: options.port }, resolve);
  });
  const stopping = new AbortController();
  for (const backend of backends) void watchOver(backend, options, stopping.signal);
  return {
    async close() {
      stopping.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const { clients } of backends) for (const client of clients) client.destroy();
      await closed;
    },
  };
}

/** Never rejects. */
async function passOn(
  client: Socket,
  backends: readonly Backend[],
  host: string,
  clock: Clock,
): Promise<void> {
  client.on("error", () => client.destroy()); // it has gone
  for (const backend of backends) {
    const upstream = await open(backend.port, host, clock);
    if (client.destroyed) upstream?.destroy();
    if (client.destroyed) return;
    if (upstream === undefined) continue;
    backend.clients.add(client);
    client.once("close", () => {
      backend.clients.delete(client);
      upstream.destroy();
    });
    upstream.on("error", () => client.destroy());
    upstream.once("close", () => client.destroySoon());
    client.pipe(upstream);
    upstream.pipe(client);
    return;
  }
  client.destroy();
}

/** Undefined when nobody accepts. */
function open(port: number, host: string, clock: Clock): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host, noDelay: true });
    const give = (result: Socket | undefined) => {
      late.cancel();
      socket.off("error", fail);
      socket.off("connect", take);
      resolve(result);
    };
    const fail = () => {
      socket.destroy();
      give(undefined);
    };
    const take = () => give(socket);
    const late = clock.setTimer(CONNECT_MS_MAX, fail);
    socket.once("error", fail);
    socket.once("connect", take);
  });
}

/** Until the signal comes; never rejects, as `check` does not. */
async function watchOver(
  backend: Backend,
  { check, clock, onChange }: ServerFrontOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(CHECK_EVERY_MS, signal);
    if (signal.aborted) return;
    const state = await check(backend.port);
    if (signal.aborted) return;
    backend.silentChecks = state === "silent" ? backend.silentChecks + 1 : 0;
    if (backend.silentChecks === SILENT_CHECKS_MAX) {
      for (const client of backend.clients) client.destroy();
    }
    if (state === backend.state) continue;
    backend.state = state;
    onChange(backend.port, state);
  }
}
