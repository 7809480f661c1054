// Creates per second of an engine alone: `npx tsx apiserver/src/storage/bench/engine-bench.ts level|http://127.0.0.1:2379 [total]`.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@coracle/shared/runtime/clock";
import { silentLogger } from "@coracle/shared/runtime/logger";
import { systemRandom } from "@coracle/shared/runtime/random";
import { openStorage } from "../open-storage.ts";

const WATCHERS = 60; // one per resource, as in an API server
const RUNS = 5;
const WRITERS = [1, 32, 256];
const value = Buffer.from(randomBytes(540).toString("hex"));
const target = process.argv[2] ?? "level";
const total = Number(process.argv[3] ?? 5000);

const directory = mkdtempSync(join(tmpdir(), "coracle-engine-bench-"));
const { storage } = await openStorage(
  target === "level"
    ? { engine: "level", directory, holder: "a benchmark", sync: true }
    : { engine: "etcd", endpoints: target.split(",") },
  { clock: systemClock, random: systemRandom, logger: silentLogger },
);
const startRevision = (await storage.currentRevision()) + 1;
const watches = Array.from({ length: WATCHERS }, (_, i) =>
  storage.watch({
    prefix: `/registry/${i}/`,
    startRevision,
    onEvents: () => undefined,
    onError: (error) => process.stderr.write(`${error.message}\n`),
  }),
);

/** Creates per second, and the 99th percentile of one create in ms. */
async function run(writers: number, name: string): Promise<[number, number]> {
  let next = 0;
  const latencies: number[] = [];
  const startedAt = performance.now();
  const work = async () => {
    for (let i = next++; i < total; i = next++) {
      const key = `/registry/${i % WATCHERS}/${name}-${i}`;
      const at = performance.now();
      await storage.transaction([{ key, revision: 0 }], [{ type: "put", key, value }]);
      latencies.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: writers }, work));
  latencies.sort((a, b) => a - b);
  const rate = total / ((performance.now() - startedAt) / 1000);
  return [rate, latencies[Math.floor(latencies.length * 0.99)] as number];
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] as number;
const unique = systemRandom.uuid();
for (const writers of WRITERS) {
  const results: [number, number][] = [];
  for (let i = 0; i < RUNS; i++) results.push(await run(writers, `${unique}-${writers}-${i}`));
  const rate = median(results.map(([one]) => one));
  const p99 = median(results.map(([, one]) => one));
  process.stdout.write(
    `${writers} writers: ${rate.toFixed(0)} creates/s, p99 ${p99.toFixed(1)} ms\n`,
  );
}
for (const watch of watches) watch.close();
await storage.close();
rmSync(directory, { recursive: true });
