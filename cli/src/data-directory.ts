// Where a cluster keeps everything, and the file that says which processes run it.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { CliError } from "./cli-error.ts";
import { type ComponentName, componentOf, ETCD } from "./components.ts";

export interface DataDirectory {
  path: string;
  pki: string;
  store: string;
  /** Of an etcd that `coracle up` started. */
  etcd: string;
  /** The admin's. */
  kubeconfig: string;
  /** Of a component. */
  kubeconfigOf(name: ComponentName): string;
  processFile: string;
  /** What `up --detach` prints. */
  log: string;
}

export function dataDirectory(path: string): DataDirectory {
  const absolute = resolve(path);
  return {
    path: absolute,
    pki: join(absolute, "pki"),
    store: join(absolute, "store"),
    etcd: join(absolute, "etcd"),
    kubeconfig: join(absolute, "kubeconfig"),
    kubeconfigOf: (name) => join(absolute, "pki", `${name}.kubeconfig`),
    processFile: join(absolute, "coracle.pid"),
    log: join(absolute, "coracle.log"),
  };
}

/** The contents of `coracle.pid`. */
export interface RunningCluster {
  pid: number;
  port: number;
  nodes: number;
  /** Process id of each instance of a component that runs now. */
  components: Partial<Record<string, number>>;
  /** All that are to run. */
  instances?: readonly string[];
  /** Port of each API server, where there are several; `port` is that of the front then. */
  servers?: Readonly<Record<string, number>>;
}

/** Whole or not at all: a reader never sees half a file. Only the owner may read it. */
export function writeSecret(path: string, content: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content, { mode: 0o600 });
  renameSync(temporary, path);
}

/** The cluster recorded in the directory, whether it still runs or not. */
export function readRunning(directory: DataDirectory): RunningCluster | undefined {
  try {
    return JSON.parse(readFileSync(directory.processFile, "utf8")) as RunningCluster;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    if (error instanceof SyntaxError) return undefined; // an interrupted first write: nobody owns it
    throw error;
  }
}

/** Claims the directory for this process. Throws CliError when another `coracle up` has it. Returns what a `coracle up` that
 *  was killed left behind. */
export function lockDirectory(
  directory: DataDirectory,
  running: RunningCluster,
): RunningCluster | undefined {
  mkdirSync(directory.path, { recursive: true, mode: 0o700 });
  let left: RunningCluster | undefined;
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(directory.processFile, JSON.stringify(running), { flag: "wx", mode: 0o600 });
      return left;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt > 0) throw error;
    }
    const owner = readRunning(directory);
    if (owner !== undefined && owner.pid !== process.pid && isSupervisor(owner.pid)) {
      throw new CliError(
        `the data directory ${directory.path} is in use by process ${owner.pid}; stop it with: coracle down --data-dir ${directory.path}`,
      );
    }
    left = owner;
    rmSync(directory.processFile, { force: true });
  }
}

export function recordRunning(directory: DataDirectory, running: RunningCluster): void {
  writeSecret(directory.processFile, JSON.stringify(running));
}

export function unlockDirectory(directory: DataDirectory): void {
  if (readRunning(directory)?.pid === process.pid) rmSync(directory.processFile, { force: true });
}

/** Whether `pid` is a `coracle up` (process ids are reused, so that being alive is not enough). */
export function isSupervisor(pid: number): boolean {
  return /coracle\.mjs|scripts\/up\.mjs|cli\/src\/main\.ts/.test(commandOf(pid));
}

/** Whether `pid` is (an instance of) this component of this cluster. */
export function isComponent(pid: number, instance: string, directory: DataDirectory): boolean {
  const command = commandOf(pid);
  const name = componentOf(instance);
  return command.includes(name === ETCD ? ETCD : `${name}.mjs`) && command.includes(directory.path);
}

/** The command line of a process; empty when there is no such process. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    // No /proc here (macOS), or no such process.
    if (process.platform === "linux") return "";
    return (
      spawnSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" }).stdout ?? ""
    );
  }
}
