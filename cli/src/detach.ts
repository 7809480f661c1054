// `coracle up --detach`: the same command in the background. Returns when the cluster is ready.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "./cli-error.ts";
import { BINARIES } from "./components.ts";
import { dataDirectory } from "./data-directory.ts";

/** What the background process reports. */
export type DetachReport = { ready: string } | { failed: string };

/** Resolves with the ready text; throws CliError when the cluster cannot start. */
export async function upDetached(dataDir: string, args: readonly string[]): Promise<string> {
  const directory = dataDirectory(dataDir);
  mkdirSync(directory.path, { recursive: true, mode: 0o700 });
  const log = openSync(directory.log, "a", 0o600);
  const child = spawn(process.execPath, [join(BINARIES, "coracle.mjs"), ...args], {
    stdio: ["ignore", log, log, "ipc"],
    detached: true,
    env: { ...process.env, CORACLE_START_MS: undefined }, // a time of this process says nothing in another
  });
  closeSync(log);
  const report = await new Promise<DetachReport>((resolve) => {
    child.once("message", (message) => resolve(message as DetachReport));
    child.once("error", (error) => resolve({ failed: error.message }));
    child.once("exit", (code) =>
      resolve({ failed: `it ended with exit code ${code}; see ${directory.log}` }),
    );
  });
  if ("failed" in report) throw new CliError(report.failed);
  child.disconnect();
  child.unref();
  return report.ready;
}
