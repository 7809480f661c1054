// Durable creates through the API, and how soon watchers know: on LevelDB and on etcd, beside what the machine needs for one sync.
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@coracle/shared/runtime/clock";
import { quantile, summary } from "./statistics.ts";
import { type Engine, type StoreBench, startStoreBench } from "./store-server.ts";
import { ManyWatchers } from "./store-watchers.ts";
import { wrk } from "./wrk.ts";

const CONNECTIONS = [1, 32, 256];
const WATCHERS = [100, 1000];
const WRITES = 50;
const SYNCS = 500;
const SYNC_BYTES = 2048;

export async function benchStore(runs: number, seconds: number): Promise<void> {
  benchSync();
  for (const engine of ["level", "etcd"] as const) {
    await withBench(engine, (bench) => benchCreates(bench, runs, seconds));
    for (const count of WATCHERS) {
      await withBench(engine, (bench) => benchWatchers(bench, count, runs));
    }
  }
}

async function withBench(engine: Engine, use: (bench: StoreBench) => Promise<void>): Promise<void> {
  const bench = await startStoreBench(engine);
  try {
    await use(bench);
  } finally {
    await bench.stop();
  }
}

function benchSync(): void {
  const directory = mkdtempSync(join(tmpdir(), "coracle-bench-sync-"));
  const file = openSync(join(directory, "file"), "w");
  const block = Buffer.alloc(SYNC_BYTES, "x");
  const times = Array.from({ length: SYNCS }, () => {
    const startMs = systemClock.monotonic();
    writeSync(file, block);
    fdatasyncSync(file);
    return systemClock.monotonic() - startMs;
  });
  closeSync(file);
  rmSync(directory, { recursive: true });
  console.log(
    `fdatasync of ${SYNC_BYTES} bytes: median ${quantile(times, 0.5)?.toFixed(2)} ms, p99 ${quantile(times, 0.99)?.toFixed(2)} ms`,
  );
}

async function benchCreates(bench: StoreBench, runs: number, seconds: number): Promise<void> {
  const { server, token, engine } = bench;
  for (const connections of CONNECTIONS) {
    const results = Array.from({ length: runs }, (_, run) =>
      wrk({
        script: "create",
        url: server.url,
        connections,
        seconds,
        env: { BENCH_TOKEN: token, BENCH_RUN: `s${connections}-${run}` },
      }),
    );
    const failures = results.reduce((sum, { failures: count }) => sum + count, 0);
    const rates = results.map(({ requestsPerSecond }) => requestsPerSecond);
    const p99 = results.map(({ p99Ms }) => p99Ms);
    console.log(
      `${engine}, durable Pod creates, ${connections} connections: ${summary(rates, "/s")}, p99 ${summary(p99, "ms", 1)}${failures > 0 ? `, ${failures} failed` : ""}`,
    );
  }
}

async function benchWatchers(bench: StoreBench, count: number, runs: number): Promise<void> {
  const client = bench.server.client();
  const { metadata } = await client.for("configmaps").list({ namespace: "default" });
  client.close();
  const watchers = new ManyWatchers(bench);
  try {
    await watchers.open(count, metadata.resourceVersion);
    await watchers.measure(5, "warm");
    const medians: number[] = [];
    const p99: number[] = [];
    for (let run = 0; run < runs; run++) {
      const latencies = await watchers.measure(WRITES, String(run));
      medians.push(quantile(latencies, 0.5) ?? Number.NaN);
      p99.push(quantile(latencies, 0.99) ?? Number.NaN);
    }
    console.log(
      `${bench.engine}, commit to ${count} watchers: median ${summary(medians, "ms", 1)}, p99 ${summary(p99, "ms", 1)}`,
    );
  } finally {
    watchers.close();
  }
}
