// A cluster of dist/ in a directory of its own, started as a user starts it.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dataDirectory, readRunning } from "@coracle/cli/data-directory";
import { freePort } from "@coracle/cli/ports";
import { Client } from "@coracle/shared/client/client";
import { loadKubeconfig } from "@coracle/shared/client/kubeconfig";
import { systemClock } from "@coracle/shared/runtime/clock";

const BINARY = new URL("../../dist/coracle.mjs", import.meta.url).pathname;
const DEADLINE_MS = 60_000;

export interface BenchCluster {
  url: string;
  token: string;
  /** Milliseconds from the start of the command. */
  readyzMs: number;
  client: Client;
  /** Resident set of each process, in MiB. */
  residentMiB(): Record<string, number>;
  /** As residentMiB, with pages that several processes share (node's own binary) divided among them. */
  proportionalMiB(): Record<string, number>;
  stop(): Promise<void>;
}

export async function startCluster(...args: string[]): Promise<BenchCluster> {
  const path = mkdtempSync(join(tmpdir(), "coracle-bench-"));
  const directory = dataDirectory(path);
  const port = await freePort();
  const startedAt = systemClock.monotonic();
  const child = spawn(
    process.execPath,
    [BINARY, "up", "--data-dir", path, "--port", String(port), "--log-level", "warn", ...args],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const client = await connect(directory.kubeconfig, startedAt);
  const readyzMs = systemClock.monotonic() - startedAt;
  const [token = ""] = readFileSync(join(directory.pki, "tokens.csv"), "utf8").split(",");
  const sizes = (sizeOf: (pid: number) => number): Record<string, number> => {
    const pids = { coracle: child.pid, ...readRunning(directory)?.components };
    const known = Object.entries(pids).filter(([, pid]) => pid !== undefined);
    return Object.fromEntries(known.map(([name, pid]) => [name, sizeOf(pid as number)]));
  };
  return {
    url: `https://127.0.0.1:${port}`,
    token,
    readyzMs,
    client,
    residentMiB: () => sizes(residentMiB),
    proportionalMiB: () => sizes(proportionalMiB),
    async stop() {
      client.close();
      await stopped(child);
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Asks for /readyz from the moment the kubeconfig is there. */
async function connect(kubeconfig: string, startedAt: number): Promise<Client> {
  let client: Client | undefined;
  for (;;) {
    try {
      client ??= new Client(loadKubeconfig(kubeconfig));
      await client.request("GET", "/readyz");
      return client;
    } catch (error) {
      if (systemClock.monotonic() - startedAt > DEADLINE_MS) throw error;
      await systemClock.sleep(2);
    }
  }
}

function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
}

function proportionalMiB(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1]) / 1024;
}

function stopped(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}
