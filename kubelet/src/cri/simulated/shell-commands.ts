// Commands that the interpreter lacks, or that must act on this container: time, signals, its identity, and programs that it does not know.
import type { Command, ExecResult, ResolvedCommandContext } from "just-bash";
import { defineCommand } from "just-bash";
import { quoted } from "./quoted.ts";
import type { Shell } from "./shell.ts";
import { FOLLOW, isShell, PROGRAM, SHELL, TICK } from "./streamed-script.ts";

type Execute = (args: string[], context: ResolvedCommandContext) => Promise<ExecResult>;

const result = (stdout = "", exitCode = 0, stderr = ""): ExecResult => ({
  stdout,
  stderr,
  exitCode,
});

/** How long, and for how many rounds, a loop may run before other work of this process gets a turn. */
const TURN_MS = 5;
const TURN_ROUNDS = 200;

export function shellCommands(shell: Shell): Command[] {
  const { clock, signal } = shell.context;
  let turnStartedMs = clock.monotonic();
  let rounds = 0;

  const commands: Record<string, Execute> = {
    async [TICK]([code]) {
      if (++rounds >= TURN_ROUNDS || clock.monotonic() - turnStartedMs >= TURN_MS) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        turnStartedMs = clock.monotonic();
        rounds = 0;
      }
      return result("", Number(code ?? 0));
    },
    async sleep(args) {
      const ms = sleepMs(args);
      if (ms === undefined) return result("", 1, `sleep: invalid time interval '${args[0]}'\n`);
      if (ms === Number.POSITIVE_INFINITY) await shell.untilKilled();
      else await clock.sleep(ms, signal);
      return result();
    },
    [PROGRAM]: ([name = "", ...args], context) => shell.unknownProgram(name, args, context),
    [SHELL]: ([, ...args], context) => shell.nestedShell(args, context),
    [FOLLOW]: ([, ...args], context) => follow(shell, args, context),
    async trap(args) {
      const handler = args[0] === "--" ? args[1] : args[0];
      const names = args.slice(args[0] === "--" ? 2 : 1);
      for (const name of names) shell.setTrap(name, handler === "-" ? undefined : handler);
      return result();
    },
    kill: async (args) => kill(shell, args),
    ps: async () =>
      result(`PID   USER     TIME  COMMAND\n    1 root      0:00 ${shell.context.mainCommand}\n`),
    env: (args, context) => environment(args, context),
    printenv: async (args, context) => printVariables(args, context),
    hostname: async () => result(`${shell.context.hostname}\n`),
    whoami: async () => result("root\n"),
    id: async ([flag]) =>
      result(flag === "-u" || flag === "-g" ? "0\n" : "uid=0(root) gid=0(root)\n"),
    uname: async (args) => uname(shell, args),
    nproc: async () => result("1\n"),
    sync: async () => result(),
    async mktemp(args, { fs }) {
      const path = `/tmp/tmp.${shell.nextNumber().toString().padStart(6, "0")}`;
      if (args.includes("-d")) await fs.mkdir(path, { recursive: true });
      else await fs.writeFile(path, "");
      return result(`${path}\n`);
    },
  };
  return Object.entries(commands).map(([name, execute]) => defineCommand(name, execute));
}

/** `5`, `0.5`, `2m`, `1h 30s`, `infinity`; undefined when one is not a time. */
export function sleepMs(args: readonly string[]): number | undefined {
  const units: Record<string, number> = {
    "": 1000,
    s: 1000,
    m: 60_000,
    h: 3_600_000,
    d: 86_400_000,
  };
  let total = 0;
  if (args.length === 0) return undefined;
  for (const arg of args) {
    if (arg === "infinity" || arg === "inf") return Number.POSITIVE_INFINITY;
    const [, amount, unit] = /^(\d+\.?\d*|\.\d+)([smhd]?)$/.exec(arg) ?? [];
    if (amount === undefined) return undefined;
    total += Number(amount) * (units[unit ?? ""] as number);
  }
  return total;
}

const exported = ({ exportedEnv, env }: ResolvedCommandContext): Record<string, string> => {
  const { IFS: _separators, OSTYPE: _system, ...rest } = exportedEnv ?? Object.fromEntries(env);
  return rest;
};

function printVariables(names: readonly string[], context: ResolvedCommandContext): ExecResult {
  const variables = exported(context);
  if (names.length === 0) {
    return result(
      Object.entries(variables)
        .map(([name, text]) => `${name}=${text}\n`)
        .join(""),
    );
  }
  const found = names.filter((name) => variables[name] !== undefined);
  const text = found.map((name) => `${variables[name]}\n`).join("");
  return result(text, found.length === names.length ? 0 : 1);
}

/** `env [-i] [NAME=VALUE …] [COMMAND …]`. */
async function environment(
  args: readonly string[],
  context: ResolvedCommandContext,
): Promise<ExecResult> {
  const rest = [...args];
  const replaceEnv = rest[0] === "-i" || rest[0] === "-";
  if (replaceEnv) rest.shift();
  const own: Record<string, string> = {};
  for (let pair = rest[0]; pair?.includes("="); pair = rest[0]) {
    const at = pair.indexOf("=");
    own[pair.slice(0, at)] = pair.slice(at + 1);
    rest.shift();
  }
  if (rest.length === 0) {
    const base = replaceEnv ? {} : exported(context);
    const variables = Object.entries({ ...base, ...own });
    return result(variables.map(([name, text]) => `${name}=${text}\n`).join(""));
  }
  const command = rest.map(quoted).join(" ");
  const { cwd, signal } = context;
  const options = { cwd, env: own, replaceEnv, ...(signal === undefined ? {} : { signal }) };
  return context.exec?.(command, options) ?? result("", 127);
}

function kill(shell: Shell, args: readonly string[]): ExecResult {
  let name = "TERM";
  for (const arg of args) {
    if (arg.startsWith("-")) {
      name = arg.replace(/^-(s=?)?/, "").replace(/^SIG/, "");
    } else if (arg === "1") {
      shell.context.killMain(name === "9" || name === "KILL" ? "SIGKILL" : "SIGTERM");
    } else if (!["-s"].includes(arg) && /^\d+$/.test(arg)) {
      return result("", 1, `kill: can't kill pid ${arg}: No such process\n`);
    } else name = arg.replace(/^SIG/, "");
  }
  return result();
}

function uname(shell: Shell, args: readonly string[]): ExecResult {
  if (args.length === 0 || args[0] === "-s") return result("Linux\n");
  if (args[0] === "-n") return result(`${shell.context.hostname}\n`);
  if (args[0] === "-m") return result("x86_64\n");
  if (args[0] === "-r") return result("6.1.0-coracle\n");
  return result(`Linux ${shell.context.hostname} 6.1.0-coracle #1 SMP x86_64 GNU/Linux\n`);
}

const FOLLOW_MS = 200;

/** `tail -f`: the last lines, then whatever is added, until the process is killed. */
async function follow(
  shell: Shell,
  args: readonly string[],
  { fs, cwd }: ResolvedCommandContext,
): Promise<ExecResult> {
  const { lines, paths } = tailArguments(args);
  const isRetrying = args.some((arg) => /^-[a-zA-Z]*F|--retry|--follow=name/.test(arg));
  const positions = new Map<string, number>();
  for (const path of paths.map((each) => fs.resolvePath(cwd, each))) {
    if (await fs.exists(path)) {
      const text = await fs.readFileBuffer(path);
      shell.context.write("stdout", lastLines(text, lines));
      positions.set(path, text.length);
    } else if (!isRetrying) {
      shell.error(`tail: cannot open '${path}' for reading: No such file or directory\n`);
    } else positions.set(path, 0);
  }
  if (positions.size === 0) return result("", 1);
  while (!shell.context.signal.aborted) {
    await shell.context.clock.sleep(FOLLOW_MS, shell.context.signal);
    for (const [path, position] of positions) {
      if (!(await fs.exists(path))) continue;
      const { size } = await fs.stat(path);
      if (size === position) continue;
      const bytes = await fs.readFileBuffer(path);
      shell.context.write("stdout", bytes.subarray(size < position ? 0 : position));
      positions.set(path, bytes.length);
    }
  }
  return result();
}

function tailArguments(args: readonly string[]): { lines: number; paths: string[] } {
  let lines = 10;
  const paths: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    const inline = /^-[fFqv]*n?\+?(\d+)$/.exec(arg) ?? /^--lines=\+?(\d+)$/.exec(arg);
    if (inline !== null) lines = arg.includes("+") ? Number.MAX_SAFE_INTEGER : Number(inline[1]);
    else if (/^-[fFqv]*n$/.test(arg)) {
      const count = args[++i] ?? "10";
      lines = count.startsWith("+") ? Number.MAX_SAFE_INTEGER : Number(count);
    } else if (!arg.startsWith("-")) paths.push(arg);
  }
  return { lines, paths };
}

function lastLines(bytes: Uint8Array, count: number): Uint8Array {
  if (count === 0) return bytes.subarray(bytes.length);
  let seen = 0;
  for (let i = bytes.length - 2; i >= 0; i--) {
    if (bytes[i] === 10 && ++seen === count) return bytes.subarray(i + 1);
  }
  return bytes;
}

export { isShell };
