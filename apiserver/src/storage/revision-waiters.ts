// Who waits until the cache has seen a revision.
import type { Clock, Timer } from "@coracle/shared/runtime/clock";

interface Waiter {
  revision: number;
  timer: Timer;
  resolve(reached: boolean): void;
}

export class RevisionWaiters {
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** false = not reached within `timeoutMs`. */
  wait(revision: number, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(timeoutMs, () => this.#settle(waiter, false));
      const waiter: Waiter = { revision, timer, resolve };
      this.#waiters.add(waiter);
    });
  }

  reached(revision: number): void {
    for (const waiter of this.#waiters) {
      if (waiter.revision <= revision) this.#settle(waiter, true);
    }
  }

  stop(): void {
    for (const waiter of this.#waiters) this.#settle(waiter, false);
  }

  #settle(waiter: Waiter, reached: boolean): void {
    this.#waiters.delete(waiter);
    waiter.timer.cancel();
    waiter.resolve(reached);
  }
}
