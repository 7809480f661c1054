// The watchers that look at the same part of a resource (all of it, a namespace, one object, one value of a field) share one list of
// its events, so that an event concerns only the groups it belongs to, and a watcher reads only events that could be its own.
// Positions are absolute: they stay valid while old events leave at the front and older ones are put back there.
import type { CacheEvent, Predicate } from "./cache-event.ts";
import type { CachedObject } from "./cached-object.ts";
import type { WatchCursor } from "./watch-cursor.ts";

export interface Scope {
  namespace?: string | undefined;
  name?: string | undefined;
  /** Only objects whose selectable field has (or had) this value; an absent field counts as empty. */
  field?: { name: string; value: string } | undefined;
}

/** Lines that cursors with the same filter at the same position get as one Buffer. */
interface SharedRead {
  to: number;
  lines: Buffer;
  /** Of the last event looked at. */
  revision: number;
}

/** All reads of the largest batch that is committed at once (4 MiB), so that each watcher finds those that the one before it made. */
const SHARED_READS_MAX = 64;

export class WatchGroup {
  readonly scope: Scope;
  readonly cursors = new Set<WatchCursor>();
  readonly #shared = new Map<string, Map<number, SharedRead>>();
  #events: CacheEvent[] = [];
  #start = 0;
  /** The position of #events[#start]. */
  #first = 0;
  /** Every event of the scope above this revision is, or was, here. */
  #completeAbove: number;

  constructor(scope: Scope, completeAbove: number) {
    this.scope = scope;
    this.#completeAbove = completeAbove;
  }

  get first(): number {
    return this.#first;
  }
  get end(): number {
    return this.#first + this.#events.length - this.#start;
  }
  get completeAbove(): number {
    return this.#completeAbove;
  }

  concerns(event: CacheEvent): boolean {
    const { namespace, name, field } = this.scope;
    if (namespace !== undefined && event.object.namespace !== namespace) return false;
    if (name !== undefined && event.object.name !== name) return false;
    return field === undefined || hasField(event.object, field) || hasField(event.previous, field);
  }

  push(event: CacheEvent): void {
    this.#events.push(event);
  }

  /** Puts events that precede all of the group's to the front. */
  prepend(older: readonly CacheEvent[], completeAbove: number): void {
    this.#events = older.concat(this.#events.slice(this.#start));
    this.#start = 0;
    this.#first -= older.length;
    this.#completeAbove = completeAbove;
    this.#shared.clear();
  }

  at(position: number): CacheEvent {
    return this.#events[position - this.#first + this.#start] as CacheEvent;
  }

  /** The position of the first event above `revision`. */
  after(revision: number): number {
    let low = this.#first;
    let high = this.end;
    while (low < high) {
      const middle = low + ((high - low) >>> 1); // positions can be negative
      if (this.at(middle).revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Lets events up to `floor` go: they have left the ring. */
  trim(floor: number): void {
    const from = this.after(floor);
    if (from === this.#first) return;
    this.#start += from - this.#first;
    this.#first = from;
    if (this.#start * 2 >= this.#events.length) {
      this.#events = this.#events.slice(this.#start);
      this.#start = 0;
    }
  }

  /** The lines from `position` on, about `maxBytes` of them, through the filter that `filterKey` names. */
  sharedRead(
    position: number,
    maxBytes: number,
    filterKey: string,
    see: (event: CacheEvent) => CacheEvent | undefined,
  ): SharedRead {
    let reads = this.#shared.get(filterKey);
    if (reads === undefined) {
      reads = new Map();
      this.#shared.set(filterKey, reads);
    }
    const known = reads.get(position);
    // One made before the latest events came would split what can be one write.
    if (known !== undefined && (known.to === this.end || known.lines.length >= maxBytes)) {
      return known;
    }
    const made = this.read(position, maxBytes, see);
    reads.delete(position);
    reads.set(position, made);
    if (reads.size > SHARED_READS_MAX) {
      for (const oldest of reads.keys()) {
        reads.delete(oldest);
        break;
      }
    }
    return made;
  }

  read(
    position: number,
    maxBytes: number,
    see: (event: CacheEvent) => CacheEvent | undefined,
  ): SharedRead {
    const lines: Buffer[] = [];
    let bytes = 0;
    let to = position;
    let revision = 0;
    for (const { end } = this; to < end && bytes < maxBytes; to++) {
      const event = this.at(to);
      revision = event.revision;
      const seen = see(event);
      if (seen === undefined) continue;
      lines.push(seen.line);
      bytes += seen.line.length;
    }
    return {
      to,
      lines: lines.length === 1 ? (lines[0] as Buffer) : Buffer.concat(lines),
      revision,
    };
  }

  /** For when everyone who was woken has read: lets the shared lines go. */
  forgetShared(): void {
    this.#shared.clear();
  }
}

export type See = (event: CacheEvent) => CacheEvent | undefined;

export function seeThrough(predicate: Predicate | undefined, headLength: number): See {
  return predicate === undefined
    ? (event) => event
    : (event) => event.seenBy(predicate, headLength);
}

function hasField(
  object: CachedObject | undefined,
  field: { name: string; value: string },
): boolean {
  return object !== undefined && (object.fields[field.name] ?? "") === field.value;
}
