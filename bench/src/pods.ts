// Pods through the scheduler onto 1,000 nodes that nobody runs, and through scheduler and simulated kubelets to Running.
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { formatTime, systemClock } from "@coracle/shared/runtime/clock";
import { type BenchCluster, startCluster } from "./cluster.ts";
import { connectTo, inParallel, podDraft, send, watch } from "./requests.ts";
import { quantile, summary } from "./statistics.ts";

const ROUNDS = 5;
const NODES = 1_000;
const SCHEDULED = 5_000;
const RUN = 2_000;
const PODS_PATH = "/api/v1/namespaces/default/pods";

export async function benchPods(): Promise<void> {
  await benchScheduled();
  await benchRunning();
}

async function benchScheduled(): Promise<void> {
  const cluster = await startCluster("--only", "apiserver,scheduler");
  try {
    await cluster.client
      .for("serviceaccounts")
      .create({ metadata: { name: "default", namespace: "default" } });
    await makeNodes(cluster);
    const isBound = ({ spec }: Pod) => spec.nodeName !== undefined;
    await rounds(cluster, `Pods bound on ${NODES} nodes`, SCHEDULED, isBound);
  } finally {
    await cluster.stop();
  }
}

async function benchRunning(): Promise<void> {
  const cluster = await startCluster("--nodes", "20");
  try {
    await serviceAccount(cluster);
    const isRunning = ({ status }: Pod) => status.phase === "Running";
    await rounds(cluster, "Pods Running on 20 simulated nodes", RUN, isRunning);
  } finally {
    await cluster.stop();
  }
}

async function serviceAccount(cluster: BenchCluster): Promise<void> {
  const accounts = cluster.client.for("serviceaccounts");
  for (;;) {
    const { items } = await accounts.list({ namespace: "default" });
    if (items.length > 0) return;
    await systemClock.sleep(20);
  }
}

async function makeNodes(cluster: BenchCluster): Promise<void> {
  const transport = connectTo(cluster);
  const now = formatTime(systemClock.now());
  const conditions = [
    { type: "Ready", status: "True", reason: "KubeletReady", lastHeartbeatTime: now },
  ];
  const resources = { cpu: "16", memory: "64Gi", pods: "110" };
  await inParallel(NODES, 32, async (i) => {
    const name = `node-${i}`;
    await send(cluster, transport, "POST", "/api/v1/nodes", { metadata: { name } });
    const status = { capacity: resources, allocatable: resources, conditions };
    await send(cluster, transport, "PATCH", `/api/v1/nodes/${name}/status`, { status });
    // A node begins with a taint that the node lifecycle controller would take away.
    await send(cluster, transport, "PATCH", `/api/v1/nodes/${name}`, { spec: { taints: null } });
  });
  transport.close();
}

async function rounds(
  cluster: BenchCluster,
  name: string,
  count: number,
  arrived: (pod: Pod) => boolean,
): Promise<void> {
  const rates: number[] = [];
  const p99: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const { rate, latencies } = await oneRound(cluster, `r${round}`, count, arrived);
    rates.push(rate);
    p99.push(quantile(latencies, 0.99) ?? Number.NaN);
    await removeAll(cluster);
  }
  // V8 compiles for the whole of the first round, which is counted apart.
  const [first = Number.NaN, ...others] = rates;
  const lag = `p99 from create ${summary(p99.slice(1), "ms")}`;
  console.log(
    `${name}: ${summary(others, "/s")}, ${lag}; the first ${count} at ${first.toFixed(0)} /s`,
  );
}

async function oneRound(
  cluster: BenchCluster,
  prefix: string,
  count: number,
  arrived: (pod: Pod) => boolean,
): Promise<{ rate: number; latencies: number[] }> {
  const transport = connectTo(cluster);
  const { metadata } = await cluster.client.for("pods").list({ limit: 1 });
  const createdAt = new Map<string, number>();
  const latencies: number[] = [];
  let finish = () => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const path = `${PODS_PATH}?watch=1&resourceVersion=${metadata.resourceVersion}`;
  const open = await watch(cluster, path, (line) => {
    const pod = (JSON.parse(line.toString()) as { object: Pod }).object;
    const since = createdAt.get(pod.metadata.name);
    if (since === undefined || !arrived(pod)) return;
    createdAt.delete(pod.metadata.name);
    latencies.push(systemClock.monotonic() - since);
    if (latencies.length === count) finish();
  });
  const startedAt = systemClock.monotonic();
  await inParallel(count, 32, async (i) => {
    const pod = podDraft(`${prefix}-${i}`);
    createdAt.set(pod.metadata.name, systemClock.monotonic());
    await send(cluster, transport, "POST", PODS_PATH, pod);
  });
  await done;
  const rate = (count * 1000) / (systemClock.monotonic() - startedAt);
  open.close();
  transport.close();
  return { rate, latencies };
}

async function removeAll(cluster: BenchCluster): Promise<void> {
  const transport = connectTo(cluster);
  await send(cluster, transport, "DELETE", `${PODS_PATH}?gracePeriodSeconds=0`);
  transport.close();
  for (;;) {
    const { items } = await cluster.client.for("pods").list({ namespace: "default", limit: 1 });
    if (items.length === 0) return;
    await systemClock.sleep(50);
  }
}
