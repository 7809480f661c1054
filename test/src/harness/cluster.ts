// A whole cluster as its users have it: `coracle up` from dist/, each component a process, in a directory of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dataDirectory, readRunning } from "@coracle/cli/data-directory";
import { freePort, tryPort } from "@coracle/cli/ports";
import { Client } from "@coracle/shared/client/client";
import { loadKubeconfig } from "@coracle/shared/client/kubeconfig";
import { vi } from "vitest";

const BINARY = new URL("../../../dist/coracle.mjs", import.meta.url).pathname;
const READY_MS_MAX = 30_000;

export interface TestCluster {
  url: string;
  /** Where the cluster keeps everything. */
  path: string;
  kubeconfig: string;
  /** Everything printed so far. */
  log(): string;
  client(): Client;
  /** Process id of a component (`kubelet`, or `scheduler-2`) that runs; undefined between its end and its restart. */
  pid(instance: string): number | undefined;
  stop(): Promise<void>;
}

/** `args`: further ones of `coracle up`. Rejects with what was printed when it does not become ready. */
export async function startCluster(...args: string[]): Promise<TestCluster> {
  if (!existsSync(BINARY)) throw new Error("dist/ is missing: run npm run build");
  const path = mkdtempSync(join(tmpdir(), "coracle-cluster-"));
  const directory = dataDirectory(path);
  const port = await freePorts(serverCount(args));
  const own = ["--data-dir", path, "--port", String(port)];
  const child = spawn(process.execPath, [BINARY, "up", ...own, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1" },
  });
  let printed = "";
  child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  await vi.waitFor(
    () => {
      if (child.exitCode !== null) throw new Error(`coracle up ended: ${printed}`);
      if (!/ready in [\d.]+ s/.test(printed)) throw new Error(`not ready: ${printed}`);
    },
    { timeout: READY_MS_MAX, interval: 50 },
  );
  const clients: Client[] = [];
  return {
    url: `https://127.0.0.1:${port}`,
    path,
    kubeconfig: directory.kubeconfig,
    log: () => printed,
    client() {
      const client = new Client(loadKubeconfig(directory.kubeconfig));
      clients.push(client);
      return client;
    },
    pid: (instance) => readRunning(directory)?.components[instance],
    async stop() {
      for (const client of clients) client.close();
      await stopped(child);
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** The front's port, and one for each API server behind it. */
function serverCount(args: readonly string[]): number {
  const at = args.indexOf("--apiservers");
  return at < 0 ? 1 : 1 + Number(args[at + 1]);
}

/** The first of `count` neighbours. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = await freePort();
    const rest = Array.from({ length: count - 1 }, (_, i) => tryPort(first + 1 + i));
    if ((await Promise.all(rest)).every((port) => port !== undefined)) return first;
  }
}

function stopped(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}

export const examplePath = (name: string): string =>
  new URL(`../../../examples/${name}`, import.meta.url).pathname;
