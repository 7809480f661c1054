// Starts, asks and replaces the server under test.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { systemClock } from "@coracle/shared/runtime/clock";
import type { FromServer } from "./fuzz-server.ts";

const START_MS = 60_000;
const HEAP_MS = 30_000;
const STOP_MS = 5000;
const ENDING_MS = 500;
const POLL_MS = 20;
const HEAP_MIB_MAX = 1024;

export interface Heap {
  usedMiB: number;
  residentMiB: number;
  /** Sockets, timers and the like. */
  open: number;
}

const MIB = 2 ** 20;

export class FuzzTarget {
  url = "";
  token = "";
  kubeletPort = 0;
  lastExit = "";
  /** Lines at the level of errors that nobody has taken yet. */
  #errors: { url: string; why: string }[] = [];
  /** Causes of the last errors that the server logged, by URL. */
  readonly causes = new Map<string, string>();
  #child: ChildProcess | undefined;
  #heard: (message: FromServer) => void = () => {};

  get hasEnded(): boolean {
    const child = this.#child;
    return child === undefined || child.exitCode !== null || child.signalCode !== null;
  }

  /** Whether it is on its way out: connections end before the process does. */
  async endsSoon(): Promise<boolean> {
    const until = systemClock.monotonic() + ENDING_MS;
    while (!this.hasEnded && systemClock.monotonic() < until) await systemClock.sleep(POLL_MS);
    return this.hasEnded;
  }

  async start(): Promise<void> {
    const entry = fileURLToPath(new URL("fuzz-server.ts", import.meta.url));
    const child = fork(entry, {
      execArgv: ["--import", "tsx", "--expose-gc", `--max-old-space-size=${HEAP_MIB_MAX}`],
    });
    this.#child = child;
    child.on("message", (message) => {
      const told = message as FromServer;
      if ("failed" in told) {
        if (this.causes.size > 1000) this.causes.clear();
        this.causes.set(told.failed.url, told.failed.why);
        this.#errors.push(told.failed);
      } else this.#heard(told);
    });
    child.on("exit", (code, signal) => {
      this.lastExit = `exit code ${code}, signal ${signal}`;
    });
    const told = await this.#next(START_MS);
    if (told === undefined || !("ready" in told)) throw new Error("the server does not start");
    Object.assign(this, told.ready);
  }

  /** What the server has logged as an error since the last time. */
  takeErrors(): readonly { url: string; why: string }[] {
    const errors = this.#errors;
    this.#errors = [];
    return errors;
  }

  async heap(): Promise<Heap> {
    this.#child?.send("heap");
    const told = await this.#next(HEAP_MS);
    if (told === undefined || !("heap" in told)) throw new Error("the server tells no heap");
    const { usedBytes, residentBytes, open } = told.heap;
    return { usedMiB: usedBytes / MIB, residentMiB: residentBytes / MIB, open };
  }

  #next(deadlineMs: number): Promise<FromServer | undefined> {
    return new Promise((resolve) => {
      const timer = systemClock.setTimer(deadlineMs, () => resolve(undefined));
      this.#heard = (message) => {
        timer.cancel();
        resolve(message);
      };
    });
  }

  async stop(): Promise<void> {
    if (this.hasEnded) return;
    const child = this.#child as ChildProcess;
    const exit = once(child, "exit");
    child.send("stop");
    const timer = systemClock.setTimer(STOP_MS, () => child.kill("SIGKILL"));
    await exit;
    timer.cancel();
  }
}
