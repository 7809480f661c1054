// The API server is killed with SIGKILL again and again, while writers write and watchers watch. After each restart: everything
// acknowledged is there, nothing is there in half, revisions have only grown, and each watcher has seen each event exactly once.
import type { Client } from "@coracle/shared/client/client";
import { ConnectionError } from "@coracle/shared/client/transport";
import { StatusError } from "@coracle/shared/machinery/status-error";
import { systemClock } from "@coracle/shared/runtime/clock";
import { seededRandom } from "@coracle/shared/runtime/random";
import { CrashWatcher, type Seen } from "./crash-watcher.ts";
import { CrashWriters, NAMESPACE, type Write } from "./crash-writers.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

export interface CrashOptions {
  rounds: number;
  seed: number;
  bundle: string;
  /** For certificates, and for LevelDB. */
  directory: string;
  /** Of the store. */
  flags: readonly string[];
  /** Called after a kill, with the newest revision that any client was shown. */
  afterKill?(shown: number, round: number): Promise<void>;
  onRound?(round: number, result: CrashResult): void;
}

export interface CrashResult {
  rounds: number;
  /** Writes that were acknowledged. */
  acknowledged: number;
  /** Writes without an answer that turned out to be done. */
  unanswered: number;
  /** Kills that hit a compaction. */
  compactions: number;
  events: number;
  /** Of each start, from the process to /readyz. */
  readyMs: number[];
}

const WRITERS = 12;
const LIFE_MS_MAX = 1500;
const SOON_MS = 60_000;
const RETRY_MS = 10;
/** History is forgotten while the server lives, and so quickly that most lives see it. */
const FLAGS = ["--etcd-compaction-interval", "1s", "--log-level", "debug"];

export async function runCrashRounds(options: CrashOptions): Promise<CrashResult> {
  const rounds = new CrashRounds(options);
  return await rounds.run();
}

class CrashRounds {
  readonly #options: CrashOptions;
  readonly #writers = new CrashWriters(WRITERS);
  #watchers: CrashWatcher[] = [];
  #server: ServerProcess | undefined;
  #compacting: () => void = () => undefined;
  #fences = 0;
  readonly #result: CrashResult = {
    rounds: 0,
    acknowledged: 0,
    unanswered: 0,
    compactions: 0,
    events: 0,
    readyMs: [],
  };

  constructor(options: CrashOptions) {
    this.#options = options;
  }

  async run(): Promise<CrashResult> {
    const { rounds, seed, onRound } = this.#options;
    const random = seededRandom(seed);
    try {
      const first = await this.#start();
      const client = first.client();
      const { metadata } = await client.for("configmaps").list({ namespace: NAMESPACE });
      client.close();
      const selectors = [undefined, undefined, "parity in (even,fence)"];
      this.#watchers = selectors.map((one) => new CrashWatcher(metadata.resourceVersion, one));
      for (const watcher of this.#watchers) watcher.start(first.client());
      for (let round = 0; round < rounds; round++) {
        // Every third dies in a compaction, unless none comes in time.
        await this.#liveAndDie(round, 50 + random.integer(LIFE_MS_MAX), round % 3 === 2);
        this.#result.rounds++;
        onRound?.(round, this.#result);
      }
      return this.#result;
    } finally {
      await Promise.allSettled(this.#watchers.map((watcher) => watcher.stop()));
      await this.#server?.kill();
    }
  }

  async #start(): Promise<ServerProcess> {
    const { bundle, directory, flags } = this.#options;
    this.#server = await startServerProcess({
      bundle,
      directory,
      flags: [...FLAGS, ...flags],
      onLog: ({ msg }) => {
        if (msg === "compacting history") this.#compacting();
      },
    });
    this.#result.readyMs.push(this.#server.readyMs);
    return this.#server;
  }

  async #liveAndDie(round: number, lifeMs: number, inCompaction: boolean): Promise<void> {
    const server = this.#server as ServerProcess;
    const client = server.client();
    const writing = this.#writers.run(client, round);
    writing.catch(() => undefined); // awaited below
    const compacting = new Promise<"compacting">((resolve) => {
      this.#compacting = () => resolve("compacting");
    });
    const aged = systemClock.sleep(inCompaction ? 4 * LIFE_MS_MAX : lifeMs);
    const end = await Promise.race(inCompaction ? [aged, compacting] : [aged]);
    if (end === "compacting") this.#result.compactions++;
    await server.kill();
    await writing;
    client.close();
    for (const watcher of this.#watchers) await watcher.stop();
    await this.#options.afterKill?.(this.#synced(), round);
    await this.#check(await this.#start());
  }

  /** What must have been synced: infinite where that is not known. */
  #synced(): number {
    return this.#hasUnseenDeletion() ? Number.POSITIVE_INFINITY : this.#shown();
  }

  /** The newest revision that a writer or a watcher was shown. */
  #shown(): number {
    const seen = this.#watchers.map((watcher) => watcher.seen.at(-1)?.revision ?? 0);
    return Math.max(this.#writers.shown, ...seen);
  }

  /** The answer to a deletion does not say its revision: only a watcher tells. */
  #hasUnseenDeletion(): boolean {
    const seen = this.#watchers[0]?.seen ?? [];
    const deletions = (writes: readonly { type: string; name: string }[], name: string) =>
      writes.filter((write) => write.type === "DELETED" && write.name === name).length;
    const { acknowledged } = this.#writers;
    return acknowledged.some(
      ({ type, name }) =>
        type === "DELETED" && deletions(seen, name) < deletions(acknowledged, name),
    );
  }

  async #check(server: ServerProcess): Promise<void> {
    const shown = this.#shown();
    const client = server.client();
    for (const watcher of this.#watchers) watcher.start(server.client());
    const { items, metadata } = await insist(() =>
      client.for("configmaps").list({ namespace: NAMESPACE }),
    );
    if (Number(metadata.resourceVersion) < shown) {
      throw new Error(`the store is at ${metadata.resourceVersion}, but had shown ${shown}`);
    }
    this.#result.unanswered += this.#writers.settle(
      items.filter((item) => item.metadata.name.startsWith("w")),
    );
    const fence = await this.#fence(client);
    client.close();
    const expected = [...this.#writers.acknowledged, fence];
    for (const watcher of this.#watchers) {
      await watcher.reached(fence.revision as number, SOON_MS);
      compare(
        watcher.seen,
        expected.filter((write) => watcher.wants(write.name)),
      );
      this.#result.events += watcher.seen.length;
      watcher.seen = [];
    }
    this.#result.acknowledged += expected.length;
  }

  /** A last write, behind which every watcher knows that it has seen the rest. */
  async #fence(client: Client): Promise<Write> {
    const name = "fence";
    const data = { begin: `0.${this.#fences}`, end: `0.${this.#fences}`, filler: "" };
    data.filler = "x".repeat((this.#fences * 37) % 5000);
    const labels = { parity: "fence" };
    const metadata = { name, namespace: NAMESPACE, labels };
    const configMaps = client.for("configmaps");
    const isFirst = this.#fences++ === 0;
    const { metadata: written } = isFirst
      ? await configMaps.create({ metadata, data })
      : await configMaps.patch(name, { data }, { namespace: NAMESPACE, type: "merge" });
    const revision = Number(written.resourceVersion);
    this.#writers.shown = Math.max(this.#writers.shown, revision);
    return { type: isFirst ? "ADDED" : "MODIFIED", name, value: data.begin, revision };
  }
}

/** Each event once, in the order of revisions, and of each key just what was written to it. */
function compare(seen: readonly Seen[], expected: readonly Write[]): void {
  let last = 0;
  const byKey = new Map<string, Seen[]>();
  for (const event of seen) {
    if (event.revision <= last) {
      throw new Error(`a watcher saw ${event.name} at ${event.revision} after ${last}`);
    }
    last = event.revision;
    byKey.set(event.name, [...(byKey.get(event.name) ?? []), event]);
  }
  const position = new Map<string, number>();
  for (const write of expected) {
    const at = position.get(write.name) ?? 0;
    position.set(write.name, at + 1);
    const event = byKey.get(write.name)?.[at];
    const same =
      event?.type === write.type &&
      event.value === write.value &&
      (write.revision === undefined || write.revision === event.revision);
    if (!same) {
      throw new Error(
        `of ${show(write)} a watcher saw ${event === undefined ? "nothing" : show(event)}`,
      );
    }
  }
  if (seen.length !== expected.length) {
    throw new Error(`a watcher saw ${seen.length} events of ${expected.length} writes`);
  }
}

const show = ({ type, name, value, revision }: Write): string =>
  `${type} ${name} "${value}" at ${revision}`;

async function insist<T>(request: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await request();
    } catch (error) {
      const away = error instanceof ConnectionError;
      if (!away && !(error instanceof StatusError && error.code === 503)) throw error;
      await systemClock.sleep(RETRY_MS);
    }
  }
}
