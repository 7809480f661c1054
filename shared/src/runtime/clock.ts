// The only place (with random.ts) that touches timers and dates, so that a whole cluster can run on a virtual clock.

export interface Timer {
  /** Idempotent. After it, the callback is not called. */
  cancel(): void;
}

export interface Clock {
  /** Wall time in milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonic(): number;
  /** Calls `callback` once, `delayMs` from now. A pending timer does not keep the process alive. */
  setTimer(delayMs: number, callback: () => void): Timer;
  /** Resolves after `delayMs`, or at once when `signal` is aborted (it never rejects). */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

function sleepOn(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      timer.cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = clock.setTimer(delayMs, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}

const TIMER_MS_MAX = 2 ** 31 - 1; // setTimeout's own limit; a longer delay would fire at once

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, callback) {
    const handle = setTimeout(callback, Math.min(Math.max(0, delayMs), TIMER_MS_MAX));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  sleep: (delayMs, signal) => sleepOn(systemClock, delayMs, signal),
};

interface Pending {
  at: number;
  order: number;
  callback: () => void;
}

/** A clock that moves only when a test tells it to. Timers fire in order of time, then of creation. */
export class SimulatedClock implements Clock {
  #now: number;
  readonly #start: number;
  #order = 0;
  readonly #pending = new Set<Pending>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#now = startMs;
    this.#start = startMs;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const entry = { at: this.#now + Math.max(0, delayMs), order: this.#order++, callback };
    this.#pending.add(entry);
    return { cancel: () => this.#pending.delete(entry) };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }

  /** Moves time by `ms`, firing each timer due, and lets promises settle between two timers. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms;
    for (;;) {
      await settle();
      const next = this.#earliest();
      if (next === undefined || next.at > target) break;
      this.#pending.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = target;
    await settle();
  }

  #earliest(): Pending | undefined {
    let first: Pending | undefined;
    for (const entry of this.#pending) {
      if (
        first === undefined ||
        entry.at < first.at ||
        (entry.at === first.at && entry.order < first.order)
      ) {
        first = entry;
      }
    }
    return first;
  }
}

/** Lets all promise callbacks that are due run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** RFC 3339 at second precision, the form of metav1.Time: `2026-01-01T00:00:00Z`. */
export function formatTime(epochMs: number): string {
  const second = Math.floor(epochMs / 1000);
  if (second !== lastFormatted.second) {
    lastFormatted = { second, text: `${new Date(epochMs).toISOString().slice(0, 19)}Z` };
  }
  return lastFormatted.text;
}

/** A busy server asks for the same second thousands of times. */
let lastFormatted = { second: Number.NaN, text: "" };

/** RFC 3339 with microseconds, the form of metav1.MicroTime: `2026-01-01T00:00:00.000000Z`. */
export function formatMicroTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 23)}000Z`;
}

/** Milliseconds since the epoch of an RFC 3339 time; undefined for an absent one. */
export function parseTime(time: string | undefined | null): number | undefined {
  return time === undefined || time === null ? undefined : Date.parse(time);
}
