// Every kubectl on this machine, one of each version.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { Requirement } from "../requirement.ts";

export interface Kubectl {
  path: string;
  /** `v1.33.1` */
  version: string;
}

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

const NAME = /^kubectl(\.1\.\d+)?$/;

/**
 * Those that the variable KUBECTL names (as in PATH, one or several), on the PATH, and beside what the `kubectl` there really is (some
 * packages put several versions into one folder).
 */
function candidates(): string[] {
  const named = (process.env.KUBECTL ?? "").split(delimiter).filter(existsSync);
  const folders = new Set((process.env.PATH ?? "").split(delimiter).filter(existsSync));
  for (const folder of [...folders]) {
    const path = join(folder, "kubectl");
    if (existsSync(path)) folders.add(dirname(realpathSync(path)));
  }
  const paths = [...folders].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => NAME.test(name))
      .map((name) => realpathSync(join(folder, name))),
  );
  return [...new Set([...named.map((path) => realpathSync(path)), ...paths])];
}

function versionOf(path: string): string | undefined {
  const { status, stdout } = spawnSync(path, ["version", "--client", "-o", "json"], {
    encoding: "utf8",
  });
  if (status !== 0) return undefined;
  const { clientVersion } = JSON.parse(stdout) as { clientVersion: { gitVersion: string } };
  return clientVersion.gitVersion;
}

export function findKubectls(): Kubectl[] {
  const found = new Map<string, Kubectl>();
  for (const path of candidates()) {
    const version = versionOf(path);
    if (version !== undefined && !found.has(version)) found.set(version, { path, version });
  }
  return [...found.values()].sort((a, b) =>
    a.version.localeCompare(b.version, "en", { numeric: true }),
  );
}

export const kubectlRequirement = (found: readonly Kubectl[]): Requirement => ({
  missing: found.length > 0 ? undefined : "kubectl not found",
  install: "see https://kubernetes.io/docs/tasks/tools/#kubectl",
});

const DEADLINE_MS = 60_000;

/** Runs one command to its end. `input` goes to its standard input. */
export function run(
  { path }: Kubectl,
  kubeconfig: string,
  args: readonly string[],
  input = "",
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, {
      env: { ...process.env, KUBECONFIG: kubeconfig },
      timeout: DEADLINE_MS,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
    child.stdin.on("error", () => {}); // it may end before it has read all
    child.stdin.end(input);
  });
}

/** Runs commands in one namespace; a failure is an error with what was printed. */
export function session(kubectl: Kubectl, kubeconfig: string, namespace: string) {
  const attempt = (args: string, input?: string) =>
    run(kubectl, kubeconfig, ["-n", namespace, ...splitWords(args)], input);
  return {
    attempt,
    async ok(args: string, input?: string): Promise<string> {
      const { code, stdout, stderr } = await attempt(args, input);
      if (code !== 0) throw new Error(`kubectl ${args}: exit code ${code}\n${stdout}${stderr}`);
      return stdout;
    },
  };
}

/** Splits at spaces outside of single quotes, as a shell does. */
export function splitWords(text: string): string[] {
  return (text.match(/(?:[^\s']|'[^']*')+/g) ?? []).map((word) => word.replaceAll("'", ""));
}
