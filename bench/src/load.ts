// Creates, patches and gets of Pods under load, with every feature on, each as a ratio to a peer (another API server) when one
// is named.
import { startCluster } from "./cluster.ts";
import { quantile, summary } from "./statistics.ts";
import { type Load, type Measured, wrk } from "./wrk.ts";

const ROUNDS = 5;
const SECONDS = 5;
const CONNECTIONS = 32;

export interface Peer {
  url: string;
  token: string;
}

interface Figure {
  name: string;
  load(target: Peer, round: number): Omit<Load, "url" | "seconds" | "connections">;
}

const podPath = "/api/v1/namespaces/default/pods/a0-0-5";
const figures: Figure[] = [
  {
    name: "durable Pod creates",
    load: ({ token }, round) => ({
      script: "create",
      env: { BENCH_TOKEN: token, BENCH_RUN: `a${round}` },
    }),
  },
  {
    name: "patches",
    load: ({ token }, round) => ({
      script: "patch",
      env: { BENCH_TOKEN: token, BENCH_RUN: `a${round}`, BENCH_MAX: "500" },
    }),
  },
  {
    name: "gets",
    load: ({ token }) => ({ script: "get", env: { BENCH_TOKEN: token, BENCH_PATH: podPath } }),
  },
];

export async function benchLoad(peer: Peer | undefined): Promise<void> {
  const cluster = await startCluster("--only", "apiserver");
  try {
    await cluster.client
      .for("serviceaccounts")
      .create({ metadata: { name: "default", namespace: "default" } });
    for (const figure of figures) report(figure, cluster, peer);
  } finally {
    await cluster.stop();
  }
}

function report(figure: Figure, own: Peer, peer: Peer | undefined): void {
  const measure = (target: Peer, round: number): Measured =>
    wrk({
      ...figure.load(target, round),
      url: target.url,
      seconds: SECONDS,
      connections: CONNECTIONS,
    });
  const ours: Measured[] = [];
  const theirs: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(measure(own, round));
    if (peer !== undefined) theirs.push(measure(peer, round));
  }
  const rates = ours.map(({ requestsPerSecond }) => requestsPerSecond);
  const p99 = ours.map(({ p99Ms }) => p99Ms);
  const failures = ours.reduce((sum, { failures: count }) => sum + count, 0);
  let line = `${figure.name}: ${summary(rates, "/s")}, p99 ${summary(p99, "ms", 1)}`;
  if (failures > 0) line += `, ${failures} failed`;
  if (theirs.length > 0) {
    const peerRate =
      quantile(
        theirs.map(({ requestsPerSecond }) => requestsPerSecond),
        0.5,
      ) ?? 0;
    line += `; peer ${peerRate.toFixed(0)}/s, ratio ${((quantile(rates, 0.5) ?? 0) / peerRate).toFixed(1)}`;
  }
  console.log(line);
}
