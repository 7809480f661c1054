// Events out of the log of versions, for watchers that begin in the past.
import { CompactedError, type KeyValue, type StorageEvent } from "../storage.ts";
import type { Database } from "./open-directory.ts";
import type { Version, VersionIndex } from "./version-index.ts";
import { readVersions } from "./version-reader.ts";

/** 0 = the key does not exist. */
export function revisionOf(version: Version | undefined): number {
  return version === undefined || version.deleted ? 0 : version.revision;
}

/** `value`: of a deletion, the last one. Call it before the version's revision is compacted. */
export function eventOf(version: Version, value: Buffer): StorageEvent {
  return {
    type: version.deleted ? "delete" : "put",
    key: version.entry.key,
    value,
    revision: version.revision,
    createRevision: version.createRevision,
    previousRevision: revisionOf(version.previous),
  };
}

const VERSIONS_PER_READ = 1000;
const BYTES_PER_READ = 8 << 20;

export class VersionHistory {
  readonly #database: Database;
  readonly #index: VersionIndex;
  readonly #published: () => number;

  constructor(database: Database, index: VersionIndex, published: () => number) {
    this.#database = database;
    this.#index = index;
    this.#published = published;
  }

  get published(): number {
    return this.#published();
  }

  /**
   * The next events of `prefix` from revision `from` on, complete up to `revision`; undefined, at once, if nothing was published
   * since. Errors: CompactedError, what the disk says.
   */
  next(
    prefix: string,
    from: number,
  ): Promise<{ events: StorageEvent[]; revision: number }> | undefined {
    this.#refuseCompacted(from);
    const versions = this.#index.history(from, this.published, {
      versions: VERSIONS_PER_READ,
      bytes: BYTES_PER_READ,
    });
    const last = versions.at(-1);
    if (last === undefined) return undefined;
    const own = versions.filter((version) => version.entry.key.startsWith(prefix));
    return this.#read(own, from, last.revision);
  }

  async #read(
    versions: readonly Version[],
    from: number,
    revision: number,
  ): Promise<{ events: StorageEvent[]; revision: number }> {
    const events = versions.map((version) => eventOf(version, NO_VALUE));
    const valued = versions.map((version) => (version.deleted ? version.previous : version));
    const values = await readVersions(this.#database, valued as Version[]);
    this.#refuseCompacted(from);
    if (values === undefined) throw new Error(`values since revision ${from} are not on disk`);
    events.forEach((event, i) => {
      event.value = (values[i] as KeyValue).value;
    });
    return { events, revision };
  }

  #refuseCompacted(from: number): void {
    const { compactRevision } = this.#index;
    if (from <= compactRevision) throw new CompactedError(from, compactRevision);
  }
}

const NO_VALUE = Buffer.alloc(0);
