// What a controller has ordered but not yet seen in its cache. Until it has, the cache must not be
// counted, or the same shortage would be made good twice.
import type { Clock } from "../runtime/clock.ts";

interface Expectation {
  creations: number;
  deletions: Set<string>;
  setAt: number;
}

/** A creation seen by nobody for so long was lost (upstream: ExpectationsTimeout). */
const EXPIRES_AFTER_MS = 5 * 60_000;

export class Expectations {
  readonly #clock: Clock;
  readonly #byKey = new Map<string, Expectation>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  expectCreations(key: string, count: number): void {
    this.#open(key).creations += count;
  }

  expectDeletions(key: string, uids: readonly string[]): void {
    const { deletions } = this.#open(key);
    for (const uid of uids) deletions.add(uid);
  }

  /** `count` creations were seen, or have failed. */
  creationObserved(key: string, count = 1): void {
    const expectation = this.#byKey.get(key);
    if (expectation === undefined) return;
    expectation.creations = Math.max(0, expectation.creations - count);
  }

  /** The deletion was seen, or has failed. */
  deletionObserved(key: string, uid: string): void {
    this.#byKey.get(key)?.deletions.delete(uid);
  }

  /** Nothing is outstanding, or it has been for too long. */
  satisfied(key: string): boolean {
    const expectation = this.#byKey.get(key);
    if (expectation === undefined) return true;
    if (expectation.creations === 0 && expectation.deletions.size === 0) return true;
    return this.#clock.monotonic() - expectation.setAt > EXPIRES_AFTER_MS;
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }

  #open(key: string): Expectation {
    let expectation = this.#byKey.get(key);
    if (expectation === undefined || this.satisfied(key)) {
      expectation = { creations: 0, deletions: new Set(), setAt: this.#clock.monotonic() };
      this.#byKey.set(key, expectation);
    }
    return expectation;
  }
}
