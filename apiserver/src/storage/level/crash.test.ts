// A process that writes is killed (SIGKILL) at random points, over and over, on one directory, every third time while LevelDB merges
// what is forgotten; every other time it also loses what was not synced, as in a power failure. After each death: every acknowledged write is there, none is there in half, revisions have not
// gone back, and the events before and after join without a gap.
// CORACLE_CRASH_ROUNDS sets how often (default 10), CORACLE_CRASH_SEED repeats a run.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { systemClock } from "@coracle/shared/runtime/clock";
import { seededRandom, systemRandom } from "@coracle/shared/runtime/random";
import { build } from "esbuild";
import { expect, test, vi } from "vitest";
import type { StorageEvent } from "../storage.ts";
import { makeFormat1, readRows } from "./crash-test/format-1-fixture.ts";
import { losePower } from "./crash-test/simulated-power-loss.ts";
import { openLevelStorage } from "./level-storage.ts";
import { FORMAT_KEY } from "./record.ts";

const rounds = Number(process.env.CORACLE_CRASH_ROUNDS ?? 10);
const seed = Number(process.env.CORACLE_CRASH_SEED ?? systemRandom.integer(1_000_000));

interface Write {
  round: number;
  count: number;
  revision: number;
}
/** By writer: the last acknowledged write. */
type Acknowledged = Map<string, Write>;

interface Life {
  opened: number;
  /** The newest revision of a synced batch. */
  synced: number;
  acknowledged: Acknowledged;
  /** "revision type key", in order. */
  events: string[];
}

test(`survives being killed ${rounds} times (seed ${seed})`, {
  timeout: 60_000 + rounds * 10_000,
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), "coracle-crash-"));
  const random = seededRandom(seed);
  const acknowledged: Acknowledged = new Map();
  const script = await bundleWriter();
  let reached = 1;
  try {
    for (let round = 0; round < rounds; round++) {
      const inMerge = round % 3 === 2;
      const deathAfter = 1 + random.integer(inMerge ? 4 : 600);
      const deathOf = inMerge ? "merging" : "acknowledged";
      const life = await liveAndDie(script, directory, round, deathAfter, "", deathOf);
      expect(life.opened).toBeGreaterThanOrEqual(reached);
      if (round % 2 === 1) await losePower(directory, life.synced, random);
      for (const [writer, write] of life.acknowledged) acknowledged.set(writer, write);
      reached = await inspect(directory, acknowledged, life, round);
    }
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("a store that does not sync loses what it acknowledged when the power fails: this test can see it", async () => {
  const directory = await mkdtemp(join(tmpdir(), "coracle-crash-"));
  try {
    const life = await liveAndDie(await bundleWriter(), directory, 0, 100, "no-sync");
    expect(life.synced).toBe(0);
    const everything = { integer: () => 0 };
    const lost = await losePower(directory, life.synced, everything);
    expect(lost).toBeGreaterThan(0);
    await expect(inspect(directory, life.acknowledged, life, 0)).rejects.toThrow();
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("a migration that is killed goes on at the next opening", async () => {
  const directory = await mkdtemp(join(tmpdir(), "coracle-crash-"));
  const key = (i: number) => `/base/${i}`;
  const value = (i: number) => Buffer.alloc(60_000, `${i} `);
  try {
    const storage = await openLevelStorage({ directory, clock: systemClock });
    const puts = Array.from({ length: 200 }, (_, i) => {
      return storage.transaction([], [{ type: "put", key: key(i), value: value(i) }]);
    });
    await Promise.all(puts);
    await storage.close();
    await makeFormat1(directory);
    const script = await bundleWriter();
    let sealedBefore = 0;
    for (let kill = 0; kill < 2; kill++) {
      const life = await liveAndDie(script, directory, 0, 3, "", "synced");
      expect(life.opened).toBe(0);
      const rows = new Map(await readRows(directory));
      expect(rows.get(FORMAT_KEY)).toBe('{"format":1}');
      const sealed = [...rows.values()].filter((row) => row.length > 60_000).length;
      expect(sealed).toBeGreaterThan(sealedBefore);
      expect(sealed).toBeLessThan(200);
      sealedBefore = sealed;
    }
    const again = await openLevelStorage({ directory, clock: systemClock });
    for (let i = 0; i < 200; i++) {
      expect((await again.get(key(i)))?.value.equals(value(i))).toBe(true);
    }
    await again.close();
    expect(new Map(await readRows(directory)).get(FORMAT_KEY)).toBe('{"format":2}');
  } finally {
    await rm(directory, { recursive: true });
  }
});

/** The writer as one script, which starts much faster than its sources do. Returns its path. */
async function bundleWriter(): Promise<string> {
  const outfile = fileURLToPath(
    new URL("../../../../node_modules/.cache/coracle-tests/crash-writer.mjs", import.meta.url),
  );
  await build({
    entryPoints: [fileURLToPath(new URL("crash-test/main.ts", import.meta.url))],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["level", "pino"],
  });
  return outfile;
}

/** Runs the writer and kills it after so many acknowledgements, or other words. */
async function liveAndDie(
  script: string,
  directory: string,
  round: number,
  deathAfter: number,
  mode: "no-sync" | "" = "",
  deathOf = "acknowledged",
): Promise<Life> {
  const more = mode === "" ? [] : [mode];
  const child = spawn(process.execPath, [script, directory, String(round), ...more], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let complaints = "";
  child.stderr.on("data", (chunk) => {
    complaints += chunk;
  });
  const died = new Promise<string | null>((resolve) => {
    child.on("close", (_code, signal) => resolve(signal));
  });
  const life: Life = { opened: 0, synced: 0, acknowledged: new Map(), events: [] };
  let count = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, ...words] = line.split(" ");
    if (what === "opened") life.opened = Number(words[0]);
    if (what === "synced") life.synced = Number(words[0]);
    if (what === "event") life.events.push(words.join(" "));
    if (what === "acknowledged") {
      const [writer = "", revision, written] = words;
      life.acknowledged.set(writer, { round, revision: Number(revision), count: Number(written) });
    }
    if (what === deathOf && ++count === deathAfter) child.kill("SIGKILL");
  }
  expect(await died, complaints).toBe("SIGKILL");
  return life;
}

/** Returns the revision that the store is at. */
async function inspect(
  directory: string,
  acknowledged: Acknowledged,
  life: Life,
  round: number,
): Promise<number> {
  const storage = await openLevelStorage({ directory, clock: systemClock });
  try {
    const revision = await storage.currentRevision();
    for (const [writer, write] of acknowledged) {
      const a = await storage.get(`/r/${writer}/a`);
      const b = await storage.get(`/r/${writer}/b`);
      expect(a?.value.toString()).toBe(b?.value.toString());
      expect(a?.revision).toBe(b?.revision);
      expect(revision).toBeGreaterThanOrEqual(write.revision);
      // One more transaction of this writer was under way, and may have made it.
      const next = write.round === round ? write.count + 1 : 0;
      const possible = [writtenValue(write.round, write.count), writtenValue(round, next)];
      expect(possible).toContain(a?.value.toString().split(" ")[0]);
    }
    await checkEvents(storage, life, revision);
    return revision;
  } finally {
    await storage.close();
  }
}

/** What main.ts writes; undefined = it deletes. */
function writtenValue(round: number, count: number): string | undefined {
  return count % 11 === 10 ? undefined : `${round}.${count}`;
}

async function checkEvents(
  storage: Awaited<ReturnType<typeof openLevelStorage>>,
  life: Life,
  revision: number,
): Promise<void> {
  // Half of the last transaction's events may have been said.
  const last = Number(life.events.at(-1)?.split(" ")[0] ?? life.opened);
  const before = life.events.filter((event) => !event.startsWith(`${last} `));
  const { compactRevision } = await storage.statistics();
  const startRevision = Math.max(compactRevision + 1, life.opened + 1);
  const after: StorageEvent[] = [];
  let reached = 0;
  const watch = storage.watch({
    prefix: "/r/",
    startRevision,
    onEvents(events, at) {
      after.push(...events);
      reached = at;
    },
    onProgress(at) {
      reached = at;
    },
    onError(error) {
      throw error;
    },
  });
  await vi.waitFor(() => expect(reached).toBe(revision));
  watch.close();
  const stored = after.map((event) => `${event.revision} ${event.type} ${event.key}`);
  const overlap = before.filter((event) => Number(event.split(" ")[0]) >= startRevision);
  expect(stored.slice(0, overlap.length)).toEqual(overlap);
  expect([...new Set(after.map((event) => event.revision))]).toEqual(
    Array.from({ length: revision - startRevision + 1 }, (_, i) => startRevision + i),
  );
  const whole = before.concat(stored.slice(overlap.length));
  const revisions = [...new Set(whole.map((event) => Number(event.split(" ")[0])))];
  expect(revisions).toEqual(
    Array.from({ length: revision - life.opened }, (_, i) => life.opened + 1 + i),
  );
}
