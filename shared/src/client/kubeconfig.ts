// Reads what kubectl reads: clusters, users and contexts of a kubeconfig file.
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import type { ClientConfig } from "./client.ts";

type Entry = Record<string, string | undefined>;

interface Kubeconfig {
  "current-context"?: string;
  clusters?: { name: string; cluster?: Entry }[];
  users?: { name: string; user?: Entry }[];
  contexts?: { name: string; context?: Entry }[];
}

/**
 * The current context of the file at `path`, reached at `servers` (URLs separated by commas) if they
 * are given. Throws with the reason when it cannot be used.
 */
export function loadKubeconfig(path: string, servers?: string): ClientConfig {
  const text = readFileSync(path, "utf8");
  try {
    const readFile = (file: string) => readFileSync(resolve(dirname(path), file), "utf8");
    const config = parseKubeconfig(text, readFile);
    return servers === undefined ? config : { ...config, server: servers };
  } catch (error) {
    throw new Error(`kubeconfig ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** `readFile` resolves file references relative to the kubeconfig. */
export function parseKubeconfig(text: string, readFile: (path: string) => string): ClientConfig {
  // Our own are JSON, so that a component need not evaluate a YAML parser to start.
  const config = ((text.startsWith("{") ? JSON.parse(text) : parse(text)) ?? {}) as Kubeconfig;
  const contextName = config["current-context"];
  if (!contextName) throw new Error("no current-context");
  const context = config.contexts?.find((entry) => entry.name === contextName)?.context;
  if (context === undefined) throw new Error(`context "${contextName}" does not exist`);
  const cluster = config.clusters?.find((entry) => entry.name === context.cluster)?.cluster;
  if (cluster?.server === undefined) throw new Error(`cluster "${context.cluster}" has no server`);
  const user = config.users?.find((entry) => entry.name === context.user)?.user ?? {};
  const pem = (entry: Entry, name: string): string | undefined => {
    const data = entry[`${name}-data`];
    if (data !== undefined) return Buffer.from(data, "base64").toString("utf8");
    const file = entry[name];
    return file === undefined ? undefined : readFile(file);
  };
  return {
    server: cluster.server,
    insecureSkipTlsVerify: String(cluster["insecure-skip-tls-verify"]) === "true",
    ca: pem(cluster, "certificate-authority"),
    cert: pem(user, "client-certificate"),
    key: pem(user, "client-key"),
    token:
      user.token ?? (user.tokenFile === undefined ? undefined : readFile(user.tokenFile).trim()),
  };
}
