// A real etcd on loopback, for one test file.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { systemClock } from "@coracle/shared/runtime/clock";
import type { Requirement } from "../requirement.ts";

const BINARY = "/usr/bin/etcd";
const POLL_MS = 20;
const START_MS = 20_000;

export const etcdRequirement: Requirement = {
  missing: existsSync(BINARY) ? undefined : `there is no ${BINARY}`,
  install: "apt-get install etcd-server etcd-client",
};

export interface TestEtcd {
  endpoint: string;
  /** Runs etcdctl; its standard output. */
  control(...args: string[]): Promise<string>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Over the same data, on the same port. Resolves when it answers. */
  start(): Promise<void>;
  remove(): Promise<void>;
}

export async function startEtcd(): Promise<TestEtcd> {
  const directory = mkdtempSync(join(tmpdir(), "coracle-etcd-"));
  const [client, peer] = [await freePort(), await freePort()];
  const endpoint = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const args = [
    ...["--data-dir", join(directory, "data")],
    ...["--listen-client-urls", endpoint, "--advertise-client-urls", endpoint],
    ...["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl],
    ...["--initial-cluster", `default=${peerUrl}`],
    ...["--heartbeat-interval", "50", "--election-timeout", "500"],
    ...["--logger", "zap", "--log-level", "error"],
  ];
  let child: ChildProcess | undefined;
  const etcd: TestEtcd = {
    endpoint,
    async control(...command) {
      const { stdout } = await promisify(execFile)(
        "/usr/bin/etcdctl",
        ["--endpoints", endpoint, ...command],
        { env: { ...process.env, ETCDCTL_API: "3" } },
      );
      return stdout;
    },
    async kill() {
      const running = child;
      child = undefined;
      if (running === undefined || running.exitCode !== null) return;
      running.kill("SIGKILL");
      await once(running, "exit");
    },
    async start() {
      child = spawn(BINARY, args, { stdio: "ignore" });
      await healthy(endpoint);
    },
    async remove() {
      await etcd.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await etcd.start();
  return etcd;
}

async function healthy(endpoint: string): Promise<void> {
  const until = systemClock.monotonic() + START_MS;
  for (;;) {
    try {
      const response = await fetch(`${endpoint}/health`);
      if (((await response.json()) as { health: string }).health === "true") return;
    } catch (error) {
      if (systemClock.monotonic() > until) throw error;
    }
    if (systemClock.monotonic() > until) throw new Error(`etcd at ${endpoint} is not healthy`);
    await systemClock.sleep(POLL_MS);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
