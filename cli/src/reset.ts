// `coracle reset`: stops the cluster and deletes what `up` made, and nothing else that may be in the directory.
import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { dataDirectory } from "./data-directory.ts";
import { down } from "./down.ts";

/** Returns whether there was anything to delete. */
export async function reset(dataDir: string): Promise<boolean> {
  await down(dataDir);
  const directory = dataDirectory(dataDir);
  const { path, store, etcd, pki, kubeconfig, log } = directory;
  const existing = [store, etcd, pki, kubeconfig, log].filter((entry) => existsSync(entry));
  for (const entry of existing) rmSync(entry, { recursive: true, force: true });
  if (existsSync(path) && readdirSync(path).length === 0) rmdirSync(path);
  return existing.length > 0;
}
