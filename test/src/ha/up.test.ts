// The command line of a cluster with several of each, over an etcd that it starts itself.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "@coracle/shared/client/client";
import { loadKubeconfig } from "@coracle/shared/client/kubeconfig";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { freePorts } from "../harness/cluster.ts";
import { etcdRequirement } from "../harness/etcd.ts";
import { describeWith } from "../requirement.ts";

vi.setConfig({ testTimeout: 90_000 });

const coracle = fileURLToPath(new URL("../../../dist/coracle.mjs", import.meta.url));
let folder: string;
let port: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "coracle-ha-up-"));
  port = await freePorts(3);
});
afterEach(() => {
  run("reset");
  rmSync(folder, { recursive: true });
});

function run(...args: string[]) {
  const all = [coracle, ...args, "--data-dir", join(folder, "data")];
  return spawnSync(process.execPath, all, { encoding: "utf8", timeout: 60_000 });
}
const several = ["--apiservers", "2", "--control-planes", "2", "--nodes", "1"];
const up = (...args: string[]) => run("up", "--detach", "--port", String(port), ...args);
const processes = (): Record<string, number> =>
  JSON.parse(readFileSync(join(folder, "data/coracle.pid"), "utf8")).components;

test("several API servers need a store that they can share", () => {
  const { status, stderr } = up(...several);
  expect(status).toBe(1);
  expect(stderr).toBe(
    "coracle: several API servers need a store that they can share: add --store etcd\n",
  );
});

describeWith("coracle up --store etcd", [etcdRequirement], () => {
  test("starts, heals, keeps its data and goes down", async () => {
    const started = up("--store", "etcd", ...several);
    expect(started.stderr).toBe("");
    expect(started.stdout).toMatch(/^ready in \d+\.\d\d s: 2 API servers and 1 nodes\n/);
    const names = [
      ...["apiserver-1", "apiserver-2", "controller-manager-1", "controller-manager-2"],
      ...["etcd", "kubelet", "scheduler-1", "scheduler-2"],
    ];
    const before = processes();
    expect(Object.keys(before).sort()).toEqual(names);
    await vi.waitFor(() => expect(run("status").stdout).toMatch(/kube-scheduler +led by /), 15_000);
    const { status, stdout } = run("status");
    expect({ status, stdout }).toMatchObject({ status: 0 });
    expect(stdout).toContain(`port ${port + 1}  /readyz ok`);

    const client = new Client(loadKubeconfig(join(folder, "data/kubeconfig")));
    const metadata = { name: "kept", namespace: "default" };
    await client.for("configmaps").create({ metadata, data: {} });
    process.kill(before["apiserver-1"] as number, "SIGKILL");
    process.kill(before.etcd as number, "SIGKILL");
    await vi.waitFor(() => expect(run("status").status).toBe(0), {
      timeout: 30_000,
      interval: 200,
    });
    expect(processes().etcd).not.toBe(before.etcd);

    expect(run("down").stdout).toBe("stopped\n");
    for (const pid of Object.values(before)) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    expect(up("--store", "etcd", ...several).status).toBe(0);
    await expect(client.for("configmaps").get("kept", "default")).resolves.toBeDefined();
    client.close();
    expect(existsSync(join(folder, "data/etcd"))).toBe(true);
    expect(run("reset").stdout).toBe("deleted\n");
    expect(existsSync(join(folder, "data"))).toBe(false);
  });

  test("its kubeconfig has a context for the front and one for each API server", async () => {
    expect(up("--store", "etcd", ...several)).toMatchObject({ status: 0, stderr: "" });
    const config = JSON.parse(readFileSync(join(folder, "data/kubeconfig"), "utf8"));
    const servers = config.clusters.map(
      ({ name, cluster }: { name: string; cluster: { server: string } }) => [name, cluster.server],
    );
    expect(servers).toEqual([
      ["coracle", `https://127.0.0.1:${port}`],
      ["coracle-1", `https://127.0.0.1:${port + 1}`],
      ["coracle-2", `https://127.0.0.1:${port + 2}`],
    ]);
    for (const [, server] of servers) {
      const client = new Client(loadKubeconfig(join(folder, "data/kubeconfig"), server));
      expect((await client.for("nodes").list()).items).toHaveLength(1);
      client.close();
    }
  });
});
