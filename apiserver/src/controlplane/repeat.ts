import type { Clock } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";

export interface Repeated {
  /** Resolves when no run is under way any more, and none will begin. */
  stop(): Promise<void>;
}

export interface RepeatOptions {
  /** For the log. */
  name: string;
  /** Before the first run. */
  delayMs: number;
  /** Between the end of a run and the next one. */
  intervalMs: number;
  clock: Clock;
  logger: Logger;
}

/** Runs `task` again and again. Why it fails is logged when it is something new. */
export function repeat(
  task: () => Promise<void>,
  { name, delayMs, intervalMs, clock, logger }: RepeatOptions,
): Repeated {
  const stopping = new AbortController();
  const { signal } = stopping;
  const run = async () => {
    let failure: string | undefined;
    await clock.sleep(delayMs, signal);
    while (!signal.aborted) {
      try {
        await task();
        failure = undefined;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (message !== failure) logger.warn({ err: error, task: name }, "background task failed");
        failure = message;
      }
      await clock.sleep(intervalMs, signal);
    }
  };
  const running = run();
  return {
    stop() {
      stopping.abort();
      return running;
    },
  };
}
