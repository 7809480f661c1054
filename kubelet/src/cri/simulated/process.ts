// What runs in a container: the image's own program (which just runs), or a command of the shell interpreter. Nothing is loaded, and
// no timer set, for a program that just runs.
import type { Clock, Timer } from "@coracle/shared/runtime/clock";
import type { Behaviour } from "./image-catalog.ts";

export type Signal = "SIGTERM" | "SIGKILL";

/** One process and its end. */
export class Process {
  readonly exited: Promise<number>;
  exitCode: number | undefined;
  #controller: AbortController | undefined;
  #resolve: (code: number) => void = () => {};
  #onTerminate: (() => void) | undefined;

  constructor() {
    this.exited = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Aborted when the process has ended or has to. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.exitCode !== undefined) this.#controller.abort();
    return this.#controller.signal;
  }

  /** What SIGTERM does instead of ending it with 143. */
  onTerminate(handler: () => void): void {
    this.#onTerminate = handler;
  }

  kill(signal: Signal): void {
    if (this.exitCode !== undefined) return;
    if (signal === "SIGKILL") this.exit(137);
    else if (this.#onTerminate !== undefined) this.#onTerminate();
    else this.exit(143);
  }

  /** The first one counts. */
  exit(code: number): void {
    if (this.exitCode !== undefined) return;
    this.exitCode = code;
    this.#controller?.abort();
    this.#resolve(code);
  }
}

export interface ProgramOutput {
  write(stream: "stdout" | "stderr", chunk: Uint8Array): void;
}

/** The image's own program: writes its lines, then runs until it is stopped or, when so declared, ends by itself. */
export function startOwnProgram(
  process: Process,
  behaviour: Behaviour,
  output: ProgramOutput,
  clock: Clock,
): void {
  let timer: Timer | undefined;
  for (const line of behaviour.logs ?? []) output.write("stdout", Buffer.from(`${line}\n`));
  if (behaviour.exitAfterSeconds !== undefined) {
    timer = clock.setTimer(behaviour.exitAfterSeconds * 1000, () =>
      process.exit(behaviour.exitCode ?? 0),
    );
  }
  process.onTerminate(() => {
    if (behaviour.ignoresStopSignal) return;
    timer?.cancel();
    const code = behaviour.stopExitCode ?? 0;
    if (behaviour.stopSeconds)
      clock.setTimer(behaviour.stopSeconds * 1000, () => process.exit(code));
    else process.exit(code);
  });
}
