// Figures of the store alone, without HTTP: `npx tsx apiserver/src/storage/bench/storage-bench.ts [directory]`.
import { randomBytes } from "node:crypto";
import { closeSync, fdatasyncSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@coracle/shared/runtime/clock";
import { silentLogger } from "@coracle/shared/runtime/logger";
import { openLevelStorage } from "../level/level-storage.ts";
import type { Storage } from "../storage.ts";
import { WatchCache, type WatchCursor } from "../watch-cache.ts";

const HEAD = '{"kind":"Pod","apiVersion":"v1","metadata":{';
const filler = randomBytes(540).toString("hex");
const root = process.argv[2] ?? "/tmp/coracle-storage-bench";
const print = (name: string, value: string) =>
  process.stdout.write(`${name.padEnd(46)} ${value}\n`);

function pod(i: number): Buffer {
  return Buffer.from(
    `${HEAD}"name":"pod-${i}","namespace":"n${i % 20}","labels":{"app":"web-${i % 50}"}},"spec":{"nodeName":"node-${i % 100}","filler":"${filler}"},"status":{"phase":"Running"}}`,
  );
}

function key(i: number): string {
  return `/registry/pods/n${i % 20}/pod-${i}`;
}

function newCache(storage: Storage, prefix = "/registry/pods/"): WatchCache {
  return new WatchCache({
    storage,
    prefix,
    headLength: HEAD.length,
    extract: (value) => {
      const object = JSON.parse(value.toString());
      const { name, namespace, labels } = object.metadata;
      return { namespace, name, labels, fields: { "spec.nodeName": object.spec.nodeName } };
    },
    clock: systemClock,
    logger: silentLogger,
  });
}

function open(name: string, sync = true) {
  return openLevelStorage({ directory: join(root, name), clock: systemClock, sync });
}

function syncLatency(): void {
  const file = openSync(join(root, "sync-probe"), "w");
  const block = Buffer.alloc(2048);
  const started = performance.now();
  for (let i = 0; i < 500; i++) {
    writeSync(file, block);
    fdatasyncSync(file);
  }
  print("fdatasync of 2 KB, appended", `${((performance.now() - started) / 500).toFixed(3)} ms`);
  closeSync(file);
}

async function commits(writers: number, total: number, caches: number): Promise<void> {
  const storage = await open(`commits-${writers}-${caches}`);
  const running = await Promise.all(
    Array.from({ length: caches }, async (_, i) => {
      const cache = newCache(storage, i === 0 ? undefined : `/registry/other-${i}/`);
      await cache.start();
      return cache;
    }),
  );
  let next = 0;
  const latencies: number[] = [];
  const started = performance.now();
  const cpu = process.cpuUsage();
  await Promise.all(
    Array.from({ length: writers }, async () => {
      while (next < total) {
        const i = next++;
        const at = performance.now();
        await storage.transaction(
          [{ key: key(i), revision: 0 }],
          [{ type: "put", key: key(i), value: pod(i) }],
        );
        latencies.push(performance.now() - at);
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const used = process.cpuUsage(cpu);
  latencies.sort((a, b) => a - b);
  const { commits: done, syncs } = await storage.statistics();
  const p99 = (latencies[Math.floor(latencies.length * 0.99)] as number).toFixed(2);
  print(
    `commits/s, ${writers} writers, ${caches} cache(s)`,
    `${Math.round(done / seconds)}  (p99 ${p99} ms, ${(done / syncs).toFixed(1)} a sync, cpu ${((used.user + used.system) / 1e4 / seconds).toFixed(0)} %)`,
  );
  for (const cache of running) await cache.stop();
  await storage.close();
}

async function fanOut(watchers: number, total: number, filter: boolean): Promise<void> {
  const storage = await open(`fan-out-${watchers}-${filter}`, false);
  const cache = newCache(storage);
  await cache.start();
  let bytes = 0;
  let lines = 0;
  const count = (cursor: WatchCursor) => {
    for (const buffer of cursor.read()) bytes += buffer.length;
  };
  const cursors = Array.from({ length: watchers }, () => {
    const cursor = cache.watch({
      fromRevision: cache.revision,
      ...(filter && {
        predicate: (object) => object.labels?.app !== "web-1",
        filterKey: "app!=web-1",
      }),
    });
    cursor.onReadable(() => count(cursor));
    return cursor;
  });
  const started = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      while (next < total) {
        const i = next++;
        await storage.transaction([], [{ type: "put", key: key(i), value: pod(i) }]);
      }
    }),
  );
  await new Promise((resolve) => setImmediate(resolve));
  const seconds = (performance.now() - started) / 1000;
  lines = total * watchers;
  print(
    `fan-out events/s, ${watchers} watchers${filter ? ", label selector" : ""}`,
    `${Math.round(lines / seconds)}  (${(bytes / 1e6 / seconds).toFixed(0)} MB/s handed out, ${Math.round(total / seconds)} writes/s unsynced)`,
  );
  for (const cursor of cursors) cursor.close();
  await cache.stop();
  await storage.close();
}

async function coldOpen(objects: number): Promise<void> {
  let at = performance.now();
  let storage = await open("cold", false);
  print("open, empty", `${(performance.now() - at).toFixed(0)} ms`);
  for (let i = 0; i < objects; ) {
    const batch: Promise<unknown>[] = [];
    for (let j = 0; j < 1000; j++, i++) {
      batch.push(storage.transaction([], [{ type: "put", key: key(i), value: pod(i) }]));
    }
    await Promise.all(batch);
  }
  await storage.compact(await storage.currentRevision());
  await storage.close();
  globalThis.gc?.();
  const before = process.memoryUsage();
  at = performance.now();
  storage = await open("cold");
  print(`open, ${objects} objects`, `${(performance.now() - at).toFixed(0)} ms`);
  globalThis.gc?.();
  const opened = process.memoryUsage();
  print("  memory, heap", `${((opened.heapUsed - before.heapUsed) / 1e6).toFixed(0)} MB`);
  at = performance.now();
  const cache = newCache(storage);
  await cache.start();
  print(`watch cache start, ${objects} objects`, `${(performance.now() - at).toFixed(0)} ms`);
  globalThis.gc?.();
  const loaded = process.memoryUsage();
  print(
    "  memory, heap / buffers",
    `${((loaded.heapUsed - opened.heapUsed) / 1e6).toFixed(0)} / ${((loaded.arrayBuffers - opened.arrayBuffers) / 1e6).toFixed(0)} MB`,
  );
  reads(cache, objects);
  await cache.stop();
  await storage.close();
}

function reads(cache: WatchCache, objects: number): void {
  const time = (name: string, rounds: number, run: (i: number) => void) => {
    const at = performance.now();
    for (let i = 0; i < rounds; i++) run(i);
    print(name, `${(((performance.now() - at) * 1000) / rounds).toFixed(2)} us`);
  };
  time("get", 200_000, (i) => cache.get(`n${i % 20}`, `pod-${i % objects}`));
  time("page of 500, first", 2000, () => cache.list({ limit: 500 }));
  const first = cache.list({ limit: 500 });
  const startAfter = first.items[499]?.key ?? "";
  time("page of 500, next", 2000, () =>
    cache.list({ limit: 500, startAfter, revision: first.revision }),
  );
  time("list of all", 3, () => cache.list());
}

rmSync(root, { recursive: true, force: true });
mkdirSync(root, { recursive: true });
syncLatency();
await commits(1, 3000, 1);
await commits(32, 30_000, 1);
await commits(256, 60_000, 1);
await commits(32, 30_000, 60);
await fanOut(100, 30_000, false);
await fanOut(100, 30_000, true);
await fanOut(1000, 10_000, false);
await coldOpen(100_000);
rmSync(root, { recursive: true, force: true });
