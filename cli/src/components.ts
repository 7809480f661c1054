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
  /** The API server's; of several, that of the front before them. They have the ports that follow. */
  port: number;
  /** How many API servers; default 1. */
  apiservers?: number;
  /** How many schedulers and controller managers, of which one each leads; default 1. */
  controlPlanes?: number;
  kubeletPort: number;
  /** Where the (first) scheduler and controller manager say how they are; 0 = nowhere. */
  healthPorts: Readonly<Record<"scheduler" | "controller-manager", number>>;
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
  /** Trusted: administrators and components may do everything, others next to nothing. */
  authorizationMode?: "Trusted" | "AlwaysAllow";
  flags: readonly ComponentFlag[];
}

/** Supervised as components are, where it is started at all. */
export const ETCD = "etcd";

export interface Command {
  name: ComponentName | typeof ETCD;
  /** Its name among the processes: that of the component, with a number where it has several. */
  instance: string;
  /** The bundle that node runs, or a program of its own. */
  file: string;
  isProgram?: boolean;
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

/** The component that an instance is of. */
export const componentOf = (instance: string): string => instance.replace(/-\d+$/, "");

const hasStandby: ReadonlySet<ComponentName> = new Set(["scheduler", "controller-manager"]);

function countOf(name: ComponentName, options: ClusterOptions): number {
  if (name === "apiserver") return options.apiservers ?? 1;
  return hasStandby.has(name) ? (options.controlPlanes ?? 1) : 1;
}

/** Where each API server listens: behind a front, on the ports after its. */
export function serverPorts({
  port,
  apiservers = 1,
}: Pick<ClusterOptions, "port" | "apiservers">): number[] {
  if (apiservers === 1) return [port];
  return Array.from({ length: apiservers }, (_, index) => port + 1 + index);
}

/** Of all instances of the components, in the order in which they start. */
export function commandsOf(
  names: readonly ComponentName[],
  options: ClusterOptions,
  directory: DataDirectory,
  binaries = BINARIES,
): Command[] {
  let clients = 0;
  return names.flatMap((name) =>
    Array.from({ length: countOf(name, options) }, (_, index) =>
      commandOf(name, options, directory, {
        binaries,
        index,
        firstServer: name === "apiserver" ? 0 : clients++,
      }),
    ),
  );
}

interface InstanceOptions {
  binaries?: string;
  /** Which one of its kind. */
  index?: number;
  /** With several API servers: the one to begin with, so that not all use the same. */
  firstServer?: number;
}

export function commandOf(
  name: ComponentName,
  options: ClusterOptions,
  directory: DataDirectory,
  { binaries = BINARIES, index = 0, firstServer = 0 }: InstanceOptions = {},
): Command {
  const client = [
    ...["--kubeconfig", directory.kubeconfigOf(name)],
    ...serversArgs(options, firstServer),
    ...(hasStandby.has(name) && countOf(name, options) > 1 ? ["--leader-elect"] : []),
  ];
  const health = (of: "scheduler" | "controller-manager") => [
    "--health-port",
    String(index === 0 ? options.healthPorts[of] : 0),
  ];
  const own = {
    apiserver: () => apiserverArgs(options, directory, serverPorts(options)[index] as number),
    "controller-manager": () => [
      ...client,
      ...health("controller-manager"),
      ...["--root-ca-file", join(directory.pki, "ca.crt")],
    ],
    scheduler: () => [...client, ...health("scheduler")],
    kubelet: () => [...client, ...kubeletArgs(options, directory)],
  }[name]();
  const given = options.flags.filter((flag) => flag.component === name);
  return {
    name,
    instance: countOf(name, options) === 1 ? name : `${name}-${index + 1}`,
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

/** All API servers, from the `first` one on. Of one alone the kubeconfig tells. */
function serversArgs(options: ClusterOptions, first: number): string[] {
  const urls = serverPorts(options).map((port) => `https://${LOOPBACK}:${port}`);
  if (urls.length === 1) return [];
  const from = first % urls.length;
  return ["--servers", [...urls.slice(from), ...urls.slice(0, from)].join(",")];
}

function apiserverArgs(
  options: ClusterOptions,
  { pki, store }: DataDirectory,
  port: number,
): string[] {
  return [
    ...["--data-dir", store],
    ...["--bind-address", LOOPBACK],
    ...["--port", String(port)],
    ...(port === options.port ? [] : ["--advertise-port", String(options.port)]), // the front's
    ...storeArgs(options),
    ...["--tls-cert-file", join(pki, "apiserver.crt")],
    ...["--tls-key-file", join(pki, "apiserver.key")],
    ...["--client-ca-file", join(pki, "ca.crt")],
    ...["--token-auth-file", join(pki, "tokens.csv")],
    ...["--service-account-signing-key-file", join(pki, "sa.key")],
    ...["--service-account-key-file", join(pki, "sa.pub")],
    ...["--scheduler-health-port", String(options.healthPorts.scheduler)],
    ...["--controller-manager-health-port", String(options.healthPorts["controller-manager"])],
    ...["--authorization-mode", options.authorizationMode ?? "Trusted"],
    ...["--kubelet-client-certificate", join(pki, "apiserver-kubelet-client.crt")],
    ...["--kubelet-client-key", join(pki, "apiserver-kubelet-client.key")],
    ...["--kubelet-certificate-authority", join(pki, "ca.crt")],
  ];
}

function kubeletArgs(options: ClusterOptions, directory: DataDirectory): string[] {
  const { pki } = directory;
  return [
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
