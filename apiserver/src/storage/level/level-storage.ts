// The store on LevelDB, for one process: its parts, its reads and its life. Writes are in level-writer.ts, how the data lie on disk in
// record.ts, what is kept in memory in version-index.ts.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "@coracle/shared/runtime/clock";
import { type Logger, silentLogger } from "@coracle/shared/runtime/logger";
import {
  CompactedError,
  type Compare,
  FutureRevisionError,
  type KeyValue,
  type Operation,
  type RangeOptions,
  type RangeResult,
  type Storage,
  StorageClosedError,
  type StorageStatistics,
  type TransactionResult,
  type Watch,
  type WatchOptions,
} from "../storage.ts";
import { Compactor } from "./compactor.ts";
import { LeaseBook } from "./lease-book.ts";
import { LevelWriter } from "./level-writer.ts";
import { type Database, diskBytes, openDatabase, readFloor, writeFloor } from "./open-directory.ts";
import { type Recovered, recover } from "./recovery.ts";
import { SpaceReclaimer } from "./space-reclaimer.ts";
import { VersionHistory } from "./version-history.ts";
import type { VersionIndex } from "./version-index.ts";
import { readVersion, readVersions, visitVersions } from "./version-reader.ts";

import { WatchHub } from "./watch-hub.ts";

export interface LevelStorageOptions {
  /** Created if it does not exist. */
  directory: string;
  clock: Clock;
  logger?: Logger;
  /** false: a crash may lose acknowledged writes. For tests only. */
  sync?: boolean;
  /** How long old revisions can be read and watched from; default 5 minutes. */
  historyRetentionMs?: number;
  /** What history may take on disk before older revisions go early; default 256 MiB. */
  historyBytesMax?: number;
  /** What may be wasted on disk before it is looked at; default 64 MiB. */
  wasteBytesMin?: number;
  /** Names this process to the one that finds the store locked: "apiserver, pid 4711". */
  holder?: string;
}

const HISTORY_RETENTION_MS = 5 * 60_000;
const HISTORY_BYTES_MAX = 256 << 20;
const WASTE_BYTES_MIN = 64 << 20;
const COMPACT_VERSIONS_PER_STEP = 500;
const REVOKED_KEYS_PER_STEP = 500;

/** Errors: StorageOpenError (locked, corrupt, format). */
export async function openLevelStorage(options: LevelStorageOptions): Promise<LevelStorage> {
  const database = await openDatabase(options.directory, options.holder ?? "another process");
  try {
    const floor = await readFloor(options.directory);
    const recovered = await recover(database, options.directory, floor, options);
    return new LevelStorage(options, database, recovered, floor);
  } catch (error) {
    await database.close();
    throw error;
  }
}

export class LevelStorage implements Storage {
  readonly #options: LevelStorageOptions;
  readonly #logger: Logger;
  readonly #database: Database;
  readonly #index: VersionIndex;
  readonly #writer: LevelWriter;
  readonly #hub: WatchHub;
  readonly #leases: LeaseBook;
  readonly #compactor: Compactor;
  /** The last one written to the directory. */
  #floor: number;
  #closing: Promise<void> | undefined;

  constructor(
    options: LevelStorageOptions,
    database: Database,
    recovered: Recovered,
    floor: number,
  ) {
    const { clock, historyBytesMax = HISTORY_BYTES_MAX } = options;
    const { index } = recovered;
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#database = database;
    this.#index = index;
    this.#floor = floor;
    this.#leases = new LeaseBook(clock, (ids) => this.#expire(ids));
    this.#leases.recover(recovered.leases, index.heads());
    this.#writer = new LevelWriter({
      database,
      index,
      leases: this.#leases,
      sync: options.sync ?? true,
      logger: this.#logger,
      publish: (events, revision) => {
        this.#hub.publish(events, revision);
        if (index.historyBytes > historyBytesMax) this.#compactor.kick();
      },
    });
    const reclaimer = new SpaceReclaimer({
      database,
      logger: this.#logger,
      diskBytes: () => diskBytes(options.directory),
      wasteBytesMin: options.wasteBytesMin ?? WASTE_BYTES_MIN,
      isClosing: () => this.#closing !== undefined,
    });
    const history = new VersionHistory(database, index, () => this.#writer.published);
    this.#hub = new WatchHub(history, this.#logger);
    this.#compactor = new Compactor({
      clock,
      logger: this.#logger,
      retentionMs: options.historyRetentionMs ?? HISTORY_RETENTION_MS,
      published: () => this.#writer.published,
      compactRevision: () => index.compactRevision,
      revisionWithinBytes: () => index.revisionKeeping(historyBytesMax, this.#writer.published),
      compact: (revision) => this.compact(revision),
      checkpoint: async (revision) => {
        await this.#checkpoint(revision);
        await reclaimer.run(index.compactRevision);
      },
    });
    this.#compactor.start();
  }

  async get(key: string, options: { revision?: number } = {}): Promise<KeyValue | undefined> {
    const version = this.#index.visible(key, this.#readRevision(options.revision));
    return version === undefined ? undefined : readVersion(this.#database, version);
  }

  async range(options: RangeOptions): Promise<RangeResult> {
    const { prefix, startAfter } = options;
    const limit = options.limit || Number.POSITIVE_INFINITY;
    for (;;) {
      const revision = this.#readRevision(options.revision);
      const { found, count } = this.#index.range(prefix, startAfter, revision, limit);
      const items = await this.#reading(readVersions(this.#database, found));
      if (items !== undefined) return { items, revision, more: count > found.length, count };
      // History moved on while the values were read. The latest state can be read again; an old one is gone.
      if (options.revision) this.#readRevision(options.revision);
      if (this.#index.compactRevision <= revision) throw lostValues(prefix, revision);
    }
  }

  async scan(
    options: { prefix: string; revision: number },
    visit: (items: readonly KeyValue[]) => void,
  ): Promise<void> {
    const { prefix } = options;
    const revision = this.#readRevision(options.revision);
    const { found } = this.#index.range(prefix, undefined, revision, Number.POSITIVE_INFINITY);
    const stored = this.#index.storedVersions;
    const complete = await this.#reading(visitVersions(this.#database, found, stored, visit));
    this.#readRevision(revision); // CompactedError, if history moved on
    if (!complete) throw lostValues(prefix, revision);
  }

  async transaction(
    compares: readonly Compare[],
    operations: readonly Operation[],
  ): Promise<TransactionResult> {
    this.#assertOpen();
    return await this.#writer.transaction(compares, operations);
  }

  watch(options: WatchOptions): Watch {
    this.#assertOpen();
    return this.#hub.watch(options);
  }

  async currentRevision(): Promise<number> {
    this.#assertOpen();
    return this.#writer.published;
  }

  async compact(revision: number): Promise<void> {
    const { published } = this.#writer;
    if (revision > published) throw new FutureRevisionError(revision, published);
    for (;;) {
      this.#assertOpen();
      this.#writer.assertWritable();
      const { removed, done } = this.#index.compactStep(revision, COMPACT_VERSIONS_PER_STEP);
      await this.#writer.forget(removed);
      if (done) return;
      await nextTurn(); // the writers' turn
    }
  }

  async grantLease(ttlSeconds: number): Promise<number> {
    this.#assertOpen();
    this.#writer.assertWritable();
    const { id, row } = this.#leases.grant(ttlSeconds);
    await this.#writer.writeAside(row);
    return id;
  }

  async leaseSeconds(id: number): Promise<number | undefined> {
    this.#assertOpen();
    return this.#leases.secondsLeft(id);
  }

  async revokeLease(id: number): Promise<void> {
    this.#assertOpen();
    if (!this.#leases.has(id)) return;
    for (;;) {
      const keys = this.#leases.keys(id).slice(0, REVOKED_KEYS_PER_STEP);
      if (keys.length === 0) break;
      // One revision a key, so that no watcher can resume between two deletions of the same revision.
      await Promise.all(keys.map((key) => this.transaction([], [{ type: "delete", key }])));
    }
    await this.#writer.writeAside(this.#leases.remove(id));
  }

  async statistics(): Promise<StorageStatistics> {
    this.#assertOpen();
    const { compactRevision, liveKeys, historyVersions, historyBytes } = this.#index;
    const { published, commits, syncs, failure } = this.#writer;
    return {
      revision: published,
      compactRevision,
      keys: liveKeys,
      historyVersions,
      historyBytes,
      diskBytes: await diskBytes(this.#options.directory),
      leases: this.#leases.size,
      watches: this.#hub.size,
      commits,
      syncs,
      readOnlyReason: failure?.message,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#leases.stop();
    await this.#compactor.stop();
    await this.#writer.drain();
    this.#hub.end(new StorageClosedError());
    try {
      if (this.#writer.failure === undefined) await this.#checkpoint(this.#writer.published);
    } finally {
      await this.#database.close();
    }
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new StorageClosedError();
  }

  /** Errors: CompactedError, FutureRevisionError, StorageClosedError. */
  #readRevision(asked: number | undefined): number {
    this.#assertOpen();
    const { published } = this.#writer;
    if (!asked) return published;
    if (asked > published) throw new FutureRevisionError(asked, published);
    const { compactRevision } = this.#index;
    if (asked < compactRevision) throw new CompactedError(asked, compactRevision);
    return asked;
  }

  /** A read that close() overtook fails as what it is. */
  async #reading<T>(read: Promise<T>): Promise<T> {
    try {
      return await read;
    } catch (error) {
      this.#assertOpen();
      throw error;
    }
  }

  /** Without syncs a crash may go back behind any revision: there is no floor then. */
  async #checkpoint(revision: number): Promise<void> {
    if (revision <= this.#floor || this.#options.sync === false) return;
    this.#floor = revision;
    await writeFloor(this.#options.directory, revision);
  }

  #expire(ids: readonly number[]): void {
    const revoked = ids.map((id) => this.revokeLease(id));
    Promise.all(revoked).catch((error: unknown) => {
      if (error instanceof StorageClosedError) return;
      this.#logger.error({ err: error }, "expired leases were not revoked");
    });
  }
}

function lostValues(prefix: string, revision: number): Error {
  return new Error(`the store is damaged: values of ${prefix} at revision ${revision} are missing`);
}
