// Resident memory of each process of an idle cluster of three nodes.
import { systemClock } from "@coracle/shared/runtime/clock";
import { startCluster } from "./cluster.ts";

const SETTLE_MS = 10_000;

export async function benchMemory(): Promise<void> {
  const cluster = await startCluster();
  await systemClock.sleep(SETTLE_MS);
  const sizes = cluster.residentMiB();
  const shared = Object.values(cluster.proportionalMiB()).reduce((sum, size) => sum + size, 0);
  await cluster.stop();
  const total = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  const parts = Object.entries(sizes).map(([name, size]) => `${name} ${size.toFixed(0)}`);
  console.log(`resident when idle: ${total.toFixed(0)} MiB (${parts.join(", ")})`);
  console.log(`… with the pages that they share counted once: ${shared.toFixed(0)} MiB`);
}
