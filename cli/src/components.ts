// The processes of a cluster and their command lines.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LogLevel } from "@coracle/shared/runtime/logger";
import { CliError } from "./cli-error.ts";
import type { DataDirectory } from "./data-directory.ts";

/** In the order in which they start: nodes take longest to be ready. */
export const COMPONENTS = ["apiserver", "kubelet", "scheduler", "controller-manager"] as const;
export type ComponentName = (typeof COMPONENTS)[number];

/** `--set apiserver.unsafe-no-sync` → {component: "apiserver", argument: "--unsafe-no-sync"} */
export interface ComponentFlag {
  component: ComponentName;
  argument: string;
}

export interface ClusterOptions {
  port: number;
  kubeletPort: number;
  nodes: number;
  nodeCpu: string;
  nodeMemory: string;
  logLevel: LogLevel;
  /** Default level: LevelDB in the data directory. */
  store?: "level" | "etcd";
  /** Comma-separated URLs. */
  etcdServers?: string;
  /** Files. */
  etcdCafile?: string;
  etcdCertfile?: string;
  etcdKeyfile?: string;
  flags: readonly ComponentFlag[];
}

export interface Command {
  name: ComponentName;
  /** The bundle that node runs. */
  file: string;
  args: string[];
}

export const LOOPBACK = "127.0.0.1";

/** Beside this file when bundled; in dist/ when this runs from source. */
const here = dirname(fileURLToPath(import.meta.url));
export const BINARIES = existsSync(join(here, "coracle.mjs")) ? here : join(here, "../../dist");

export function isComponentName(name: string): name is ComponentName {
  return (COMPONENTS as readonly string[]).includes(name);
}

export function parseComponents(list: string): ComponentName[] {
  const names = list.split(",").map((name) => name.trim());
  return names.map((name) => {
    if (isComponentName(name)) return name;
    throw new CliError(`no component is called "${name}"; there are: ${COMPONENTS.join(", ")}`);
  });
}

/** Takes `<component>.<flag>` or `<component>.<flag>=<value>`. */
export function parseComponentFlag(text: string): ComponentFlag {
  const [, component = "", flag = ""] = /^([a-z-]+)\.(?:--)?([^=].*)$/.exec(text) ?? [];
  if (!isComponentName(component) || flag === "") {
    throw new CliError(
      `--set takes <component>.<flag>[=<value>], for example apiserver.unsafe-no-sync; got "${text}"`,
    );
  }
  return { component, argument: `--${flag}` };
}

export function commandOf(
  name: ComponentName,
  options: ClusterOptions,
  directory: DataDirectory,
  binaries = BINARIES,
): Command {
  const own = {
    apiserver: () => apiserverArgs(options, directory),
    "controller-manager": () => [
      ...clientArgs(name, directory),
      ...["--root-ca-file", join(directory.pki, "ca.crt")],
    ],
    scheduler: () => clientArgs(name, directory),
    kubelet: () => kubeletArgs(options, directory),
  }[name]();
  const given = options.flags.filter((flag) => flag.component === name);
  return {
    name,
    file: join(binaries, `${name}.mjs`),
    // The user's come last: the last of two equal flags counts.
    args: [...own, "--log-level", options.logLevel, ...given.map((flag) => flag.argument)],
  };
}

function storeArgs(options: ClusterOptions): string[] {
  if (options.store !== "etcd") return [];
  const given = {
    "--etcd-servers": options.etcdServers,
    "--etcd-cafile": options.etcdCafile,
    "--etcd-certfile": options.etcdCertfile,
    "--etcd-keyfile": options.etcdKeyfile,
  };
  const flags = Object.entries(given).flatMap(([flag, value]) =>
    value === undefined ? [] : [flag, value],
  );
  return ["--store", "etcd", ...flags];
}

function apiserverArgs(options: ClusterOptions, { pki, store }: DataDirectory): string[] {
  return [
    ...["--data-dir", store],
    ...["--bind-address", LOOPBACK],
    ...["--port", String(options.port)],
    ...storeArgs(options),
    ...["--tls-cert-file", join(pki, "apiserver.crt")],
    ...["--tls-key-file", join(pki, "apiserver.key")],
    ...["--client-ca-file", join(pki, "ca.crt")],
    ...["--token-auth-file", join(pki, "tokens.csv")],
    ...["--kubelet-client-certificate", join(pki, "apiserver-kubelet-client.crt")],
    ...["--kubelet-client-key", join(pki, "apiserver-kubelet-client.key")],
    ...["--kubelet-certificate-authority", join(pki, "ca.crt")],
  ];
}

function clientArgs(name: ComponentName, directory: DataDirectory): string[] {
  return ["--kubeconfig", directory.kubeconfigOf(name)];
}

function kubeletArgs(options: ClusterOptions, directory: DataDirectory): string[] {
  const { pki } = directory;
  return [
    ...clientArgs("kubelet", directory),
    ...["--nodes", String(options.nodes)],
    ...["--node-cpu", options.nodeCpu],
    ...["--node-memory", options.nodeMemory],
    ...["--address", LOOPBACK],
    ...["--port", String(options.kubeletPort)],
    ...["--tls-cert-file", join(pki, "kubelet.crt")],
    ...["--tls-key-file", join(pki, "kubelet.key")],
    ...["--client-ca-file", join(pki, "ca.crt")],
  ];
}
