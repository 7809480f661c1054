// A daemon that fails again and again is replaced ever more seldom: after 1 s, 2 s … 15 min.

const FIRST_MS = 1000;
const MS_MAX = 15 * 60_000;

interface Failures {
  delayMs: number;
  lastMs: number;
}

export class FailureBackoff {
  readonly #failures = new Map<string, Failures>();

  /** Time until the next replacement under this key; 0: now, and this is it. */
  next(key: string, nowMs: number): number {
    const failures = this.#failures.get(key);
    const age = failures === undefined ? Number.POSITIVE_INFINITY : nowMs - failures.lastMs;
    if (failures !== undefined && age < failures.delayMs) return failures.delayMs;
    const delayMs =
      failures === undefined || age > 2 * MS_MAX
        ? FIRST_MS
        : Math.min(MS_MAX, failures.delayMs * 2);
    this.#failures.set(key, { delayMs, lastMs: nowMs });
    return 0;
  }

  /** Forgets every key that begins so. */
  forget(prefix: string): void {
    for (const key of this.#failures.keys()) {
      if (key.startsWith(prefix)) this.#failures.delete(key);
    }
  }
}
