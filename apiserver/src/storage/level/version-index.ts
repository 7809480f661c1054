// All that the engine keeps in memory: for each key its versions (without values), newest first, and the log of the versions that
// history still holds. It also holds writes that are not on disk yet; who must not see them reads at the published revision.
import { prefixEnd, SortedChunks, type SortedView } from "../sorted-chunks.ts";
import type { RecordFacts } from "./record.ts";

export interface Version {
  readonly entry: KeyEntry;
  readonly revision: number;
  readonly place: number;
  readonly createRevision: number;
  readonly deleted: boolean;
  /** 0 = none. */
  readonly lease: number;
  readonly valueBytes: number;
  /** The version this one replaced, while history holds it; after a deletion, the deletion. */
  previous: Version | undefined;
}

export interface KeyEntry {
  readonly key: string;
  head: Version | undefined;
}

const VERSION_BYTES_OVERHEAD = 150;

export class VersionIndex {
  readonly #entries = new Map<string, KeyEntry>();
  readonly #sorted = new SortedChunks<KeyEntry>();
  /** Versions above the compact revision in order; those before #logStart are gone. */
  #log: Version[] = [];
  #logStart = 0;
  #historyBytes = 0;
  #liveKeys = 0;
  #keysAtCompact = 0;
  #compactRevision = 1;
  /** The last revision given out. */
  revision = 1;

  get compactRevision(): number {
    return this.#compactRevision;
  }
  /** Keys alive at the compact revision. */
  get keysAtCompact(): number {
    return this.#keysAtCompact;
  }
  get liveKeys(): number {
    return this.#liveKeys;
  }
  get historyBytes(): number {
    return this.#historyBytes;
  }
  get historyVersions(): number {
    return this.#log.length - this.#logStart;
  }

  /** For recovery, before the first append. */
  startAt(compactRevision: number): void {
    this.#compactRevision = compactRevision;
    this.revision = Math.max(this.revision, compactRevision);
  }

  /** The newest version, deletions and unpublished ones included. */
  head(key: string): Version | undefined {
    return this.#entries.get(key)?.head;
  }

  /** The version that shows at `revision`; undefined = the key does not exist then. */
  visible(key: string, revision: number): Version | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined ? undefined : visibleOf(entry, revision);
  }

  append(facts: RecordFacts): Version {
    const entry = this.#entry(facts.key);
    const previous = entry.head;
    const version: Version = {
      entry,
      revision: facts.revision,
      place: facts.place,
      createRevision: facts.createRevision,
      deleted: facts.deleted,
      lease: facts.lease,
      valueBytes: facts.valueBytes,
      previous,
    };
    entry.head = version;
    this.revision = Math.max(this.revision, facts.revision);
    this.#count(version, 1);
    if (facts.revision > this.#compactRevision) this.#log.push(version);
    else this.#keysAtCompact = this.#liveKeys;
    return version;
  }

  /** For recovery: a version not above the compact revision, of which only each key's last counts. Returns the one it replaced. */
  appendCompacted(facts: RecordFacts): Version | undefined {
    const replaced = this.#entries.get(facts.key)?.head;
    if (replaced !== undefined) {
      this.#remove(replaced.entry);
      this.#liveKeys--;
    }
    if (!facts.deleted) this.append(facts);
    this.#keysAtCompact = this.#liveKeys;
    return replaced;
  }

  /** Takes back every version above `revision`, newest first: they never reached the disk. */
  rollback(revision: number): void {
    for (;;) {
      const version = this.#log[this.#log.length - 1];
      if (version === undefined || version.revision <= revision) break;
      if (this.#log.length === this.#logStart) break;
      this.#log.pop();
      const { entry, previous } = version;
      entry.head = previous;
      if (previous === undefined) this.#remove(entry);
      this.#count(version, -1);
    }
    this.revision = revision;
  }

  /** The versions of the log in [from, to] by revision; from > compactRevision. Stops at `limits`, but not within a revision. */
  history(from: number, to: number, limits: { versions: number; bytes: number }): Version[] {
    const found: Version[] = [];
    let bytes = 0;
    for (let i = this.#logIndex(from); i < this.#log.length; i++) {
      const version = this.#log[i] as Version;
      if (version.revision > to) break;
      const full = found.length >= limits.versions || bytes >= limits.bytes;
      if (full && version.revision !== found.at(-1)?.revision) break;
      found.push(version);
      bytes += bytesOf(version.deleted ? (version.previous ?? version) : version);
    }
    return found;
  }

  /** The keys that start with `prefix` and are greater than `startAfter`, in order, that show at `revision`. */
  range(
    prefix: string,
    startAfter: string | undefined,
    revision: number,
    limit: number,
  ): { found: Version[]; count: number } {
    const view: SortedView<KeyEntry> = this.#sorted.live;
    const behind = startAfter !== undefined && startAfter >= prefix;
    const found: Version[] = [];
    let count = 0;
    view.visit(
      behind ? view.after(startAfter) : view.from(prefix),
      view.from(prefixEnd(prefix)),
      (entry) => {
        const version = visibleOf(entry, revision);
        if (version !== undefined && count++ < limit) found.push(version);
        return true;
      },
    );
    return { found, count };
  }

  /** The revision to compact to if history has outgrown `bytesMax`, with some room for what comes next; else the present one. */
  revisionKeeping(bytesMax: number, published: number): number {
    let revision = this.#compactRevision;
    if (this.#historyBytes <= bytesMax) return revision;
    let excess = this.#historyBytes - bytesMax * 0.9;
    for (let i = this.#logStart; i < this.#log.length && excess > 0; i++) {
      const version = this.#log[i] as Version;
      if (version.revision > published) break;
      excess -= historyCost(version);
      revision = version.revision;
    }
    return revision;
  }

  /**
   * Forgets what only revisions below `target` show, about `limit` versions at most, and returns what may leave the disk.
   * `done` is false if another step is needed.
   */
  compactStep(target: number, limit: number): { removed: Version[]; done: boolean } {
    const removed: Version[] = [];
    let taken = 0;
    while (this.#logStart < this.#log.length) {
      const version = this.#log[this.#logStart] as Version;
      if (version.revision > target) break;
      if (taken >= limit && version.revision !== this.#compactRevision) {
        this.#shrinkLog();
        return { removed, done: false };
      }
      this.#logStart++;
      taken++;
      this.#forgetBefore(version, removed);
      this.#compactRevision = version.revision;
    }
    this.#compactRevision = Math.max(this.#compactRevision, target);
    this.#shrinkLog();
    return { removed, done: true };
  }

  /** Versions on disk, about. */
  get storedVersions(): number {
    return this.#entries.size + this.historyVersions;
  }

  /** The versions of every key now, unpublished ones included: for the leases' recovery. */
  *heads(): Iterable<Version> {
    for (const entry of this.#entries.values()) if (entry.head !== undefined) yield entry.head;
  }

  #forgetBefore(version: Version, removed: Version[]): void {
    const { entry, previous } = version;
    const replaced = previous !== undefined && !previous.deleted;
    this.#keysAtCompact += Number(!version.deleted) - Number(replaced);
    this.#historyBytes -= historyCost(version);
    version.previous = undefined;
    if (replaced) removed.push(previous); // a deletion was removed when it was passed itself
    if (version.deleted) {
      removed.push(version);
      if (entry.head === version) this.#remove(entry);
    }
  }

  #count(version: Version, sign: 1 | -1): void {
    const wasAlive = version.previous !== undefined && !version.previous.deleted;
    this.#liveKeys += sign * (Number(!version.deleted) - Number(wasAlive));
    this.#historyBytes += sign * historyCost(version);
  }

  #entry(key: string): KeyEntry {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { key, head: undefined };
      this.#entries.set(key, entry);
      this.#sorted.set(entry);
    }
    return entry;
  }

  #remove(entry: KeyEntry): void {
    this.#entries.delete(entry.key);
    this.#sorted.delete(entry.key);
  }

  #logIndex(revision: number): number {
    let low = this.#logStart;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#log[middle] as Version).revision < revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #shrinkLog(): void {
    if (this.#logStart < 1024 || this.#logStart * 2 < this.#log.length) return;
    this.#log = this.#log.slice(this.#logStart);
    this.#logStart = 0;
  }
}

/** What history holds because of this version: the value it replaced, or the deletion that it is. */
function historyCost(version: Version): number {
  const { previous } = version;
  const replaced = previous !== undefined && !previous.deleted ? bytesOf(previous) : 0;
  return replaced + (version.deleted ? bytesOf(version) : 0);
}

function bytesOf(version: Version): number {
  return version.valueBytes + version.entry.key.length + VERSION_BYTES_OVERHEAD;
}

function visibleOf(entry: KeyEntry, revision: number): Version | undefined {
  let version = entry.head;
  while (version !== undefined && version.revision > revision) version = version.previous;
  return version?.deleted ? undefined : version;
}
