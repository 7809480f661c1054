// What 16,000 Pods cost: memory, a whole list, pages of it, and events to 100 watchers.
import { systemClock } from "@coracle/shared/runtime/clock";
import { type BenchCluster, startCluster } from "./cluster.ts";
import { connectTo, inParallel, podDraft, send, watch } from "./requests.ts";
import { summary } from "./statistics.ts";
import { wrk } from "./wrk.ts";

const PODS = 16_000;
const ROUNDS = 5;
const SECONDS = 5;
const WATCHERS = 100;
const EVENTS = 2_000;
const PODS_PATH = "/api/v1/namespaces/default/pods";
const MAPS_PATH = "/api/v1/namespaces/default/configmaps";

export async function benchReads(): Promise<void> {
  const cluster = await startCluster("--only", "apiserver");
  const transport = connectTo(cluster);
  try {
    await cluster.client
      .for("serviceaccounts")
      .create({ metadata: { name: "default", namespace: "default" } });
    const empty = cluster.residentMiB().apiserver ?? 0;
    await inParallel(PODS, 32, (i) =>
      send(cluster, transport, "POST", PODS_PATH, podDraft(`p-${i}`, "none")),
    );
    const full = cluster.residentMiB().apiserver ?? 0;
    console.log(`apiserver with ${PODS} Pods: ${full.toFixed(0)} MiB (empty ${empty.toFixed(0)})`);
    await lists(cluster);
    pages(cluster);
    await events(cluster);
  } finally {
    transport.close();
    await cluster.stop();
  }
}

async function lists(cluster: BenchCluster): Promise<void> {
  const transport = connectTo(cluster);
  const before = cluster.residentMiB().apiserver ?? 0;
  const seconds: number[] = [];
  let bytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = systemClock.monotonic();
    bytes = await send(cluster, transport, "GET", PODS_PATH);
    seconds.push((systemClock.monotonic() - startedAt) / 1000);
  }
  const grown = (cluster.residentMiB().apiserver ?? 0) - before;
  transport.close();
  const size = `${(bytes / 1e6).toFixed(0)} MB, resident set ${grown.toFixed(0)} MiB more`;
  console.log(`list of ${PODS} Pods: ${summary(seconds, "s", 3)}, ${size}`);
}

function pages(cluster: BenchCluster): void {
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const env = {
      BENCH_TOKEN: cluster.token,
      BENCH_PATH: `${PODS_PATH}?limit=500`,
    };
    const load = {
      script: "get",
      url: cluster.url,
      connections: 8,
      seconds: SECONDS,
      env,
    } as const;
    rates.push(wrk(load).requestsPerSecond);
  }
  console.log(`pages of 500: ${summary(rates, "/s")}`);
}

async function events(cluster: BenchCluster): Promise<void> {
  const transport = connectTo(cluster);
  const rates: number[] = [];
  const lags: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { metadata } = await cluster.client.for("configmaps").list({ limit: 1 });
    let seen = 0;
    let finish = () => {};
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const path = `${MAPS_PATH}?watch=1&resourceVersion=${metadata.resourceVersion}`;
    const onLine = () => {
      if (++seen === WATCHERS * EVENTS) finish();
    };
    const watches = await Promise.all(
      Array.from({ length: WATCHERS }, () => watch(cluster, path, onLine)),
    );
    const startedAt = systemClock.monotonic();
    await inParallel(EVENTS, 16, (i) =>
      send(cluster, transport, "POST", MAPS_PATH, {
        metadata: { name: `w-${round}-${i}` },
        data: { k: "x".repeat(200) },
      }),
    );
    const writtenAt = systemClock.monotonic();
    await done;
    const doneAt = systemClock.monotonic();
    rates.push((WATCHERS * EVENTS * 1000) / (doneAt - startedAt));
    lags.push(doneAt - writtenAt);
    for (const open of watches) open.close();
  }
  transport.close();
  const lag = `last one ${summary(lags, "ms", 1)} after the last write`;
  console.log(`events to ${WATCHERS} watchers: ${summary(rates, "/s")}, ${lag}`);
}
