// Orderly stop: the first SIGTERM or SIGINT asks for it, the second one does not wait.

import { MessageChannel } from "node:worker_threads";

interface SignalSource {
  on(signal: "SIGTERM" | "SIGINT", listener: () => void): unknown;
  exit(code: number): never;
}

/** Aborted by the first signal to `process`. */
export function shutdownSignal(process: SignalSource): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(1);
    controller.abort();
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  return controller.signal;
}

/**
 * Keeps the process alive until `signal` is aborted: a component that waits for its server has
 * nothing but timers, which do not.
 */
export function stayAliveUntil(signal: AbortSignal): void {
  const { port1 } = new MessageChannel();
  port1.ref();
  signal.addEventListener("abort", () => port1.close(), { once: true });
}

/** Resolves when `signal` is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
