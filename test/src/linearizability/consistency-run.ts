// A run: clients and watchers on all servers, something that goes wrong meanwhile, and the verdict.
import { systemClock } from "@coracle/shared/runtime/clock";
import type { Random } from "@coracle/shared/runtime/random";
import { checkRegisters } from "./register-checker.ts";
import { type ClientSource, NAMESPACE, RegisterClients } from "./register-clients.ts";
import { RegisterWatcher } from "./register-watcher.ts";
import { checkRevisions } from "./revision-checker.ts";

export interface ConsistencyOptions {
  /** The servers. */
  sources: readonly ClientSource[];
  clientsPerServer: number;
  objects: number;
  random: Random;
  /** Lets things go wrong; when it resolves, all is well again, and the run ends. */
  disturb(progress: Progress): Promise<void>;
}

export interface Progress {
  /** Resolves when so many more operations were answered. */
  operations(count: number): Promise<void>;
}

export interface ConsistencyResult {
  operations: number;
  done: number;
  unknown: number;
  events: number;
  /** In words; empty = the history is linearizable, and all watchers saw it. */
  findings: string[];
}

const SOON_MS = 60_000;
const POLL_MS = 10;

export async function runConsistency(options: ConsistencyOptions): Promise<ConsistencyResult> {
  const { sources, clientsPerServer, objects, random } = options;
  const all = sources.flatMap((source) => Array<ClientSource>(clientsPerServer).fill(source));
  const clients = new RegisterClients({ sources: all, objects, random });
  const [first] = sources;
  if (first === undefined) throw new Error("there is no server");
  const { metadata } = await first().for("configmaps").list({ namespace: NAMESPACE });
  const watchers = sources.map((source) => new RegisterWatcher(source, metadata.resourceVersion));
  const stopping = new AbortController();
  const working = clients.run(stopping.signal);
  working.catch(() => undefined); // awaited below
  try {
    const ended = working.then(() => Promise.reject(new Error("the clients ended too early")));
    await Promise.race([options.disturb({ operations: (count) => more(clients, count) }), ended]);
    stopping.abort();
    await working;
    await clients.readAll();
    const last = await first()
      .for("configmaps")
      .create({
        metadata: { name: "r-last", namespace: NAMESPACE },
        data: { value: "r-last.0" },
      });
    const revision = Number(last.metadata.resourceVersion);
    for (const watcher of watchers) await watcher.reached(revision, SOON_MS);
  } finally {
    stopping.abort();
    await Promise.allSettled(watchers.map((watcher) => watcher.stop()));
  }
  return resultOf(clients, watchers);
}

function resultOf(
  { history, done }: RegisterClients,
  watchers: readonly RegisterWatcher[],
): ConsistencyResult {
  const { linearizable, key, ordered, operations } = checkRegisters(history);
  const seen = watchers.map(({ events }) => events.filter((event) => event.key !== "r-last"));
  const findings = checkRevisions(history, seen);
  if (!linearizable) {
    findings.push(`${key} is not linearizable: ${ordered} of ${operations} operations fit`);
  }
  return {
    operations: history.length,
    done,
    unknown: history.filter(({ outcome }) => outcome === "unknown").length,
    events: seen.reduce((sum, events) => sum + events.length, 0),
    findings,
  };
}

async function more(clients: RegisterClients, count: number): Promise<void> {
  const wanted = clients.done + count;
  const until = systemClock.monotonic() + SOON_MS;
  while (clients.done < wanted) {
    if (systemClock.monotonic() > until) throw new Error("the clients do not get on");
    await systemClock.sleep(POLL_MS);
  }
}
