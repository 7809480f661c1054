// Processes that this one did not start: asks them to end, waits, and makes sure.
import { readFileSync } from "node:fs";
import { systemClock } from "@coracle/shared/runtime/clock";
import { type DataDirectory, isComponent, type RunningCluster } from "./data-directory.ts";

const POLL_MS = 20;
/** More than a supervisor gives its components. */
export const END_MS_MAX = 15_000;

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return !isZombie(pid);
}

/** It has ended, and whoever inherited it has not asked for its exit code yet. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")")).startsWith(") Z");
  } catch {
    return false; // no /proc on this system, or it has just gone: the next look tells
  }
}

/** SIGTERM, and SIGKILL to what is still there after `waitMs`. Returns when all are gone. */
export async function endProcesses(pids: readonly number[], waitMs = END_MS_MAX): Promise<void> {
  const release = holdProcess();
  try {
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      for (const pid of pids) send(pid, signal);
      const deadline = systemClock.monotonic() + waitMs;
      while (pids.some(isAlive) && systemClock.monotonic() < deadline) {
        await systemClock.sleep(POLL_MS);
      }
    }
  } finally {
    release();
  }
}

/** Ends the components that outlived their supervisor. Returns their names. */
export async function endLeftovers(
  directory: DataDirectory,
  running: RunningCluster,
): Promise<string[]> {
  const left = Object.entries(running.components) as [string, number][];
  const alive = left.filter(([name, pid]) => isComponent(pid, name, directory));
  await endProcesses(alive.map(([, pid]) => pid));
  return alive.map(([name]) => name);
}

/** Timers of the system clock do not keep a process alive; this does, until the returned function is called. */
export function holdProcess(): () => void {
  const { port1 } = new MessageChannel();
  port1.ref();
  return () => port1.close();
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // ESRCH: gone already
  }
}
