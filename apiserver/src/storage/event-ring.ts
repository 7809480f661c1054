// The latest events of one resource, bounded in bytes. What falls out of it is "too old" for watchers and snapshots.
import type { CacheEvent } from "./cache-event.ts";

/** What an event takes besides its line. */
const EVENT_BYTES = 300;

export class EventRing {
  readonly #bytesMax: number;
  #events: (CacheEvent | undefined)[] = [];
  #start = 0;
  #bytes = 0;
  /** All events above this revision are here. */
  #floor: number;

  constructor(bytesMax: number, floor: number) {
    this.#bytesMax = bytesMax;
    this.#floor = floor;
  }

  get floor(): number {
    return this.#floor;
  }
  get bytes(): number {
    return this.#bytes;
  }
  get size(): number {
    return this.#events.length - this.#start;
  }

  /** Adds an event; returns whether others had to leave. */
  push(event: CacheEvent): boolean {
    this.#events.push(event);
    this.#bytes += event.line.length + EVENT_BYTES;
    let evicted = false;
    while (this.#bytes > this.#bytesMax && this.size > 1) {
      const oldest = this.#events[this.#start] as CacheEvent;
      this.#events[this.#start++] = undefined; // so that it can go before the array is cut
      this.#bytes -= oldest.line.length + EVENT_BYTES;
      this.#floor = oldest.revision;
      evicted = true;
    }
    if (evicted && this.#start > 1024 && this.#start * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#start);
      this.#start = 0;
    }
    return evicted;
  }

  /** Events with from < revision <= to, in order. */
  between(from: number, to: number): CacheEvent[] {
    let index = this.#after(from);
    const found: CacheEvent[] = [];
    for (; index < this.#events.length; index++) {
      const event = this.#events[index] as CacheEvent;
      if (event.revision > to) break;
      found.push(event);
    }
    return found;
  }

  /** The first index with a revision > `revision`. */
  #after(revision: number): number {
    let low = this.#start;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle] as CacheEvent).revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
