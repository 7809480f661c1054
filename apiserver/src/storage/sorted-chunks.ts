// Items sorted by key in chunks that are copied when written after a snapshot. A snapshot copies one pointer a chunk, so holding one
// costs about 1 % of what the keys cost, and each later write copies one chunk at most once.

export interface Keyed {
  readonly key: string;
}

export interface Position {
  readonly chunk: number;
  readonly index: number;
}

/** Greater than every key that starts with `prefix`. */
export function prefixEnd(prefix: string): string {
  return `${prefix}\uffff`;
}

const CHUNK_ITEMS_MAX = 256;

/** A reading view. One from SortedChunks.snapshot() never changes; SortedChunks.live shows the next write too. */
export class SortedView<T extends Keyed> {
  readonly #chunks: readonly (readonly T[])[];

  constructor(chunks: readonly (readonly T[])[]) {
    this.#chunks = chunks;
  }

  /** A structure of its own that begins with these items and shares the chunks until it writes. */
  fork(): SortedChunks<T> {
    return new SortedChunks(this.#chunks.slice() as T[][]);
  }

  get start(): Position {
    return { chunk: 0, index: 0 };
  }

  get end(): Position {
    return { chunk: this.#chunks.length, index: 0 };
  }

  get size(): number {
    return this.count(this.start, this.end);
  }

  /** The first item whose key is >= `key`. */
  from(key: string): Position {
    const chunk = firstChunk(this.#chunks, key);
    const items = this.#chunks[chunk];
    return { chunk, index: items === undefined ? 0 : firstIndex(items, key) };
  }

  /** The first item whose key is > `key`. */
  after(key: string): Position {
    const at = this.from(key);
    return this.at(at)?.key === key ? this.next(at) : at;
  }

  next(position: Position): Position {
    const last = position.index + 1 >= (this.#chunks[position.chunk]?.length ?? 0);
    return last
      ? { chunk: position.chunk + 1, index: 0 }
      : { chunk: position.chunk, index: position.index + 1 };
  }

  at(position: Position): T | undefined {
    return this.#chunks[position.chunk]?.[position.index];
  }

  get(key: string): T | undefined {
    const item = this.at(this.from(key));
    return item?.key === key ? item : undefined;
  }

  /** Items in [from, to). */
  count(from: Position, to: Position): number {
    let total = to.index - from.index;
    for (let i = from.chunk; i < to.chunk; i++) total += this.#chunks[i]?.length ?? 0;
    return Math.max(0, total);
  }

  /** The first `limit` items of [from, to). */
  take(from: Position, to: Position, limit = Number.POSITIVE_INFINITY): T[] {
    const taken: T[] = [];
    for (let i = from.chunk; i <= to.chunk && taken.length < limit; i++) {
      const items = this.#chunks[i];
      if (items === undefined) break;
      const first = i === from.chunk ? from.index : 0;
      const last = i === to.chunk ? to.index : items.length;
      const end = Math.min(last, first + limit - taken.length);
      for (let j = first; j < end; j++) taken.push(items[j] as T);
    }
    return taken;
  }

  /** Calls `visitor` on [from, to) in order, until it returns false. */
  visit(from: Position, to: Position, visitor: (item: T) => boolean): void {
    for (let i = from.chunk; i <= to.chunk; i++) {
      const items = this.#chunks[i];
      if (items === undefined) return;
      const last = i === to.chunk ? to.index : items.length;
      for (let j = i === from.chunk ? from.index : 0; j < last; j++) {
        if (!visitor(items[j] as T)) return;
      }
    }
  }
}

export class SortedChunks<T extends Keyed> {
  readonly #chunks: T[][];
  /** By chunk: the epoch in which it was made. One of an earlier epoch belongs to a snapshot too. */
  readonly #epochs: number[];
  #epoch = 0;
  /** Shows this object's present state. Positions in it end with the next write. */
  readonly live: SortedView<T>;

  constructor(chunks: T[][] = []) {
    this.#chunks = chunks;
    this.#epochs = chunks.map(() => -1);
    this.live = new SortedView(chunks);
  }

  /** From items already in the order of their keys. */
  static from<T extends Keyed>(sorted: readonly T[]): SortedChunks<T> {
    const chunks: T[][] = [];
    const size = CHUNK_ITEMS_MAX / 2; // half full, so that the first insertions split nothing
    for (let i = 0; i < sorted.length; i += size) chunks.push(sorted.slice(i, i + size));
    return new SortedChunks(chunks);
  }

  snapshot(): SortedView<T> {
    this.#epoch++;
    return new SortedView(this.#chunks.slice());
  }

  /** Adds the item, or replaces the one of its key. */
  set(item: T): void {
    if (this.#chunks.length === 0) {
      this.#chunks.push([item]);
      this.#epochs.push(this.#epoch);
      return;
    }
    const at = Math.min(firstChunk(this.#chunks, item.key), this.#chunks.length - 1);
    const items = this.#writable(at);
    const index = firstIndex(items, item.key);
    if (items[index]?.key === item.key) {
      items[index] = item;
      return;
    }
    items.splice(index, 0, item);
    if (items.length > CHUNK_ITEMS_MAX) this.#split(at, items);
  }

  delete(key: string): boolean {
    const at = firstChunk(this.#chunks, key);
    const found = this.#chunks[at];
    if (found === undefined) return false;
    const index = firstIndex(found, key);
    if (found[index]?.key !== key) return false;
    if (found.length === 1) {
      this.#chunks.splice(at, 1);
      this.#epochs.splice(at, 1);
    } else {
      this.#writable(at).splice(index, 1);
    }
    return true;
  }

  #writable(at: number): T[] {
    const items = this.#chunks[at] as T[];
    if (this.#epochs[at] === this.#epoch) return items;
    const copy = items.slice();
    this.#chunks[at] = copy;
    this.#epochs[at] = this.#epoch;
    return copy;
  }

  #split(at: number, items: T[]): void {
    // Names often grow (timestamps, ordinals): a split at the end leaves the left chunk nearly full.
    const appended = at === this.#chunks.length - 1;
    const keep = appended ? Math.floor(CHUNK_ITEMS_MAX * 0.9) : CHUNK_ITEMS_MAX / 2;
    this.#chunks.splice(at + 1, 0, items.splice(keep));
    this.#epochs.splice(at + 1, 0, this.#epoch);
  }
}

/** The first chunk whose last key is >= key; chunks.length if none. */
function firstChunk(chunks: readonly (readonly Keyed[])[], key: string): number {
  let low = 0;
  let high = chunks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const items = chunks[middle] as readonly Keyed[];
    if ((items[items.length - 1] as Keyed).key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function firstIndex(items: readonly Keyed[], key: string): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((items[middle] as Keyed).key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
