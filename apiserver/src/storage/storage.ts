// The store: keys, revisions and bytes; it knows no kinds. Every engine (level/, etcd/) keeps these guarantees, and
// contract-suite.ts checks them on each.
//
// Order      All writes of the store form one sequence. A transaction that changes something gets the next revision, which no other
//            transaction shares; revisions never go back, also not over a restart. An empty store is at revision 1, so its first
//            write is 2 (as etcd; 0 never names a state). A transaction decides on the state that all earlier ones left.
// Durability A promise of transaction() resolves only after its write is on disk (fsync). Nothing that a crash could still take
//            back is ever shown: not by reads, not to watchers, not as the `current` of a failed compare. A write whose promise
//            rejected, or was pending when the process died, may or may not be there afterwards, but never in part.
// Reads      get and range answer from one revision: the latest acknowledged, or the one asked for. The latest includes every write
//            whose promise had resolved.
// Watches    deliver each event of the prefix with revision >= startRevision exactly once, in the order of revisions, first from
//            history and then live, with no gap. An engine in this process calls the watchers, in one synchronous run, before it
//            resolves the writers' promises; so who wrote can read the own write from a watch-fed cache.
// Too old    History is bounded. compact(c) forgets what only revisions below c show. Then reads at a revision < c, and watches that
//            start at a revision <= c, fail with CompactedError: the client has to list again. Reads at c itself still work.

export interface KeyValue {
  key: string;
  value: Buffer;
  /** The revision of the last write of this key. */
  revision: number;
  createRevision: number;
  /** Of a key that goes with its lease. */
  lease?: number;
}

/** True if the key's last write has this revision; 0 = the key must not exist. */
export interface Compare {
  key: string;
  revision: number;
}

/** `value` must not be changed afterwards. `memo` is opaque: an in-process engine hands it to watchers, another one drops it. */
export type Operation =
  | { type: "put"; key: string; value: Buffer; lease?: number; memo?: unknown }
  | { type: "delete"; key: string; memo?: unknown };

/** `current`: for each compare, in its order, the state of its key that decided; undefined = the key does not exist. */
export type TransactionResult =
  | { succeeded: true; revision: number }
  | { succeeded: false; revision: number; current: (KeyValue | undefined)[] };

/**
 * A put whose two revisions are the same created the key. A deletion does not say what it deleted: who wants to know has the state
 * that the watch went on from (an engine would have to read it from history, which costs more than all the rest).
 */
export type StorageEvent =
  | {
      type: "put";
      key: string;
      value: Buffer;
      revision: number;
      createRevision: number;
      memo?: unknown;
    }
  | { type: "delete"; key: string; revision: number; memo?: unknown };

export interface WatchOptions {
  prefix: string;
  /** The first revision to deliver; one beyond the current revision waits for it. */
  startRevision: number;
  /** `revision`: every event of the prefix up to it has been delivered with this call. */
  onEvents(events: readonly StorageEvent[], revision: number): void;
  /** The store has reached `revision`, and the prefix had no event since the last call. */
  onProgress?(revision: number): void;
  /** The watch is over: CompactedError, StorageClosedError, or what broke the engine. */
  onError(error: Error): void;
}

export interface Watch {
  /** Idempotent. Nothing is called after it. */
  close(): void;
}

export interface RangeOptions {
  prefix: string;
  /** Only keys greater than this one. Keys sort as JavaScript strings (as bytes, in all that Kubernetes lets a name be). */
  startAfter?: string;
  /** At most so many items; absent or 0 = all. */
  limit?: number;
  /** Absent or 0 = the latest acknowledged. */
  revision?: number;
}

export interface RangeResult {
  items: KeyValue[];
  /** The revision that the items show. */
  revision: number;
  /** There are keys behind the last item. */
  more: boolean;
  /** Keys in the range, whatever the limit. */
  count: number;
}

export interface StorageStatistics {
  revision: number;
  compactRevision: number;
  keys: number;
  /** Versions that only history holds on to, and their size. */
  historyVersions: number;
  historyBytes: number;
  /** Approximate size on disk. */
  diskBytes: number;
  leases: number;
  watches: number;
  /** Since the store was opened: transactions that wrote, and the syncs that they shared. */
  commits: number;
  syncs: number;
  /** Why writes are refused; undefined = they are not. */
  readOnlyReason: string | undefined;
}

export interface Storage {
  /** Errors: CompactedError, FutureRevisionError, StorageUnavailableError, StorageClosedError. */
  get(key: string, options?: { revision?: number }): Promise<KeyValue | undefined>;
  /** Errors: as get. */
  range(options: RangeOptions): Promise<RangeResult>;
  /**
   * Everything of `prefix` at `revision`, in batches, in whatever order is cheapest: for who takes all (caches, backups). Resolves
   * when `visit` has seen all; a failed scan may have visited some. Errors: as get.
   */
  scan(
    options: { prefix: string; revision: number },
    visit: (items: readonly KeyValue[]) => void,
  ): Promise<void>;
  /**
   * Applies all operations, or none if a compare is false. Each key at most once. Deleting an absent key does nothing; a
   * transaction that changes nothing takes no revision. Errors: StorageReadOnlyError, StorageUnavailableError,
   * StorageClosedError.
   */
  transaction(
    compares: readonly Compare[],
    operations: readonly Operation[],
  ): Promise<TransactionResult>;
  watch(options: WatchOptions): Watch;
  currentRevision(): Promise<number>;
  /** Forgets history below `revision`. A revision already compacted is no error. Errors: FutureRevisionError. */
  compact(revision: number): Promise<void>;
  /**
   * The lease's id. Keys put with it are deleted (each with its own event; etcd's have one revision) when it expires. Durable,
   * as a write is.
   */
  grantLease(ttlSeconds: number): Promise<number>;
  /** How long the lease goes on; undefined = it has ended, or never was. */
  leaseSeconds(id: number): Promise<number | undefined>;
  /** Deletes the lease's keys now. An unknown id is no error. */
  revokeLease(id: number): Promise<void>;
  statistics(): Promise<StorageStatistics>;
  /** Lets the writes that were accepted finish. Idempotent. */
  close(): Promise<void>;
}

/** The revision asked for is no longer there ("too old"); `compactRevision` and later ones can be read. */
export class CompactedError extends Error {
  override readonly name = "CompactedError";
  readonly requestedRevision: number;
  readonly compactRevision: number;
  constructor(requestedRevision: number, compactRevision: number) {
    super(`too old revision: ${requestedRevision} (${compactRevision})`);
    this.requestedRevision = requestedRevision;
    this.compactRevision = compactRevision;
  }
}

export class FutureRevisionError extends Error {
  override readonly name = "FutureRevisionError";
  readonly requestedRevision: number;
  readonly currentRevision: number;
  constructor(requestedRevision: number, currentRevision: number) {
    super(`too large revision: ${requestedRevision}, current: ${currentRevision}`);
    this.requestedRevision = requestedRevision;
    this.currentRevision = currentRevision;
  }
}

export class StorageClosedError extends Error {
  override readonly name = "StorageClosedError";
  constructor() {
    super("the store is closed");
  }
}

/** A write failed, so no write is taken any more until the store is opened again; reads go on. `cause`: what failed. */
export class StorageReadOnlyError extends Error {
  override readonly name = "StorageReadOnlyError";
  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`the store is read-only because a write to disk failed: ${reason}`, { cause });
  }
}

/** A store elsewhere does not answer: later it may. `cause`: what failed. */
export class StorageUnavailableError extends Error {
  override readonly name = "StorageUnavailableError";
  /** A write that failed so may have been done: who repeats it may find its own. */
  readonly mayBeDone: boolean;
  constructor(store: string, cause: unknown, mayBeDone = false) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${store} cannot be reached: ${reason}`, { cause });
    this.mayBeDone = mayBeDone;
  }
}

/** used: something is there already where a snapshot was to be restored. */
export type OpenFailure = "locked" | "corrupt" | "format" | "used";

/** The store cannot be opened; the message says why and what to do. */
export class StorageOpenError extends Error {
  override readonly name = "StorageOpenError";
  readonly reason: OpenFailure;
  constructor(reason: OpenFailure, message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}
