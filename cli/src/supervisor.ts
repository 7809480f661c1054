// Runs the components as processes of their own: starts them all at once, restarts what dies, stops them in order.
import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import type { Clock } from "@coracle/shared/runtime/clock";
import { CliError } from "./cli-error.ts";
import { type Command, ETCD } from "./components.ts";
import { failureIn } from "./log-view.ts";

export interface SupervisorOptions {
  commands: readonly Command[];
  clock: Clock;
  /** A component's output, as it comes. Returns what it could not use yet. */
  show(instance: string, text: string): string;
  say(message: string, level?: "info" | "warn" | "error"): void;
  /** A process was started or ended. */
  onChange(pids: Partial<Record<string, number>>): void;
}

/** With fewer processors than components, they would all load at once and the API server, for which the others wait, would be
 *  ready last. So the others start one after the other on the processor that it leaves free. */
const START_GAP_MS = 60;
/** A component that ends by itself this often, and never stayed up for STEADY_MS, cannot start. */
const START_FAILURES_MAX = 3;
const STEADY_MS = 2_000;
const RESTART_DELAY_MS_MIN = 100;
const RESTART_DELAY_MS_MAX = 5_000;
/** After so long without a fault the delay starts from its minimum again. */
const HEALTHY_AFTER_MS = 10_000;
/** A component gets this long to end after SIGTERM. */
const STOP_MS_MAX = 5_000;
/** In this order, after all others. */
const STOPPED_LAST: readonly Command["name"][] = ["apiserver", ETCD];

/** Somebody ended it: no fault of its own. */
const FROM_OUTSIDE = new Set(["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"]);

interface Component {
  command: Command;
  process?: ChildProcess;
  startedMs: number;
  /** It once ran for STEADY_MS. */
  wasSteady: boolean;
  failures: number;
  delayMs: number;
  /** Why it ended, as far as its output tells. */
  lastFailure?: string;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #components: Component[];
  #stopping = false;
  #fail: (error: CliError) => void = () => {};
  /** Rejects (and never resolves) when a component cannot start. */
  readonly failed: Promise<never>;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#components = options.commands.map((command) => ({
      command,
      startedMs: 0,
      wasSteady: false,
      failures: 0,
      delayMs: RESTART_DELAY_MS_MIN,
    }));
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {}); // whoever waits for readiness learns of it; nobody needs to wait
  }

  /** The commands' order is the order in which they start. */
  start(): void {
    const gapMs = availableParallelism() > this.#components.length ? 0 : START_GAP_MS;
    for (const [index, component] of this.#components.entries()) {
      if (index === 0 || gapMs === 0) this.#spawn(component);
      else this.#spawnAfter(component, index * gapMs);
    }
  }

  /** All run, and what failed has proved since that it can run. */
  isSteady(): boolean {
    return this.#components.every((component) => {
      const { process, failures } = component;
      return process !== undefined && (failures === 0 || this.#ageMs(component) > STEADY_MS);
    });
  }

  pids(): Partial<Record<string, number>> {
    const running = this.#components.filter(({ process }) => process?.pid !== undefined);
    return Object.fromEntries(
      running.map(({ command, process }) => [command.instance, process?.pid]),
    );
  }

  /** The API servers after the others, which can still write what they must, and their store after them, for the same reason. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const rank = ({ command }: Component) => STOPPED_LAST.indexOf(command.name);
    for (let turn = -1; turn < STOPPED_LAST.length; turn++) {
      const due = this.#components.filter((component) => rank(component) === turn);
      await Promise.all(due.map((component) => this.#end(component)));
    }
  }

  /** For an impatient second Ctrl-C. */
  kill(): void {
    this.#stopping = true;
    for (const { process } of this.#components) process?.kill("SIGKILL");
  }

  #spawn(component: Component): void {
    const { command } = component;
    // A process group of its own: Ctrl-C in a terminal reaches the supervisor only, which then stops all in order.
    const program = command.isProgram ? command.file : process.execPath;
    const args = command.isProgram ? command.args : [command.file, ...command.args];
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    component.process = child;
    component.startedMs = this.#options.clock.monotonic();
    component.lastFailure = undefined;
    for (const stream of [child.stdout, child.stderr]) this.#forward(component, stream);
    child.once("error", (error) => {
      component.lastFailure = error.message;
    });
    // "close" follows "exit" when all output has been read.
    child.once("close", (code, signal) => this.#ended(component, code, signal));
    this.#options.onChange(this.pids());
  }

  #forward(component: Component, stream: NodeJS.ReadableStream): void {
    const { instance } = component.command;
    let rest = "";
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      const whole = rest + text;
      rest = this.#options.show(instance, whole);
      if (component.wasSteady || this.#ageMs(component) > STEADY_MS) return;
      component.lastFailure = lastFailureIn(whole) ?? component.lastFailure;
    });
    stream.on("end", () => {
      if (rest !== "") this.#options.show(instance, `${rest}\n`);
    });
  }

  #ended(component: Component, code: number | null, signal: string | null): void {
    component.process = undefined;
    this.#options.onChange(this.pids());
    if (this.#stopping) return;
    component.wasSteady ||= this.#ageMs(component) > STEADY_MS;
    const { instance: name } = component.command;
    const how = signal === null ? `exit code ${code}` : signal;
    const isFault = !FROM_OUTSIDE.has(how);
    if (isFault) component.failures++;
    if (!component.wasSteady && component.failures >= START_FAILURES_MAX) {
      const why = component.lastFailure ?? `it ended ${component.failures} times (${how})`;
      this.#fail(new CliError(`${name} cannot start: ${why}`));
      return;
    }
    const backsOff = isFault && this.#ageMs(component) < HEALTHY_AFTER_MS;
    const delayMs = backsOff ? component.delayMs : RESTART_DELAY_MS_MIN;
    component.delayMs = Math.min(delayMs * 2, RESTART_DELAY_MS_MAX);
    this.#options.say(`${name} ended (${how}); restarting in ${delayMs / 1000} s`, "warn");
    this.#spawnAfter(component, delayMs);
  }

  #ageMs({ startedMs }: Component): number {
    return this.#options.clock.monotonic() - startedMs;
  }

  #spawnAfter(component: Component, delayMs: number): void {
    this.#options.clock.setTimer(delayMs, () => {
      if (!this.#stopping) this.#spawn(component);
    });
  }

  async #end(component: Component): Promise<void> {
    const child = component.process;
    if (child === undefined) return;
    const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
    child.kill("SIGTERM");
    const timer = this.#options.clock.setTimer(STOP_MS_MAX, () => {
      this.#options.say(`${component.command.instance} did not stop in time; killing it`, "warn");
      child.kill("SIGKILL");
    });
    await closed;
    timer.cancel();
  }
}

/** The last error line; else the text of an exception that ended node. */
function lastFailureIn(text: string): string | undefined {
  const lines = text.split("\n").filter((line) => line !== "");
  const logged = lines.map(failureIn).filter((line) => line !== undefined);
  return logged.at(-1) ?? lines.find((line) => /^\w*Error\b.*: /.test(line));
}
