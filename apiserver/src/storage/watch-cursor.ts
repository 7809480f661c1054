// One watcher's place in its group's events. There is no queue: a watcher that does not read stays where it is, until what it has not
// read leaves the ring; then it has lagged and its client must be told 410.
import type { CacheEvent } from "./cache-event.ts";
import type { See, WatchGroup } from "./watch-group.ts";

export interface CursorOptions {
  group: WatchGroup;
  position: number;
  fromRevision: number;
  see: See;
  /** Names the filter; cursors of a group with the same one share what they read. undefined = share with nobody. */
  filterKey: string | undefined;
  /** Whether the filter can hide an event. */
  filters: boolean;
  /** The revision up to which events have been published. */
  published(): number;
  /** Asks for a call of wake(). */
  wakeSoon(cursor: WatchCursor): void;
  closed(cursor: WatchCursor): void;
}

const READ_BYTES_MAX = 1 << 20;
/** A read by one watcher is cut at this size, so that reads of several meet again at the same positions. */
const LINES_BYTES_MAX = 64 << 10;

export class WatchCursor {
  readonly #options: CursorOptions;
  readonly #group: WatchGroup;
  #position: number;
  #revision: number;
  #lagged = false;
  #closed = false;
  #callback: (() => void) | undefined;

  constructor(options: CursorOptions) {
    this.#options = options;
    this.#group = options.group;
    this.#position = options.position;
    this.#revision = options.fromRevision;
  }

  /** For the cache. */
  get group(): WatchGroup {
    return this.#group;
  }

  /** Fell out of the ring: nothing can be read any more, and the client must get 410. */
  get lagged(): boolean {
    if (!this.#lagged && this.#position < this.#group.first) this.#lagged = true;
    return this.#lagged;
  }

  /** Every event up to this revision has been read (or was not for this watcher): what a bookmark may say. */
  get revision(): number {
    if (!this.lagged && this.#position === this.#group.end) {
      this.#revision = Math.max(this.#revision, this.#options.published());
    }
    return this.#revision;
  }

  /**
   * `callback` is called, never synchronously, when there is something to read, or the cursor has lagged. What a callback leaves
   * unread is not announced again before the next event: read on when the client takes more.
   */
  onReadable(callback: () => void): void {
    this.#callback = callback;
    this.#options.wakeSoon(this);
  }

  /** Ready-made lines, each buffer one or many; empty = nothing to read. About `maxBytes`, by default 1 MiB. */
  read(maxBytes = READ_BYTES_MAX): Buffer[] {
    const buffers: Buffer[] = [];
    let bytes = 0;
    while (bytes < maxBytes && this.#unread()) {
      const { filterKey, see } = this.#options;
      const limit = Math.min(maxBytes - bytes, LINES_BYTES_MAX);
      const { to, lines, revision } =
        filterKey === undefined
          ? this.#group.read(this.#position, limit, see)
          : this.#group.sharedRead(this.#position, limit, filterKey, see);
      this.#position = to;
      this.#revision = revision;
      if (lines.length > 0) buffers.push(lines);
      bytes += lines.length;
    }
    return buffers;
  }

  /** Everything there is to read, as events; for who needs another form than JSON lines. */
  readEvents(limit = Number.POSITIVE_INFINITY): CacheEvent[] {
    const events: CacheEvent[] = [];
    while (events.length < limit && this.#unread()) {
      const event = this.#group.at(this.#position++);
      this.#revision = event.revision;
      const seen = this.#options.see(event);
      if (seen !== undefined) events.push(seen);
    }
    return events;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#callback = undefined;
    this.#options.closed(this);
  }

  /** For the cache: skips what the filter hides, and calls the watcher if something is left. */
  wake(): void {
    if (this.#callback === undefined) return;
    if (this.lagged) {
      this.#callback();
      return;
    }
    if (this.#options.filters) this.#skipHidden();
    if (this.#position < this.#group.end) this.#callback();
  }

  /** For the cache: the state that the events continue is gone. */
  expire(): void {
    this.#lagged = true;
  }

  #unread(): boolean {
    return !this.#closed && !this.lagged && this.#position < this.#group.end;
  }

  #skipHidden(): void {
    const { see, filterKey } = this.#options;
    const group = this.#group;
    if (filterKey !== undefined) {
      // Looked at once for all with this filter, and ready for the read that follows.
      const { to, lines, revision } = group.sharedRead(
        this.#position,
        LINES_BYTES_MAX,
        filterKey,
        see,
      );
      if (lines.length > 0 || to === this.#position) return;
      this.#position = to;
      this.#revision = revision;
      return;
    }
    while (this.#position < group.end) {
      const event = group.at(this.#position);
      if (see(event) !== undefined) return;
      this.#position++;
      this.#revision = event.revision;
    }
  }
}
