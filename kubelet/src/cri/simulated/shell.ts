// Runs a command in a container with the shell interpreter just-bash: its file system is the container's, its time the Clock's, and its
// output leaves as it is made (see streamed-script.ts). This module is loaded only when a container or an exec needs a shell.

import type { Clock } from "@coracle/shared/runtime/clock";
import type { ExecResult } from "just-bash";
import { Bash, getCommandNames, type IFileSystem, type ResolvedCommandContext } from "just-bash";
import { ProcessFileSystem } from "./mapped-file-system.ts";
import { quoted } from "./quoted.ts";
import { shellCommands } from "./shell-commands.ts";
import { isShell, streamedScript } from "./streamed-script.ts";
import { withRelativeMembers } from "./tar-arguments.ts";

export interface ShellContext {
  files: IFileSystem;
  env: Readonly<Record<string, string>>;
  workingDir: string;
  hostname: string;
  clock: Clock;
  write(stream: "stdout" | "stderr", chunk: Uint8Array): void;
  /** Aborted when the process is killed. */
  signal: AbortSignal;
  /** What a program that the interpreter does not know does; its exit code. */
  ownProgram(argv: readonly string[]): Promise<number>;
  /** Any unknown program is not found (as in busybox), instead of being the image's own. */
  isShellImage: boolean;
  mainCommand: string;
  killMain(signal: "SIGTERM" | "SIGKILL"): void;
}

/** Counts must be finite for the interpreter; time is bounded by the container's life. */
const COUNT_MAX = 2 ** 31 - 1;
const LIMITS = {
  maxExecutionTimeMs: Number.POSITIVE_INFINITY,
  maxCommandCount: COUNT_MAX,
  maxLoopIterations: COUNT_MAX,
  maxWorkUnits: Number.MAX_SAFE_INTEGER,
  maxOutputSize: Number.MAX_SAFE_INTEGER,
};

const OWN_COMMANDS =
  "env printenv sleep trap kill ps hostname whoami id uname nproc sync mktemp".split(" ");
/** What the interpreter knows, the container's own commands included. */
export const knownCommands: ReadonlySet<string> = new Set([...getCommandNames(), ...OWN_COMMANDS]);

export class Shell {
  readonly context: ShellContext;
  readonly #bash: Bash;
  readonly #traps = new Map<string, string>();
  #number = 0;

  constructor(context: ShellContext) {
    this.context = context;
    this.#bash = new Bash({
      fs: new ProcessFileSystem(context.files, context.write),
      cwd: context.workingDir,
      env: { ...context.env },
      customCommands: shellCommands(this),
      executionLimits: LIMITS,
      // It patches globals of this whole process while a script runs; the file system has no way out anyway.
      defenseInDepth: false,
    });
  }

  /** Runs one command line (exec form). `stdin` is what it reads. Answers its exit code; 137 when it was killed. */
  async run(argv: readonly string[], stdin = ""): Promise<number> {
    const [program = "", ...args] = argv;
    if (isShell(program)) return this.#runShell(args, stdin);
    if (program === "tar") {
      const relative = withRelativeMembers(args);
      if (relative !== undefined) {
        this.error("tar: Removing leading `/' from member names\n");
        return this.run(["tar", ...relative], stdin);
      }
    }
    return (await this.script(argv.map(quoted).join(" "), { stdin })).exitCode;
  }

  /** Runs a script, its output streamed. `env` and `cwd` are those of the line before, in an interactive shell. */
  async script(
    source: string,
    options: { stdin?: string; env?: Record<string, string>; cwd?: string } = {},
  ): Promise<{ exitCode: number; env: Record<string, string> }> {
    let script: string;
    try {
      script = streamedScript(source, knownCommands);
    } catch (error) {
      this.error(`sh: syntax error: ${(error as Error).message}\n`);
      return { exitCode: 2, env: options.env ?? {} };
    }
    const { stdin = "", ...rest } = options;
    const outcome = await this.#execute(script, stdin, rest);
    if (this.context.signal.aborted) return { exitCode: 137, env: outcome.env };
    this.#writeResult(outcome);
    const onExit = this.#traps.get("EXIT");
    if (onExit !== undefined && options.env === undefined) {
      this.#traps.delete("EXIT");
      await this.script(onExit);
    }
    return { exitCode: outcome.exitCode, env: outcome.env };
  }

  /** A write that a volume refuses ends the script here: the interpreter knows no such error in a redirection. */
  async #execute(
    script: string,
    stdin: string,
    options: { env?: Record<string, string>; cwd?: string },
  ): Promise<ExecResult & { env: Record<string, string> }> {
    const { signal } = this.context;
    const all = { ...options, stdin, stdinKind: "bytes", rawScript: true, signal } as const;
    try {
      return await this.#bash.exec(script, all);
    } catch (error) {
      const [, path] = /^EROFS: .*'(.*)'$/.exec((error as Error).message) ?? [];
      if (path === undefined) throw error;
      const stderr = `sh: can't create ${path}: Read-only file system\n`;
      return { stdout: "", stderr, exitCode: 1, env: options.env ?? {} };
    }
  }

  /** The handler of a signal's trap, if the script has set one. */
  trapOf(signal: "TERM" | "INT"): string | undefined {
    return this.#traps.get(signal);
  }

  setTrap(name: string, handler: string | undefined): void {
    const numbers: Record<string, string> = { "0": "EXIT", "2": "INT", "15": "TERM" };
    const signal = numbers[name] ?? name.replace(/^SIG/, "");
    if (handler === undefined) this.#traps.delete(signal);
    else this.#traps.set(signal, handler);
  }

  untilKilled(): Promise<void> {
    const { signal } = this.context;
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  nextNumber(): number {
    return ++this.#number;
  }

  error(text: string): void {
    this.context.write("stderr", Buffer.from(text));
  }

  /** A program that the interpreter does not know: a script file of the image, or the image's own program. */
  async unknownProgram(
    name: string,
    args: readonly string[],
    context: ResolvedCommandContext,
  ): Promise<ExecResult> {
    if (name.includes("/")) {
      const path = context.fs.resolvePath(context.cwd, name);
      if (await context.fs.exists(path)) return this.nestedShell([path, ...args], context);
    }
    if (this.context.isShellImage) {
      const why = name.includes("/") ? "No such file or directory" : "not found";
      return { stdout: "", stderr: `sh: ${name}: ${why}\n`, exitCode: 127 };
    }
    return { stdout: "", stderr: "", exitCode: await this.context.ownProgram([name, ...args]) };
  }

  /** `sh -c …` or `sh file` inside a script: streamed like the script itself. */
  async nestedShell(args: readonly string[], context: ResolvedCommandContext): Promise<ExecResult> {
    const invocation = await this.#invocation(args, String(context.stdin ?? ""), context.cwd);
    if (typeof invocation === "number") return { stdout: "", stderr: "", exitCode: invocation };
    const { source, stdin } = invocation;
    return context.exec?.(streamedScript(source, knownCommands), {
      cwd: context.cwd,
      stdin,
      stdinKind: "bytes",
      signal: this.context.signal,
    }) as Promise<ExecResult>;
  }

  async #runShell(args: readonly string[], stdin: string): Promise<number> {
    const invocation = await this.#invocation(args, stdin, this.context.workingDir);
    if (typeof invocation === "number") return invocation;
    return (await this.script(invocation.source, { stdin: invocation.stdin })).exitCode;
  }

  /** What `sh ARGS` runs; an exit code when it cannot. */
  async #invocation(
    args: readonly string[],
    stdin: string,
    cwd: string,
  ): Promise<{ source: string; stdin: string } | number> {
    const rest = [...args];
    let setup = "";
    let isCommand = false;
    while (rest[0]?.startsWith("-") && rest[0] !== "-") {
      const flag = rest.shift() as string;
      if (flag === "--") break;
      if (flag === "-o") setup += `set -o ${rest.shift() ?? ""}\n`;
      else if (flag.startsWith("--")) continue;
      else {
        if (flag.includes("c")) isCommand = true;
        const options = flag.replace(/[^euxf]/g, "");
        if (options !== "") setup += `set -${options}\n`;
        if (flag.endsWith("o")) setup += `set -o ${rest.shift() ?? ""}\n`;
      }
    }
    if (isCommand) {
      const [source = "", , ...positional] = rest;
      return { source: setup + positionals(positional) + source, stdin };
    }
    const [file, ...positional] = rest;
    if (file === undefined || file === "-") return { source: setup + stdin, stdin: "" };
    const path = this.context.files.resolvePath(cwd, file);
    if (!(await this.context.files.exists(path))) {
      this.error(`sh: can't open '${file}': No such file or directory\n`);
      return 2;
    }
    const source = await this.context.files.readFile(path);
    return { source: setup + positionals(positional) + source, stdin };
  }

  #writeResult({ stdout, stderr, stdoutKind }: ExecResult): void {
    const encoding = stdoutKind === "bytes" ? "latin1" : "utf8";
    if (stdout !== "") this.context.write("stdout", Buffer.from(stdout, encoding));
    if (stderr !== "") this.context.write("stderr", Buffer.from(stderr));
  }
}

const positionals = (args: readonly string[]): string =>
  args.length === 0 ? "" : `set -- ${args.map(quoted).join(" ")}\n`;
