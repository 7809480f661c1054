// Keys that need work. Stingy: a key is never processed twice at the same time, and a key added
// often before it is processed is processed once. Fair: first come, first served. (client-go's
// workqueue.)
import type { Clock, Timer } from "../runtime/clock.ts";

const BASE_DELAY_MS = 5;
const DELAY_MS_MAX = 1_000_000;

interface Waiting {
  at: number;
  timer: Timer;
}

export class WorkQueue {
  readonly #clock: Clock;
  /** To be processed, in order. A Set keeps insertion order and makes `add` idempotent. */
  readonly #ready = new Set<string>();
  readonly #processing = new Set<string>();
  /** Added while being processed: they go to `ready` when done. */
  readonly #again = new Set<string>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #shutDown = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Keys waiting to be processed now. */
  get length(): number {
    return this.#ready.size;
  }

  add(key: string): void {
    if (this.#shutDown) return;
    if (this.#processing.has(key)) {
      this.#again.add(key);
      return;
    }
    const taker = this.#ready.has(key) ? undefined : this.#takers.shift();
    if (taker === undefined) {
      this.#ready.add(key);
      return;
    }
    this.#processing.add(key);
    taker(key);
  }

  /** Adds the key after `delayMs`. Of several such calls the earliest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#shutDown) return;
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const at = this.#clock.monotonic() + delayMs;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      if (waiting.at <= at) return;
      waiting.timer.cancel();
    }
    const timer = this.#clock.setTimer(delayMs, () => {
      this.#waiting.delete(key);
      this.add(key);
    });
    this.#waiting.set(key, { at, timer });
  }

  /** Adds the key after 5 ms · 2^failures, 1,000 s at most. */
  addRateLimited(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.addAfter(key, Math.min(DELAY_MS_MAX, BASE_DELAY_MS * 2 ** failures));
  }

  /** How often the key has been added rate limited since it was forgotten. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The key succeeded: its next failure is the first one again. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, when there is one; the caller must call `done`. Undefined after `shutDown`. */
  get(): Promise<string | undefined> {
    if (this.#shutDown) return Promise.resolve(undefined);
    for (const key of this.#ready) {
      this.#ready.delete(key);
      this.#processing.add(key);
      return Promise.resolve(key);
    }
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  done(key: string): void {
    this.#processing.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  /** Everything not being processed is dropped. */
  shutDown(): void {
    this.#shutDown = true;
    this.#ready.clear();
    this.#again.clear();
    for (const { timer } of this.#waiting.values()) timer.cancel();
    this.#waiting.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }
}
