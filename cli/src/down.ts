// `coracle down`: stops the cluster of a data directory, whoever started it.
import { rmSync } from "node:fs";
import { dataDirectory, isSupervisor, readRunning } from "./data-directory.ts";
import { endLeftovers, endProcesses } from "./processes.ts";

/** Returns whether anything was running. */
export async function down(dataDir: string): Promise<boolean> {
  const directory = dataDirectory(dataDir);
  const running = readRunning(directory);
  if (running === undefined) return false;
  const isSupervised = isSupervisor(running.pid);
  if (isSupervised) await endProcesses([running.pid]);
  // Of a supervisor that was killed, now or before.
  const ended = await endLeftovers(directory, readRunning(directory) ?? running);
  rmSync(directory.processFile, { force: true });
  return isSupervised || ended.length > 0;
}
