// `coracle snapshot restore`: the API server's binary does it, since it has the storage engines.
import { spawn } from "node:child_process";
import { access, mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { CliError } from "./cli-error.ts";
import { BINARIES } from "./components.ts";
import { dataDirectory, isSupervisor, readRunning } from "./data-directory.ts";

export interface RestoreOptions {
  dataDir: string;
  store: "level" | "etcd";
  etcdServers: string;
  etcdPrefix: string;
  etcdCafile?: string;
  etcdCertfile?: string;
  etcdKeyfile?: string;
}

interface LogLine {
  msg: string;
  keys?: number;
  snapshot?: number;
  revision?: number;
  reason?: string;
}

/** Returns what to tell the user. Throws CliError, with what is in the way. */
export async function restore(
  file: string,
  options: RestoreOptions,
  binary = join(BINARIES, "apiserver.mjs"),
): Promise<string> {
  const directory = dataDirectory(options.dataDir);
  const running = readRunning(directory);
  if (running !== undefined && isSupervisor(running.pid)) {
    throw new CliError(
      `a cluster runs in ${directory.path}: stop it first, with: coracle down --data-dir ${options.dataDir}`,
    );
  }
  await access(file).catch(() => {
    throw new CliError(`there is no file ${file}`);
  });
  await mkdir(directory.path, { recursive: true, mode: 0o700 });
  const target =
    options.store === "level"
      ? ["--data-dir", directory.store]
      : ["--store", "etcd", ...etcd(options)];
  const done = await run(binary, ["--restore-snapshot", resolve(file), ...target]);
  const where = options.store === "level" ? directory.store : options.etcdServers;
  return `restored ${done.keys} keys of revision ${done.snapshot} into ${where}, which is at revision ${done.revision} now`;
}

function etcd(options: RestoreOptions): string[] {
  const flags = {
    "etcd-servers": options.etcdServers,
    "etcd-prefix": options.etcdPrefix,
    "etcd-cafile": options.etcdCafile,
    "etcd-certfile": options.etcdCertfile,
    "etcd-keyfile": options.etcdKeyfile,
  };
  return Object.entries(flags).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  );
}

/** The line in which the server says that it is done. */
async function run(binary: string, args: string[]): Promise<LogLine> {
  const child = spawn(process.execPath, [binary, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolved, reject) => {
    child.once("error", reject);
    child.once("close", resolved);
  });
  let last: LogLine | undefined;
  for await (const line of createInterface({ input: child.stdout })) last = JSON.parse(line);
  if ((await ended) === 0 && last?.msg === "restored") return last;
  throw new CliError(
    `nothing was restored: ${last?.reason ?? last?.msg ?? `${binary} said nothing`}`,
  );
}
