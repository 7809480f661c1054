// `coracle up`: makes what the cluster needs, runs its components until it is told to stop.
import { existsSync } from "node:fs";
import { relative } from "node:path";
import { formatMicroTime, systemClock } from "@coracle/shared/runtime/clock";
import type { ProbeTarget } from "./api-probe.ts";
import { CliError } from "./cli-error.ts";
import { ensureClusterFiles } from "./cluster-files.ts";
import {
  type ClusterOptions,
  type Command,
  type ComponentName,
  commandsOf,
  LOOPBACK,
  serverPorts,
} from "./components.ts";
import {
  type DataDirectory,
  dataDirectory,
  lockDirectory,
  type RunningCluster,
  recordRunning,
  unlockDirectory,
} from "./data-directory.ts";
import { LogView } from "./log-view.ts";
import type { Pki } from "./pki.ts";
import { freePort, tryPort } from "./ports.ts";
import { endLeftovers, holdProcess } from "./processes.ts";
import type { ServerFront } from "./server-front.ts";
import { Supervisor } from "./supervisor.ts";

export interface UpOptions extends Omit<ClusterOptions, "kubeletPort" | "healthPorts"> {
  dataDir: string;
  only: readonly ComponentName[];
  /** Undefined: any free port, since clusters may start side by side. */
  kubeletPort?: number;
}

const clock = systemClock;
/** On the monotonic clock, which counts from the start of the process, so that node's own start is in the figures; later when
 *  scripts/up.mjs had to build first. */
const START_MS = Number(process.env.CORACLE_START_MS ?? 0);
const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;

/** Resolves when the cluster has stopped. `onReady` gets the text of the ready line. */
export async function up(options: UpOptions, onReady: (text: string) => void): Promise<void> {
  const colors = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  const isNumbered = (options.apiservers ?? 1) > 1 || (options.controlPlanes ?? 1) > 1;
  const view = new LogView({ colors, isNumbered, write: (text) => process.stdout.write(text) });
  const say = (message: string, level?: "info" | "warn" | "error") =>
    view.say(formatMicroTime(clock.now()), message, level);

  const directory = dataDirectory(options.dataDir);
  const running: RunningCluster = {
    pid: process.pid,
    port: options.port,
    nodes: options.only.includes("kubelet") ? options.nodes : 0,
    components: {},
  };
  if ((options.apiservers ?? 1) > 1 && options.store !== "etcd") {
    throw new CliError("several API servers need a store that they can share: add --store etcd");
  }
  const left = lockDirectory(directory, running);
  try {
    if (left !== undefined) {
      const ended = await endLeftovers(directory, left);
      if (ended.length > 0) say(`ended ${ended.join(", ")} of a run that was killed`, "warn");
    }
    await run(options, directory, running, view, say, onReady);
  } finally {
    unlockDirectory(directory);
  }
}

async function run(
  options: UpOptions,
  directory: DataDirectory,
  running: RunningCluster,
  view: LogView,
  say: (message: string, level?: "info" | "warn" | "error") => void,
  onReady: (text: string) => void,
): Promise<void> {
  const needsEtcd =
    options.store === "etcd" &&
    options.etcdServers === undefined &&
    options.only.includes("apiserver");
  const etcd = needsEtcd
    ? await (await import("./local-etcd.ts")).localEtcd(directory, process.env.PATH)
    : undefined;
  const [kubeletPort, healthPorts] = await Promise.all([checkPorts(options), freeHealthPorts()]);
  const cluster = { ...options, ...etcd?.options, kubeletPort, healthPorts };
  const commands = commandsOf(options.only, cluster, directory);
  for (const { name, file } of commands) {
    if (!existsSync(file))
      throw new CliError(`${name} is not built: ${file} is missing; run: npm run build`);
  }
  const pki = makeFiles(options, directory, say);

  const all = etcd === undefined ? commands : [etcd.command, ...commands];
  const record = { ...running, instances: all.map(({ instance }) => instance) };
  const supervise = (part: readonly Command[], onChange: () => void) =>
    new Supervisor({
      commands: part,
      clock,
      say,
      show: (instance, text) => view.show(instance, text),
      onChange,
    });
  const changed = () => {
    const components = { ...store?.pids(), ...supervisor.pids() };
    recordRunning(directory, { ...record, servers: serversOf(commands, options), components });
  };
  const store = etcd && supervise([etcd.command], changed);
  const supervisor = supervise(commands, changed);
  const supervisors = store === undefined ? [supervisor] : [supervisor, store];
  const failed = Promise.race(supervisors.map((one) => one.failed));
  failed.catch(() => {}); // as of each supervisor
  const stopSignal = catchSignals(supervisors, say);
  const release = holdProcess();
  let front: ServerFront | undefined;
  try {
    const targets = targetsOf(options, pki);
    if (targets.length > 1 && options.only.includes("apiserver")) {
      const { startFront } = await import("./front-of-servers.ts");
      front = await startFront({ port: options.port, targets, clock, say });
    }
    store?.start();
    if (etcd) await Promise.race([etcd.listening(clock, stopSignal), failed]);
    if (!stopSignal.aborted) supervisor.start();
    const context = { options, directory, targets, supervisor, signal: stopSignal, say, onReady };
    await Promise.race([announceReady(context), failed]);
    await Promise.race([aborted(stopSignal), failed]);
  } finally {
    for (const one of supervisors) await one.stop();
    await front?.close();
    release();
  }
  say("stopped");
}

function makeFiles(
  options: UpOptions,
  directory: DataDirectory,
  say: (message: string) => void,
): Pki {
  const server = `https://${LOOPBACK}:${options.port}`;
  const ports = serverPorts(options);
  const servers = ports.length > 1 ? ports.map((port) => `https://${LOOPBACK}:${port}`) : [];
  const startMs = clock.monotonic();
  const pki = ensureClusterFiles({
    directory,
    adminServer: server,
    adminServers: servers,
    componentServer: server,
    componentServers: servers,
    clock,
  });
  if (pki.created.length > 0) {
    say(`certificates made in ${(clock.monotonic() - startMs).toFixed(0)} ms in ${directory.pki}`);
  }
  return pki;
}

/** Of several API servers, the port of each. */
function serversOf(
  commands: readonly Command[],
  options: UpOptions,
): Record<string, number> | undefined {
  const servers = commands.filter(({ name }) => name === "apiserver");
  if (servers.length < 2) return undefined;
  const ports = serverPorts(options);
  return Object.fromEntries(servers.map(({ instance }, i) => [instance, ports[i] as number]));
}

function targetsOf(options: UpOptions, pki: Pki): [ProbeTarget, ...ProbeTarget[]] {
  const { certificate, key } = pki.clients.admin;
  const credentials = { host: LOOPBACK, authority: pki.authority, certificate, key };
  const targets = serverPorts(options).map((port) => ({ ...credentials, port }));
  return targets as [ProbeTarget, ...ProbeTarget[]];
}

/** Returns the kubelet's port. */
async function checkPorts(options: UpOptions): Promise<number> {
  const { kubeletPort, only } = options;
  const ports = only.includes("apiserver")
    ? new Set([options.port, ...serverPorts(options)])
    : new Set<number>();
  for (const port of ports) {
    if ((await tryPort(port)) !== undefined) continue;
    throw new CliError(`port ${port} on ${LOOPBACK} is in use; choose another with --port`);
  }
  if (kubeletPort === undefined) return freePort();
  if (!only.includes("kubelet") || (await tryPort(kubeletPort)) !== undefined) return kubeletPort;
  throw new CliError(
    `port ${kubeletPort} on ${LOOPBACK} is in use; choose another with --kubelet-port`,
  );
}

/** Any: several clusters may run on one machine. */
async function freeHealthPorts(): Promise<ClusterOptions["healthPorts"]> {
  const [scheduler, controllers] = await Promise.all([freePort(), freePort()]);
  return { scheduler, "controller-manager": controllers };
}

interface StartContext {
  options: UpOptions;
  directory: DataDirectory;
  targets: readonly [ProbeTarget, ...ProbeTarget[]];
  supervisor: Supervisor;
  signal: AbortSignal;
  say(message: string): void;
  onReady(text: string): void;
}

async function announceReady(context: StartContext): Promise<void> {
  const { options, directory, targets, supervisor, signal, say, onReady } = context;
  // Loaded while the components start: TLS takes longer to load than the rest of this file.
  const { waitUntilReady } = await import("./readiness.ts");
  const nodes = options.only.includes("kubelet") ? options.nodes : 0;
  const serverText = targets.length > 1 ? `${targets.length} API servers` : "API server";
  const isReady = await waitUntilReady({
    targets,
    nodes,
    isSteady: () => supervisor.isSteady(),
    hasControllers: options.only.includes("controller-manager"),
    clock,
    signal,
    onServing: () => say(`${serverText} ready after ${seconds(clock.monotonic() - START_MS)}`),
    onProgress: say,
  });
  if (!isReady) return;
  const text = `ready in ${seconds(clock.monotonic() - START_MS)}: ${serverText}${nodes > 0 ? ` and ${nodes} nodes` : ""}`;
  say(text);
  say(`export KUBECONFIG=${shortest(directory.kubeconfig)}`);
  onReady(`${text}\nexport KUBECONFIG=${shortest(directory.kubeconfig)}`);
}

function shortest(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith("..") ? path : fromHere;
}

/** The first signal asks for an orderly stop, a second one ends the components at once. */
function catchSignals(
  supervisors: readonly Supervisor[],
  say: (message: string) => void,
): AbortSignal {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) {
      for (const supervisor of supervisors) supervisor.kill();
      return;
    }
    say("stopping (once more: at once)");
    controller.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  return controller.signal;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}
