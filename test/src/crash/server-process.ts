// The API server as a process of its own, from source: to be killed.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:https";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ensurePki } from "@coracle/cli/pki";
import { freePort } from "@coracle/cli/ports";
import { Client } from "@coracle/shared/client/client";
import { systemClock } from "@coracle/shared/runtime/clock";
import { build } from "esbuild";

const READY_MS = 60_000;
const POLL_MS = 10;

/** One file, which starts much faster than its sources do. Returns its path. */
export async function bundleApiServer(): Promise<string> {
  const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
  const outfile = path(
    `../../../node_modules/.cache/coracle-tests/apiserver-${process.pid}/apiserver.mjs`,
  );
  await build({
    entryPoints: [path("../../../apiserver/src/main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    external: [
      "level",
      "fastify",
      "pino",
      "yaml",
      "@grpc/*",
      "ws",
      "spdy-transport",
      "@peculiar/*",
    ],
    logLevel: "silent",
  });
  return outfile;
}

export interface ServerProcessOptions {
  bundle: string;
  /** For the certificates, and the store unless flags say otherwise. */
  directory: string;
  flags?: readonly string[];
  /** Each line of the log, as it comes. */
  onLog?(line: Record<string, unknown>): void;
}

export interface ServerProcess {
  url: string;
  /** Milliseconds from the start of the process to the first good answer of /readyz. */
  readyMs: number;
  pid: number;
  /** A new client with the administrator's certificate. */
  client(): Client;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM. */
  stop(): Promise<void>;
}

/** Resolves when it is ready. Throws with its last words when it ends before. */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const { bundle, directory, flags = [], onLog } = options;
  const pki = join(directory, "pki");
  const { authority, clients } = ensurePki({ directory: pki, clock: systemClock });
  const port = await freePort();
  const url = `https://127.0.0.1:${port}`;
  const { certificate: cert, key } = clients.admin;
  const startedMs = systemClock.monotonic();
  const child = spawn(
    process.execPath,
    [
      bundle,
      ...["--data-dir", join(directory, "store"), "--port", String(port)],
      ...[
        "--tls-cert-file",
        join(pki, "apiserver.crt"),
        "--tls-key-file",
        join(pki, "apiserver.key"),
      ],
      ...["--client-ca-file", join(pki, "ca.crt"), "--token-auth-file", join(pki, "tokens.csv")],
      ...flags,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let lastWords = "";
  createInterface({ input: child.stdout }).on("line", (line) => {
    lastWords = line;
    if (line.startsWith("{")) onLog?.(JSON.parse(line) as Record<string, unknown>);
  });
  await ready(url, authority, child, () => lastWords);
  return {
    url,
    readyMs: systemClock.monotonic() - startedMs,
    pid: child.pid as number,
    client: () => new Client({ server: url, ca: authority, cert, key }),
    kill: () => ended(child, "SIGKILL"),
    stop: () => ended(child, "SIGTERM"),
  };
}

async function ready(
  url: string,
  ca: string,
  child: ChildProcess,
  lastWords: () => string,
): Promise<void> {
  const until = systemClock.monotonic() + READY_MS;
  while ((await statusOf(`${url}/readyz`, ca)) !== 200) {
    if (child.exitCode !== null) throw new Error(`the API server ended: ${lastWords()}`);
    if (systemClock.monotonic() > until) {
      await ended(child, "SIGKILL");
      throw new Error(`the API server does not get ready: ${lastWords()}`);
    }
    await systemClock.sleep(POLL_MS);
  }
}

/** undefined = no answer. */
function statusOf(url: string, ca: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const asked = request(url, { ca, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on("error", () => resolve(undefined));
    asked.end();
  });
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}
