// The API server of the store's benchmarks: a process of its own, from source, on LevelDB or on an etcd of its own.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  bundleApiServer,
  type ServerProcess,
  startServerProcess,
} from "@coracle/test/crash/server-process";
import { startEtcd } from "@coracle/test/harness/etcd";

export type Engine = "level" | "etcd";

export interface StoreBench {
  engine: Engine;
  directory: string;
  /** The process that runs now. */
  server: ServerProcess;
  token: string;
  /** PEM. */
  authority: string;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startStoreBench(engine: Engine, ...more: string[]): Promise<StoreBench> {
  const directory = mkdtempSync(join(tmpdir(), "coracle-bench-store-"));
  const etcd = engine === "etcd" ? await startEtcd() : undefined;
  const bundle = await bundleApiServer();
  const store = etcd === undefined ? [] : ["--store", "etcd", "--etcd-servers", etcd.endpoint];
  const flags = [...store, "--log-level", "error", ...more];
  const server = await startServerProcess({ bundle, directory, flags });
  const read = (name: string) => readFileSync(join(directory, "pki", name), "utf8");
  const [token = ""] = read("tokens.csv").split(",");
  const bench: StoreBench = {
    engine,
    directory,
    server,
    token,
    authority: read("ca.crt"),
    async restart() {
      await bench.server.stop();
      bench.server = await startServerProcess({ bundle, directory, flags });
    },
    async stop() {
      await bench.server.stop();
      await etcd?.remove();
      rmSync(directory, { recursive: true, force: true });
      rmSync(dirname(bundle), { recursive: true, force: true });
    },
  };
  await allowPods(bench);
  return bench;
}

/** Pods need a service account. */
async function allowPods({ server }: StoreBench): Promise<void> {
  const client = server.client();
  const metadata = { name: "default", namespace: "default" };
  await client.for("serviceaccounts").create({ metadata });
  client.close();
}
