// The coracle command with the real components, each a process of its own.
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "@coracle/cli/ports";
import { Client } from "@coracle/shared/client/client";
import { loadKubeconfig } from "@coracle/shared/client/kubeconfig";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

const coracle = fileURLToPath(new URL("../../dist/coracle.mjs", import.meta.url));
let folder: string;
let port: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "coracle-up-"));
  port = await freePort();
});
afterEach(() => {
  run("reset");
  rmSync(folder, { recursive: true });
});

function run(...args: string[]) {
  const all = [coracle, ...args, "--data-dir", join(folder, "data")];
  // As `npm run up` does after an installation that took a minute.
  const env = { ...process.env, CORACLE_START_MS: "60000" };
  return spawnSync(process.execPath, all, { encoding: "utf8", timeout: 60_000, env });
}

const up = (...args: string[]) => run("up", "--detach", "--port", String(port), ...args);
const processes = (): Record<string, number> =>
  JSON.parse(readFileSync(join(folder, "data/coracle.pid"), "utf8")).components;
const lastLine = (text: string) => text.trim().split("\n").at(-1);

test("a cluster comes up, heals, and goes down", { timeout: 60_000 }, async () => {
  const started = up("--nodes", "2");
  expect(started.stderr).toBe("");
  expect(started.stdout).toMatch(/^ready in \d+\.\d\d s: API server and 2 nodes\n/);

  const client = new Client(loadKubeconfig(join(folder, "data/kubeconfig")));
  const nodes = await client.for("nodes").list();
  expect(nodes.items).toHaveLength(2);
  expect(run("status").status).toBe(0);

  const before = processes();
  expect(Object.keys(before).sort()).toEqual([
    "apiserver",
    "controller-manager",
    "kubelet",
    "scheduler",
  ]);
  process.kill(before.scheduler as number, "SIGKILL");
  await vi.waitFor(
    () => {
      expect(processes().scheduler).toBeDefined();
      expect(processes().scheduler).not.toBe(before.scheduler);
    },
    { timeout: 10_000, interval: 50 },
  );
  expect(processes().apiserver).toBe(before.apiserver);

  client.close();
  expect(run("down").stdout).toBe("stopped\n");
  for (const pid of Object.values(before)) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  expect(run("down").stdout).toBe("no cluster was running\n");
  expect(run("status").status).toBe(1);

  // The data is still there, and goes with reset.
  expect(existsSync(join(folder, "data/store"))).toBe(true);
  expect(run("reset").stdout).toBe("deleted\n");
  expect(existsSync(join(folder, "data"))).toBe(false);
});

test("what stops a start is one line and exit code 1", { timeout: 60_000 }, async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, "127.0.0.1", resolve));
  const busy = up();
  expect(busy.stderr).toBe(
    `coracle: port ${port} on 127.0.0.1 is in use; choose another with --port\n`,
  );
  expect(busy.status).toBe(1);
  await new Promise((resolve) => other.close(resolve));

  const unknownFlag = up("--set", "scheduler.no-such-flag");
  expect(unknownFlag.status).toBe(1);
  expect(unknownFlag.stderr.trim().split("\n")).toHaveLength(1);
  expect(unknownFlag.stderr).toMatch(/^coracle: scheduler cannot start: .*no-such-flag/);

  expect(up("--only", "apiserver").status).toBe(0);
  const locked = up("--only", "apiserver");
  expect(locked.stderr).toMatch(/^coracle: the data directory \S+ is in use by process \d+; /);
  expect(locked.status).toBe(1);
});

test("clusters start side by side", { timeout: 60_000 }, async () => {
  const folders = ["one", "two", "three"].map((name) => join(folder, name));
  try {
    const starts = folders.map(async (path) => {
      const args = ["up", "--detach", "--port", String(await freePort()), "--data-dir", path];
      return promisify(execFile)(process.execPath, [coracle, ...args]);
    });
    for (const { stdout } of await Promise.all(starts)) expect(stdout).toMatch(/^ready in /);
    const kubeletPorts = new Set<number | undefined>();
    for (const path of folders) {
      const client = new Client(loadKubeconfig(join(path, "kubeconfig")));
      const [node] = (await client.for("nodes").list()).items;
      kubeletPorts.add(node?.status?.daemonEndpoints?.kubeletEndpoint?.Port);
      client.close();
    }
    expect(kubeletPorts.size).toBe(3);
  } finally {
    for (const path of folders) spawnSync(process.execPath, [coracle, "reset", "--data-dir", path]);
  }
});

test("a store that another process holds is named", { timeout: 60_000 }, async () => {
  expect(up("--only", "apiserver").status).toBe(0);
  const { pid } = JSON.parse(readFileSync(join(folder, "data/coracle.pid"), "utf8"));
  // As if the API server had been started by hand: nobody knows of it.
  process.kill(pid, "SIGSTOP");
  const saved = readFileSync(join(folder, "data/coracle.pid"), "utf8");
  rmSync(join(folder, "data/coracle.pid"));
  try {
    const another = String(await freePort());
    const second = run("up", "--detach", "--port", another, "--only", "apiserver");
    expect(second.status).toBe(1);
    expect(lastLine(second.stderr)).toMatch(/^coracle: apiserver cannot start: .*(in use|lock)/i);
  } finally {
    process.kill(pid, "SIGCONT");
    writeFileSync(join(folder, "data/coracle.pid"), saved);
  }
});
