// Delays between restarts: 10 s, doubled up to 5 min, forgotten after 10 min without one (client-go's flowcontrol.Backoff).
import type { Clock } from "@coracle/shared/runtime/clock";

interface Entry {
  backoffMs: number;
  lastUpdateMs: number;
}

export const BACKOFF_MS_MIN = 10_000;
export const BACKOFF_MS_MAX = 300_000;

export class CrashBackoff {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long is left of the delay that counts from `eventMs`; 0 when there is none. */
  remainingMs(key: string, eventMs: number): number {
    const entry = this.#entries.get(key);
    if (entry === undefined || hasExpired(eventMs, entry)) return 0;
    return Math.max(0, entry.backoffMs - (this.#clock.now() - eventMs));
  }

  delayMs(key: string): number {
    return this.#entries.get(key)?.backoffMs ?? 0;
  }

  /** Another failure, at `eventMs`: the next delay is longer. */
  next(key: string, eventMs: number): void {
    const entry = this.#entries.get(key);
    const backoffMs =
      entry === undefined || hasExpired(eventMs, entry)
        ? BACKOFF_MS_MIN
        : Math.min(entry.backoffMs * 2, BACKOFF_MS_MAX);
    this.#entries.set(key, { backoffMs, lastUpdateMs: this.#clock.now() });
  }

  /** Everything whose key starts so. */
  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }
}

const hasExpired = (eventMs: number, entry: Entry): boolean =>
  eventMs - entry.lastUpdateMs > 2 * BACKOFF_MS_MAX;

/** As Go prints a duration of whole seconds: `10s`, `1m20s`, `5m0s`. */
export function formatDelay(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
