// Events out of the log of versions, for watchers that begin in the past.
import { CompactedError, type KeyValue, type StorageEvent } from "../storage.ts";
import type { Database } from "./open-directory.ts";
import type { Version, VersionIndex } from "./version-index.ts";
import { readVersions } from "./version-reader.ts";

/** 0 = the key does not exist. */
export function revisionOf(version: Version | undefined): number {
  return version === undefined || version.deleted ? 0 : version.revision;
}

/** `value` counts for a put only. */
export function eventOf(version: Version, value: Buffer): StorageEvent {
  const { entry, revision, createRevision } = version;
  if (version.deleted) return { type: "delete", key: entry.key, revision };
  return { type: "put", key: entry.key, value, revision, createRevision };
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
    const puts = versions.filter((version) => !version.deleted);
    const values = await readVersions(this.#database, puts);
    this.#refuseCompacted(from);
    if (values === undefined) throw new Error(`values since revision ${from} are not on disk`);
    let read = 0;
    const events = versions.map((version) =>
      eventOf(version, version.deleted ? NO_VALUE : (values[read++] as KeyValue).value),
    );
    return { events, revision };
  }

  #refuseCompacted(from: number): void {
    const { compactRevision } = this.#index;
    if (from <= compactRevision) throw new CompactedError(from, compactRevision);
  }
}

const NO_VALUE = Buffer.alloc(0);
