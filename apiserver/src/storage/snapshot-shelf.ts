// Past states of one resource that somebody pages through. A state that is not on the shelf is made from the nearest newer one by
// undoing the events in between; so any revision within the ring can be listed.
import type { CacheEvent } from "./cache-event.ts";
import type { CachedObject } from "./cached-object.ts";
import type { SortedView } from "./sorted-chunks.ts";

interface Snapshot {
  /** The last event that it contains. */
  readonly from: number;
  /** The revision before the next event; Infinity while there is none. */
  to: number;
  readonly view: SortedView<CachedObject>;
}

const SNAPSHOTS_MAX = 64;

export class SnapshotShelf {
  /** In the order of their last use. */
  readonly #snapshots = new Set<Snapshot>();
  /** The one that is still the present. */
  #open: Snapshot | undefined;

  get size(): number {
    return this.#snapshots.size;
  }

  /** Keeps the present; `from`: the revision of the last event. */
  keep(from: number, snapshot: () => SortedView<CachedObject>): void {
    this.#open ??= { from, to: Number.POSITIVE_INFINITY, view: snapshot() };
    this.#use(this.#open);
  }

  /** The present ends: an event of this revision follows. */
  close(eventRevision: number): void {
    if (this.#open === undefined) return;
    this.#open.to = eventRevision - 1;
    this.#open = undefined;
  }

  /** Drops what only revisions below `floor` need. */
  trim(floor: number): void {
    for (const snapshot of this.#snapshots) {
      if (snapshot.to < floor) this.#snapshots.delete(snapshot);
    }
  }

  clear(): void {
    this.#snapshots.clear();
    this.#open = undefined;
  }

  /**
   * The state at `revision`, which the ring reaches back to. `present` is the live state, `between` the ring's events with
   * from < revision <= to.
   */
  at(
    revision: number,
    present: () => SortedView<CachedObject>,
    between: (from: number, to: number) => CacheEvent[],
  ): SortedView<CachedObject> {
    let nearest: Snapshot | undefined;
    for (const snapshot of this.#snapshots) {
      if (snapshot.to < revision) continue;
      if (nearest === undefined || snapshot.from < nearest.from) nearest = snapshot;
    }
    if (nearest !== undefined && nearest.from <= revision) {
      this.#use(nearest);
      return nearest.view;
    }
    const undone = between(revision, nearest?.from ?? Number.POSITIVE_INFINITY);
    const objects = (nearest?.view ?? present()).fork();
    for (let i = undone.length - 1; i >= 0; i--) {
      const event = undone[i] as CacheEvent;
      if (event.previous === undefined) objects.delete(event.object.key);
      else objects.set(event.previous);
    }
    const to = (undone[0]?.revision ?? revision + 1) - 1;
    const made: Snapshot = { from: revision, to, view: objects.snapshot() };
    this.#use(made);
    return made.view;
  }

  #use(snapshot: Snapshot): void {
    this.#snapshots.delete(snapshot);
    this.#snapshots.add(snapshot);
    if (this.#snapshots.size <= SNAPSHOTS_MAX) return;
    for (const oldest of this.#snapshots) {
      this.#snapshots.delete(oldest);
      if (oldest === this.#open) this.#open = undefined;
      return;
    }
  }
}
