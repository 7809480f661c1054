// The write path. Decisions are made in memory, in the order of the calls: a transaction compares against the index, which holds the
// writes still on their way to the disk too, takes the next revision and joins the batch that gathers. When the batch is synced it is
// published: to reads (`published` moves), to watchers, to the writers, in this order.
import type { Logger } from "@coracle/shared/runtime/logger";
import {
  type Compare,
  type Operation,
  type StorageEvent,
  StorageReadOnlyError,
  type TransactionResult,
} from "../storage.ts";
import { type Change, type Commit, CommitQueue } from "./commit-queue.ts";
import type { LeaseBook } from "./lease-book.ts";
import { type Database, type Row, writeRows } from "./open-directory.ts";
import { COMPACT_KEY, OPERATIONS_MAX, sealValue } from "./record.ts";
import { eventOf, revisionOf } from "./version-history.ts";
import type { Version, VersionIndex } from "./version-index.ts";
import { encodeVersion, readVersion } from "./version-reader.ts";

export interface LevelWriterOptions {
  database: Database;
  index: VersionIndex;
  leases: LeaseBook;
  sync: boolean;
  logger: Logger;
  publish(events: readonly StorageEvent[], revision: number): void;
}

const NOTHING = Buffer.alloc(0);

export class LevelWriter {
  readonly #options: LevelWriterOptions;
  readonly #database: Database;
  readonly #index: VersionIndex;
  readonly #leases: LeaseBook;
  readonly #queue: CommitQueue;
  #published: number;
  #commits = 0;
  #failure: StorageReadOnlyError | undefined;

  constructor(options: LevelWriterOptions) {
    const { database, index, leases, sync } = options;
    this.#options = options;
    this.#database = database;
    this.#index = index;
    this.#leases = leases;
    this.#published = index.revision;
    this.#queue = new CommitQueue({
      write: (rows) => writeRows(database, rows, sync),
      publish: (commits) => this.#publish(commits),
      failed: (error) => {
        index.rollback(this.#published);
        return this.#fail(error);
      },
    });
  }

  /** The newest revision that is on disk and that anybody has been shown. */
  get published(): number {
    return this.#published;
  }
  get commits(): number {
    return this.#commits;
  }
  get syncs(): number {
    return this.#queue.syncs;
  }
  /** Why writes are refused. */
  get failure(): StorageReadOnlyError | undefined {
    return this.#failure;
  }

  /** Decides before it first waits: the order of calls is the order of revisions. */
  async transaction(
    compares: readonly Compare[],
    operations: readonly Operation[],
  ): Promise<TransactionResult> {
    const heads = compares.map(({ key }) => this.#index.head(key));
    const holds = compares.every((compare, i) => revisionOf(heads[i]) === compare.revision);
    if (!holds) return await this.#refuse(heads);
    this.assertWritable();
    this.#checkOperations(operations);
    const changes = this.#append(operations);
    const revision = this.#index.revision;
    if (changes.length === 0) await this.#settled();
    else await this.#commit(revision, changes, []);
    return { succeeded: true, revision };
  }

  /** Rows that have no revision, in order with the transactions. */
  async writeAside(row: Row): Promise<void> {
    this.assertWritable();
    await this.#commit(this.#index.revision, [], [row]);
  }

  /** Takes compacted versions from the disk. */
  async forget(versions: readonly Version[]): Promise<void> {
    this.assertWritable();
    const { compactRevision, keysAtCompact } = this.#index;
    const record = JSON.stringify({ revision: compactRevision, keys: keysAtCompact });
    const rows: Row[] = versions.map((version) => ({ type: "del", key: encodeVersion(version) }));
    rows.push({ type: "put", key: COMPACT_KEY, value: Buffer.from(record) });
    try {
      // Not synced: what a crash brings back is only history that nobody may read, and it is compacted again.
      await writeRows(this.#database, rows, false);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  drain(): Promise<void> {
    return this.#queue.drain();
  }

  assertWritable(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Answers a failed compare, once the state that decided is durable. */
  async #refuse(heads: readonly (Version | undefined)[]): Promise<TransactionResult> {
    const revision = this.#index.revision;
    await this.#settled();
    const current = heads.map((head) =>
      head === undefined || head.deleted ? undefined : readVersion(this.#database, head),
    );
    return { succeeded: false, revision, current };
  }

  #checkOperations(operations: readonly Operation[]): void {
    if (operations.length > OPERATIONS_MAX) {
      throw new Error(`a transaction has at most ${OPERATIONS_MAX} operations`);
    }
    if (operations.length > 1) {
      const keys = new Set(operations.map((operation) => operation.key));
      if (keys.size < operations.length) throw new Error("a key occurs twice in a transaction");
    }
    for (const operation of operations) {
      if (operation.type !== "put" || !operation.lease) continue;
      if (!this.#leases.has(operation.lease)) throw new Error("requested lease not found");
    }
  }

  #append(operations: readonly Operation[]): Change[] {
    const revision = this.#index.revision + 1;
    const changes: Change[] = [];
    for (const operation of operations) {
      const { key, memo } = operation;
      const head = this.#index.head(key);
      const alive = head !== undefined && !head.deleted;
      const deleted = operation.type === "delete";
      if (deleted && !alive) continue;
      const value = deleted ? NOTHING : operation.value;
      const lease = deleted ? 0 : (operation.lease ?? 0);
      const createRevision = alive ? head.createRevision : revision;
      const place = changes.length;
      const valueBytes = value.length;
      const facts = { key, revision, place, createRevision, deleted, lease, valueBytes };
      const version = this.#index.append(facts);
      if (alive && head.lease !== 0) this.#leases.detach(head.lease, key);
      if (lease !== 0) this.#leases.attach(lease, version.entry.key);
      changes.push({ version, value, memo });
    }
    return changes;
  }

  #commit(revision: number, changes: readonly Change[], rows: Row[]): Promise<void> {
    let bytes = 0;
    for (const { version, value } of changes) {
      const key = encodeVersion(version);
      rows.push({ type: "put", key, value: version.deleted ? NOTHING : sealValue(key, value) });
      bytes += key.length + value.length;
    }
    return new Promise((resolve, reject) => {
      this.#queue.enqueue({ revision, rows, changes, bytes, resolve, reject });
    });
  }

  /** Resolves when all that was decided so far is published. */
  #settled(): Promise<void> {
    if (this.#queue.idle) return Promise.resolve();
    return this.#commit(this.#index.revision, [], []);
  }

  #publish(commits: readonly Commit[]): void {
    const events: StorageEvent[] = [];
    for (const { changes } of commits) {
      if (changes.length > 0) this.#commits++;
      for (const { version, value, memo } of changes) {
        const event = eventOf(version, value);
        if (memo !== undefined) event.memo = memo;
        events.push(event);
      }
    }
    this.#published = Math.max(this.#published, (commits.at(-1) as Commit).revision);
    if (events.length > 0) this.#options.publish(events, this.#published);
  }

  #fail(error: unknown): Error {
    const failure = new StorageReadOnlyError(error);
    this.#failure ??= failure;
    this.#options.logger.error(
      { err: error, revision: this.#published },
      "write to disk failed, the store is read-only from now on",
    );
    return failure;
  }
}
