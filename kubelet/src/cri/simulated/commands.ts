// Runs commands in a simulated container: its main process, and what exec asks for. The shell interpreter is loaded on first use.
import type { Clock } from "@coracle/shared/runtime/clock";
import { Pipe, readAll } from "../byte-pipe.ts";
import { type ProcessStreams, RuntimeError } from "../runtime.ts";
import type { SimulatedContainer } from "./container.ts";
import { Process, startOwnProgram } from "./process.ts";
import type { Shell } from "./shell.ts";

const SHELLS = /^(\/(usr\/)?bin\/)?(sh|bash|ash|dash)$/;
/** Commands that read their standard input until its end, so that it is collected before they run. */
const READERS =
  /(^|[\s;|&(/])(cat|tee|tar|read|grep|sed|awk|wc|sort|uniq|head|tail|tr|cut|xargs|jq|yq|base64|md5sum|sha\d+sum|gzip|gunzip|dd|od|nl|rev|tac|mapfile|readarray)(\s|;|$)/;

interface Invocation {
  process: Process;
  argv: readonly string[];
  tty: boolean;
  input: AsyncIterable<Uint8Array> | undefined;
  write(stream: "stdout" | "stderr", chunk: Uint8Array): void;
}

/** Why a container cannot be started with this command, in containerd's words; undefined when it can. */
export async function startFailure(container: SimulatedContainer): Promise<string | undefined> {
  const [program = ""] = container.argv;
  if (program === "" || isQuick(program) || SHELLS.test(program)) return undefined;
  if (!container.image.isShellImage) return undefined;
  const { knownCommands } = await import("./shell.ts");
  if (isKnown(program, knownCommands)) return undefined;
  if (program.includes("/") && (await (await container.files()).exists(program))) return undefined;
  const why = program.includes("/")
    ? `stat ${program}: no such file or directory`
    : "executable file not found in $PATH";
  return `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "${program}": ${why}: unknown`;
}

/** Built into the interpreter, and programs as well. */
const BUILT_IN = new Set(["test", "["]);

const isKnown = (program: string, known: ReadonlySet<string>): boolean =>
  BUILT_IN.has(program) || known.has(program.replace(/^\/(usr\/)?s?bin\//, ""));

const isQuick = (program: string): boolean => ["true", "false", "sleep"].includes(program);

/** Starts the container's command in `process`; returns at once. */
export function startMain(container: SimulatedContainer, process: Process, clock: Clock): void {
  const { argv } = container;
  if (quick(argv, process, clock)) return;
  const { write, config } = container;
  const invocation = { process, argv, tty: config.tty, input: container.stdin, write };
  void runInShell(container, invocation, clock).then(
    (code) => process.exit(code),
    (error: Error) => {
      write("stderr", Buffer.from(`${error.message}\n`));
      process.exit(128);
    },
  );
}

/** `true`, `false` and `sleep` need no interpreter. */
function quick(argv: readonly string[], process: Process, clock: Clock): boolean {
  const [program, duration = ""] = argv;
  if (program === "true") process.exit(0);
  else if (program === "false") process.exit(1);
  else if (program === "sleep" && argv.length === 2 && /^(\d+|infinity)$/.test(duration)) {
    if (duration === "infinity") return true;
    const timer = clock.setTimer(Number(duration) * 1000, () => process.exit(0));
    process.onTerminate(() => {
      timer.cancel();
      process.exit(143);
    });
  } else return false;
  return true;
}

/** Resolves with the exit code when the output has been handed over. */
export async function execIn(
  container: SimulatedContainer,
  request: { cmd: readonly string[]; tty: boolean },
  streams: ProcessStreams,
  clock: Clock,
): Promise<number> {
  const main = container.process;
  if (main === undefined || main.exitCode !== undefined) {
    throw new RuntimeError("FailedPrecondition", `container is in ${container.state} state`);
  }
  const process = new Process();
  const kill = () => process.kill("SIGKILL");
  streams.signal.addEventListener("abort", kill, { once: true });
  if (streams.signal.aborted) kill();
  void main.exited.then(kill);
  const newline = (chunk: Uint8Array) => (request.tty ? withCarriageReturns(chunk) : chunk);
  const write: Invocation["write"] = (stream, chunk) => {
    if (process.exitCode !== undefined) return;
    if (request.tty || stream === "stdout") streams.stdout?.(newline(chunk));
    else streams.stderr?.(chunk);
  };
  const invocation = { process, argv: request.cmd, tty: request.tty, input: streams.stdin, write };
  const run = runInShell(container, invocation, clock).then((code) => process.exit(code));
  try {
    await Promise.race([run, process.exited]);
    return process.exitCode ?? 0;
  } finally {
    process.exit(137);
    streams.signal.removeEventListener("abort", kill);
  }
}

async function runInShell(
  container: SimulatedContainer,
  invocation: Invocation,
  clock: Clock,
): Promise<number> {
  const { Shell: ShellClass, knownCommands } = await import("./shell.ts");
  const { process, argv } = invocation;
  const env = { PATH: PATH, HOME: "/root", HOSTNAME: container.sandbox.hostname, ...container.env };
  const shell = new ShellClass({
    files: await container.files(),
    env: invocation.tty ? { TERM: "xterm", ...env } : env,
    workingDir: container.config.workingDir || "/",
    hostname: container.sandbox.hostname,
    clock,
    write: (stream, chunk) => {
      // The interpreter begins each redirection with nothing.
      if (chunk.length > 0 && process.exitCode === undefined) invocation.write(stream, chunk);
    },
    signal: process.signal,
    ownProgram: () => runOwnProgram(container, process, invocation, clock),
    isShellImage: container.image.isShellImage === true,
    mainCommand: container.argv.join(" ") || container.config.image,
    killMain: (signal) => container.process?.kill(signal),
  });
  process.onTerminate(() => terminate(shell, process));
  const [program = "", ...args] = argv;
  if (SHELLS.test(program) && invocation.input !== undefined && isInteractive(args)) {
    const { interactiveShell } = await import("./interactive-shell.ts");
    return interactiveShell(shell, {
      input: untilEnd(invocation.input, process),
      isTty: invocation.tty,
      show: (text) => invocation.write("stdout", Buffer.from(text)),
    });
  }
  const isMissing =
    !SHELLS.test(program) &&
    !isKnown(program, knownCommands) &&
    container.process !== process &&
    !(await shell.context.files.exists(program));
  if (isMissing) throw new RuntimeError("Unknown", notFound(program));
  return shell.run(argv, await standardInput(invocation));
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const notFound = (program: string): string =>
  `OCI runtime exec failed: exec failed: unable to start container process: exec: "${program}": ${
    program.includes("/")
      ? `stat ${program}: no such file or directory`
      : "executable file not found in $PATH"
  }: unknown`;

/** `sh`, `sh -i`, `bash --login`: nothing to run but what is typed. */
const isInteractive = (args: readonly string[]): boolean =>
  args.every((arg) => ["-i", "-l", "--login", "-il", "-"].includes(arg));

/** SIGTERM: the script's trap, if it has set one, decides; otherwise it ends as a program that knows no handler. */
function terminate(shell: Shell, process: Process): void {
  const handler = shell.trapOf("TERM");
  if (handler === undefined) process.exit(143);
  else if (handler !== "") {
    shell.setTrap("TERM", undefined);
    void shell.script(handler).then(({ exitCode }) => process.exit(exitCode));
  }
}

async function standardInput({ input, argv }: Invocation): Promise<string> {
  const readsInput =
    input !== undefined && (READERS.test(argv.join(" ")) || SHELLS.test(argv[0] ?? ""));
  return readsInput ? (await readAll(input)).toString("latin1") : "";
}

/** Ends when the process does, even though the client still holds its input open. */
function untilEnd(input: AsyncIterable<Uint8Array>, process: Process): AsyncIterable<Uint8Array> {
  const pipe = new Pipe<Uint8Array>();
  void process.exited.then(() => pipe.end());
  void (async () => {
    for await (const chunk of input) pipe.push(chunk);
    pipe.end();
  })();
  return pipe;
}

/** A program named in a script (`exec java …`): the image's own, and the process lasts as long as it does. */
async function runOwnProgram(
  container: SimulatedContainer,
  parent: Process,
  invocation: Invocation,
  clock: Clock,
): Promise<number> {
  const own = new Process();
  startOwnProgram(own, container.image, invocation, clock);
  parent.onTerminate(() => {
    void own.exited.then((code) => parent.exit(code));
    own.kill("SIGTERM");
  });
  void parent.exited.then(() => own.kill("SIGKILL"));
  return own.exited;
}

function withCarriageReturns(chunk: Uint8Array): Uint8Array {
  const text = Buffer.from(chunk).toString("latin1");
  return Buffer.from(text.replace(/\r?\n/g, "\r\n"), "latin1");
}
