// The bounds of memory that docs/store.md states, at a smaller scale: many watchers, some of which never read, while objects change
// many times over. bench/src/store-scale.ts measures the full one.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { WatchCursor } from "./watch-cache.ts";
import { type Fixture, HEAD, PREFIX, watchCacheFixture } from "./watch-cache-fixture.ts";

const HISTORY_BYTES = 1 << 20;
const OBJECTS = 2000;
const CHANGES = 20_000;
const WATCHERS = 120;
/** A place in lists, an entry in maps, the strings of its key; see docs/store.md. */
const OBJECT_HEAP_BYTES = 1500;
const EVENT_HEAP_BYTES = 600;
const WATCHER_HEAP_BYTES = 2000;
const SLACK_BYTES = 2 << 20;

let fixture: Fixture;
beforeEach(async () => {
  fixture = await watchCacheFixture({ historyBytesMax: HISTORY_BYTES });
});
afterEach(() => fixture.close());

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** What is left when all garbage is gone. */
async function memory(): Promise<{ heapUsed: number; arrayBuffers: number }> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  return process.memoryUsage();
}

const filler = "x".repeat(900);
function stored(i: number, change: number): Buffer {
  const metadata = `"name":"p-${i}","namespace":"n${i % 10}","labels":{"app":"a${change % 3}"}`;
  return Buffer.from(
    `${HEAD}${metadata}},"spec":{"nodeName":"node-${i % 20}","filler":"${filler}"}}`,
  );
}

async function write(from: number, count: number): Promise<void> {
  for (let i = from; i < from + count; ) {
    const batch: Promise<unknown>[] = [];
    for (let j = 0; j < 200; j++, i++) {
      const n = i % OBJECTS;
      const put = { type: "put" as const, key: `${PREFIX}n${n % 10}/p-${n}`, value: stored(n, i) };
      batch.push(fixture.storage.transaction([], [put]));
    }
    await Promise.all(batch);
  }
  await fixture.storage.compact(await fixture.storage.currentRevision());
}

function watchers(): { cursors: WatchCursor[]; slow: WatchCursor[]; read: number[] } {
  const { cache } = fixture;
  const read: number[] = [];
  const slow: WatchCursor[] = [];
  const cursors = Array.from({ length: WATCHERS }, (_, i) => {
    const scopes = [
      {},
      { namespace: `n${i % 10}` },
      { field: { name: "spec.nodeName", value: `node-${i % 20}` } },
      {
        predicate: (one: { labels?: { app?: string } }) => one.labels?.app === "a1",
        filterKey: "a1",
      },
    ];
    const scope = scopes[i % scopes.length] as object;
    const cursor = cache.watch({ fromRevision: cache.revision, ...scope });
    read.push(0);
    if (Math.floor(i / scopes.length) % 2 === 0) slow.push(cursor);
    else {
      cursor.onReadable(() => {
        for (const lines of cursor.read()) read[i] = (read[i] as number) + lines.length;
      });
    }
    return cursor;
  });
  return { cursors, slow, read };
}

test("stays within its bounds, however much changes and however slow watchers are", async () => {
  const empty = await memory();
  await write(0, OBJECTS);
  const served = fixture.cache.list().items.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const { cursors, slow, read } = watchers();
  const page = fixture.cache.list({ limit: 500 });
  await write(OBJECTS, CHANGES);
  const full = await memory();

  // Events hold their own bytes and those of the state before, and a copy for each way that a selector sees them.
  const bytes = served + 4 * HISTORY_BYTES;
  const events = HISTORY_BYTES / 1000;
  const heap =
    OBJECTS * OBJECT_HEAP_BYTES + events * EVENT_HEAP_BYTES + WATCHERS * WATCHER_HEAP_BYTES;
  expect(full.arrayBuffers - empty.arrayBuffers).toBeLessThan(bytes + SLACK_BYTES);
  expect(full.heapUsed - empty.heapUsed).toBeLessThan(heap + SLACK_BYTES);

  expect(slow.length).toBeGreaterThan(WATCHERS / 3);
  expect(slow.every((cursor) => cursor.lagged)).toBe(true);
  expect(() => fixture.cache.list({ limit: 500, revision: page.revision })).toThrow("too old");
  const reading = cursors.filter((cursor) => !slow.includes(cursor));
  expect(reading.every((cursor) => !cursor.lagged)).toBe(true);
  const everything = read.filter((_, i) => i % 4 === 0 && Math.floor(i / 4) % 2 === 1);
  for (const count of everything) expect(count).toBeGreaterThan(CHANGES * 1000);
  for (const cursor of cursors) cursor.close();
});
