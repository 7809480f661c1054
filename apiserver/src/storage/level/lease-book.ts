// Leases: which keys go when, and the timer that says so. Expiry is wall time, so that a restart does not lengthen a life.
import type { Clock, Timer } from "@coracle/shared/runtime/clock";
import type { Row } from "./open-directory.ts";
import { leaseKey } from "./record.ts";
import type { Version } from "./version-index.ts";

interface Lease {
  readonly ttlSeconds: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly keys: Set<string>;
}

/** Many leases end at about the same time: they are looked for at most this often. */
const EXPIRY_INTERVAL_MS = 500;

export class LeaseBook {
  readonly #leases = new Map<number, Lease>();
  readonly #clock: Clock;
  readonly #expired: (ids: number[]) => void;
  #lastId = 0;
  #timer: { at: number; timer: Timer } | undefined;
  #stopped = false;

  /** `expired` is told the ids of the leases that have ended. */
  constructor(clock: Clock, expired: (ids: number[]) => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  get size(): number {
    return this.#leases.size;
  }

  /** From the stored rows and the keys that name a lease. A lease without a row was being revoked: its keys go now. */
  recover(rows: readonly (readonly [string, Buffer])[], heads: Iterable<Version>): void {
    for (const [key, value] of rows) {
      const { ttlSeconds, expiresAt } = JSON.parse(value.toString()) as Lease;
      this.#add(Number(key.slice(1)), { ttlSeconds, expiresAt, keys: new Set() });
    }
    for (const version of heads) {
      if (version.lease === 0 || version.deleted) continue;
      if (!this.#leases.has(version.lease)) {
        this.#add(version.lease, { ttlSeconds: 0, expiresAt: 0, keys: new Set() });
      }
      this.attach(version.lease, version.entry.key);
    }
  }

  grant(ttlSeconds: number): { id: number; row: Row } {
    const id = this.#lastId + 1;
    const expiresAt = this.#clock.now() + ttlSeconds * 1000;
    this.#add(id, { ttlSeconds, expiresAt, keys: new Set() });
    const value = Buffer.from(JSON.stringify({ ttlSeconds, expiresAt }));
    return { id, row: { type: "put", key: leaseKey(id), value } };
  }

  has(id: number): boolean {
    return this.#leases.has(id);
  }

  /** undefined = there is no such lease. */
  secondsLeft(id: number): number | undefined {
    const lease = this.#leases.get(id);
    return lease && Math.max(0, Math.ceil((lease.expiresAt - this.#clock.now()) / 1000));
  }

  keys(id: number): readonly string[] {
    return [...(this.#leases.get(id)?.keys ?? [])];
  }

  attach(id: number, key: string): void {
    this.#leases.get(id)?.keys.add(key);
  }

  detach(id: number, key: string): void {
    this.#leases.get(id)?.keys.delete(key);
  }

  remove(id: number): Row {
    this.#leases.delete(id);
    return { type: "del", key: leaseKey(id) };
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
  }

  #add(id: number, lease: Lease): void {
    this.#leases.set(id, lease);
    this.#lastId = Math.max(this.#lastId, id);
    this.#schedule(lease.expiresAt);
  }

  #schedule(at: number): void {
    if (this.#stopped || (this.#timer !== undefined && this.#timer.at <= at)) return;
    this.#timer?.timer.cancel();
    const delayMs = Math.max(EXPIRY_INTERVAL_MS, at - this.#clock.now());
    this.#timer = { at, timer: this.#clock.setTimer(delayMs, () => this.#expire()) };
  }

  #expire(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    const ended: number[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const [id, lease] of this.#leases) {
      if (lease.expiresAt <= now) ended.push(id);
      else next = Math.min(next, lease.expiresAt);
    }
    if (next !== Number.POSITIVE_INFINITY) this.#schedule(next);
    if (ended.length > 0) this.#expired(ended);
  }
}
