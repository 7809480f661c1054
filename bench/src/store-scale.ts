// A big store on LevelDB: how soon it is ready after a restart, what it needs in memory and on disk, and that the disk does not grow
// while Pods change for as long as they like: history is compacted. Then 1,000 watchers on all of it.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "@coracle/shared/client/client";
import { systemClock } from "@coracle/shared/runtime/clock";
import { summary } from "./statistics.ts";
import { type StoreBench, startStoreBench } from "./store-server.ts";
import { ManyWatchers } from "./store-watchers.ts";

const WRITERS = 64;
const RESTARTS = 5;
const SETTLE_MS = 5000;
const SAMPLE_MS = 2000;
const WATCHERS = 1000;
/** A day's worth of periods of five minutes goes by within the run. */
const HISTORY = "10s";

export async function benchStoreScale(pods: number, updates: number): Promise<void> {
  const bench = await startStoreBench("level", "--etcd-compaction-interval", HISTORY);
  try {
    await fill(bench, pods);
    await restarts(bench, pods);
    await churn(bench, pods, updates);
    await watch(bench);
  } finally {
    await bench.stop();
  }
}

const name = (i: number) => `pod-${i}`;

async function eachOf(count: number, work: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < count; i = next++) await work(i);
  };
  await Promise.all(Array.from({ length: WRITERS }, worker));
}

function draft(i: number) {
  const requests = { cpu: "100m", memory: "64Mi" };
  return {
    metadata: { name: name(i), namespace: "default", labels: { app: `app-${i % 100}` } },
    spec: {
      schedulerName: "none",
      nodeName: `node-${i % 1000}`,
      containers: [
        {
          name: "main",
          image: "registry.example/app:1.0",
          resources: { requests, limits: requests },
        },
      ],
    },
  };
}

async function fill(bench: StoreBench, pods: number): Promise<void> {
  const client = bench.server.client();
  const startMs = systemClock.monotonic();
  await eachOf(pods, async (i) => void (await client.for("pods").create(draft(i))));
  const seconds = (systemClock.monotonic() - startMs) / 1000;
  console.log(`${pods} Pods: created in ${seconds.toFixed(0)} s, ${sizes(bench)}`);
  client.close();
}

async function restarts(bench: StoreBench, pods: number): Promise<void> {
  const readyMs: number[] = [];
  for (let i = 0; i < RESTARTS; i++) {
    await bench.restart();
    readyMs.push(bench.server.readyMs);
  }
  const ready = residentMiB(bench);
  await systemClock.sleep(SETTLE_MS);
  console.log(
    `${pods} Pods: restart to /readyz ${summary(readyMs, "ms")}; resident ${ready.toFixed(0)} MiB when ready, ${residentMiB(bench).toFixed(0)} MiB after ${SETTLE_MS / 1000} s`,
  );
}

async function churn(bench: StoreBench, pods: number, updates: number): Promise<void> {
  const client = bench.server.client();
  const samples: number[] = [];
  let done = false;
  const sampling = (async () => {
    while (!done) {
      samples.push(diskMiB(bench));
      await systemClock.sleep(SAMPLE_MS);
    }
  })();
  const startMs = systemClock.monotonic();
  await eachOf(updates, (i) => update(client, i, pods));
  done = true;
  await sampling;
  const seconds = (systemClock.monotonic() - startMs) / 1000;
  const half = samples.length >> 1;
  console.log(
    `${pods} Pods: ${updates} updates in ${seconds.toFixed(0)} s with ${HISTORY} of history; disk at most ${Math.max(...samples.slice(0, half)).toFixed(0)} MiB in the first half, ${Math.max(...samples.slice(half)).toFixed(0)} MiB in the second; ${sizes(bench)}`,
  );
  client.close();
}

async function update(client: Client, i: number, pods: number): Promise<void> {
  const patch = { metadata: { annotations: { change: String(i) } } };
  await client.for("pods").patch(name(i % pods), patch, { namespace: "default", type: "merge" });
}

async function watch(bench: StoreBench): Promise<void> {
  const client = bench.server.client();
  const { metadata } = await client.for("configmaps").list({ namespace: "default" });
  client.close();
  const before = residentMiB(bench);
  const watchers = new ManyWatchers(bench);
  try {
    await watchers.open(WATCHERS, metadata.resourceVersion);
    await watchers.measure(20, "scale");
    const grown = residentMiB(bench) - before;
    console.log(`${WATCHERS} watchers: ${grown.toFixed(0)} MiB more, ${sizes(bench)}`);
  } finally {
    watchers.close();
  }
}

const sizes = (bench: StoreBench): string =>
  `resident ${residentMiB(bench).toFixed(0)} MiB, disk ${diskMiB(bench).toFixed(0)} MiB`;

function residentMiB({ server }: StoreBench): number {
  const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
}

function diskMiB({ directory }: StoreBench): number {
  const location = join(directory, "store", "level");
  let bytes = 0;
  for (const file of readdirSync(location)) {
    // LevelDB deletes files as it goes.
    bytes += statSync(join(location, file), { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes / 2 ** 20;
}
