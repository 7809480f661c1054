// From the start of the command, on an empty directory: to /readyz, and to the first Pod Running.
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { StatusError } from "@coracle/shared/machinery/status-error";
import { systemClock } from "@coracle/shared/runtime/clock";
import { startCluster } from "./cluster.ts";
import { summary } from "./statistics.ts";

const RUNS = 10;

export async function benchStartup(): Promise<void> {
  const readyz: number[] = [];
  const running: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const startedAt = systemClock.monotonic();
    const cluster = await startCluster();
    readyz.push(cluster.readyzMs);
    await firstPodRunning(cluster.client);
    running.push(systemClock.monotonic() - startedAt);
    await cluster.stop();
  }
  console.log(`cold start to /readyz:           ${summary(readyz, "ms")}`);
  console.log(`cold start to first Pod Running: ${summary(running, "ms")}`);
}

async function firstPodRunning(client: Awaited<ReturnType<typeof startCluster>>["client"]) {
  const pods = client.for("pods");
  const draft = {
    metadata: { name: "first", namespace: "default" },
    spec: { containers: [{ name: "c", image: "i" }] },
  };
  let pod: Pod | undefined;
  while (pod === undefined) {
    try {
      pod = await pods.create(draft);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      await systemClock.sleep(2); // the default service account is not there yet
    }
  }
  const { resourceVersion } = pod.metadata;
  const stopping = new AbortController();
  const events = pods.watch({ namespace: "default", resourceVersion, signal: stopping.signal });
  for await (const { object } of events) if (object.status.phase === "Running") break;
  stopping.abort();
}
