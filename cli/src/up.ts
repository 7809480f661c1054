// `coracle up`: makes what the cluster needs, runs its components until it is told to stop.
import { existsSync } from "node:fs";
import { relative } from "node:path";
import { formatMicroTime, systemClock } from "@coracle/shared/runtime/clock";
import { CliError } from "./cli-error.ts";
import { ensureClusterFiles } from "./cluster-files.ts";
import { type ClusterOptions, type ComponentName, commandOf, LOOPBACK } from "./components.ts";
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
import { tryPort } from "./ports.ts";
import { endLeftovers, holdProcess } from "./processes.ts";
import { Supervisor } from "./supervisor.ts";

export interface UpOptions extends Omit<ClusterOptions, "kubeletPort"> {
  dataDir: string;
  only: readonly ComponentName[];
  /** Undefined: 10250, or any free port when that one is taken. */
  kubeletPort?: number;
}

export const KUBELET_PORT = 10250;
const clock = systemClock;
/** On the monotonic clock, which counts from the start of the process, so that node's own start is in the figures; later when
 *  scripts/up.mjs had to build first. */
const START_MS = Number(process.env.CORACLE_START_MS ?? 0);
const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;

/** Resolves when the cluster has stopped. `onReady` gets the text of the ready line. */
export async function up(options: UpOptions, onReady: (text: string) => void): Promise<void> {
  const colors = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  const view = new LogView({ colors, write: (text) => process.stdout.write(text) });
  const say = (message: string, level?: "info" | "warn" | "error") =>
    view.say(formatMicroTime(clock.now()), message, level);

  const directory = dataDirectory(options.dataDir);
  const running: RunningCluster = {
    pid: process.pid,
    port: options.port,
    nodes: options.only.includes("kubelet") ? options.nodes : 0,
    components: {},
  };
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
  const cluster = { ...options, kubeletPort: await checkPorts(options) };
  const commands = options.only.map((name) => commandOf(name, cluster, directory));
  for (const { name, file } of commands) {
    if (!existsSync(file))
      throw new CliError(`${name} is not built: ${file} is missing; run: npm run build`);
  }
  const server = `https://${LOOPBACK}:${options.port}`;
  const startMs = clock.monotonic();
  const pki = ensureClusterFiles({
    directory,
    adminServer: server,
    componentServer: server,
    clock,
  });
  if (pki.created.length > 0) {
    say(`certificates made in ${(clock.monotonic() - startMs).toFixed(0)} ms in ${directory.pki}`);
  }

  const supervisor = new Supervisor({
    commands,
    clock,
    say,
    show: (component, text) => view.show(component, text),
    onChange: (components) => recordRunning(directory, { ...running, components }),
  });
  const stopSignal = catchSignals(supervisor, say);
  const release = holdProcess();
  supervisor.start();
  try {
    const context = { options, directory, pki, supervisor, signal: stopSignal, say, onReady };
    await Promise.race([announceReady(context), supervisor.failed]);
    await Promise.race([aborted(stopSignal), supervisor.failed]);
  } finally {
    await supervisor.stop();
    release();
  }
  say("stopped");
}

/** Returns the kubelet's port. */
async function checkPorts({ port, kubeletPort, only }: UpOptions): Promise<number> {
  if (only.includes("apiserver") && (await tryPort(port)) === undefined) {
    throw new CliError(`port ${port} on ${LOOPBACK} is in use; choose another with --port`);
  }
  const wanted = kubeletPort ?? KUBELET_PORT;
  if (!only.includes("kubelet") || (await tryPort(wanted)) !== undefined) return wanted;
  if (kubeletPort !== undefined) {
    throw new CliError(
      `port ${kubeletPort} on ${LOOPBACK} is in use; choose another with --kubelet-port`,
    );
  }
  return (await tryPort(0)) as number;
}

interface StartContext {
  options: UpOptions;
  directory: DataDirectory;
  pki: Pki;
  supervisor: Supervisor;
  signal: AbortSignal;
  say(message: string): void;
  onReady(text: string): void;
}

async function announceReady(context: StartContext): Promise<void> {
  const { options, directory, pki, supervisor, signal, say, onReady } = context;
  // Loaded while the components start: TLS takes longer to load than the rest of this file.
  const { waitUntilReady } = await import("./readiness.ts");
  const { certificate, key } = pki.clients.admin;
  const nodes = options.only.includes("kubelet") ? options.nodes : 0;
  const isReady = await waitUntilReady({
    target: { host: LOOPBACK, port: options.port, authority: pki.authority, certificate, key },
    nodes,
    isSteady: () => supervisor.isSteady(),
    hasControllers: options.only.includes("controller-manager"),
    clock,
    signal,
    onServing: () => say(`API server ready after ${seconds(clock.monotonic() - START_MS)}`),
    onProgress: say,
  });
  if (!isReady) return;
  const text = `ready in ${seconds(clock.monotonic() - START_MS)}: API server${nodes > 0 ? ` and ${nodes} nodes` : ""}`;
  say(text);
  say(`export KUBECONFIG=${shortest(directory.kubeconfig)}`);
  onReady(`${text}\nexport KUBECONFIG=${shortest(directory.kubeconfig)}`);
}

function shortest(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith("..") ? path : fromHere;
}

/** The first signal asks for an orderly stop, a second one ends the components at once. */
function catchSignals(supervisor: Supervisor, say: (message: string) => void): AbortSignal {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) {
      supervisor.kill();
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
