// The store on etcd v3, which several API servers may share: reads and writes go to etcd, watches come from one stream of its events
// (etcd-watch-hub.ts). Durability and order are etcd's own; all that this process adds is said in storage.ts.
import type { Clock } from "@coracle/shared/runtime/clock";
import { type Logger, silentLogger } from "@coracle/shared/runtime/logger";
import type { Random } from "@coracle/shared/runtime/random";
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
  StorageOpenError,
  type StorageStatistics,
  type TransactionResult,
  type Watch,
  type WatchOptions,
} from "../storage.ts";
import { askCompactRevision } from "./compact-revision.ts";
import { EtcdCompactor } from "./etcd-compactor.ts";
import {
  connectEtcd,
  type EtcdConnection,
  type EtcdTls,
  unreachableEtcd,
} from "./etcd-connection.ts";
import { isCompacted, isFuture, isNotFound } from "./etcd-refusal.ts";
import {
  EQUAL,
  type RangeRequest,
  type RangeResponse,
  type RequestOp,
  TARGET_MOD,
} from "./etcd-schema.ts";
import { EtcdWatchHub } from "./etcd-watch-hub.ts";
import { KeySpace } from "./key-space.ts";
import { type RevisionShift, readShift } from "./revision-shift.ts";
import { SharedRead } from "./shared-read.ts";

export interface EtcdStorageOptions {
  /** `http://10.0.0.1:2379`, `https://…`; any of them will do at a time. */
  endpoints: readonly string[];
  tls?: EtcdTls;
  clock: Clock;
  random: Random;
  logger?: Logger;
  /** Where in etcd the keys are, for several clusters in one etcd; default `/registry`, as kube-apiserver's --etcd-prefix. */
  prefix?: string;
  /** How long old revisions can be read and watched from, at least; default 5 minutes, as kube-apiserver. */
  compactionIntervalMs?: number;
}

const COMPACTION_INTERVAL_MS = 5 * 60_000;
const SCAN_PAGE_ITEMS = 2000;
const OWN_WATCHERS_MS = 5000;
const LEASE_ID_WORD = 2 ** 24;

const REPEATABLE = { repeatable: true };
const ONCE = { repeatable: false };

/** Its revisions are etcd's, without `shift`. Errors: StorageUnavailableError, StorageOpenError after half a restore. */
export async function openEtcdStorage(options: EtcdStorageOptions): Promise<EtcdStorage> {
  const { endpoints, tls, clock, prefix } = options;
  const connection = await connectEtcd({ endpoints, tls, clock });
  try {
    const probe = { key: Buffer.from([0]), count_only: true };
    const { header } = await connection.call("KV/Range", probe, REPEATABLE);
    const shift = await readShift(connection, new KeySpace(prefix));
    if (shift.restoredAt === 0) throw halfRestored(endpoints);
    return new EtcdStorage(options, connection, header.revision, shift);
  } catch (error) {
    connection.close();
    throw error;
  }
}

export class EtcdStorage implements Storage {
  /** What a restore wants to be added to the revisions (shifted-storage.ts). */
  readonly shift: RevisionShift;
  readonly #random: Random;
  readonly #keys: KeySpace;
  readonly #connection: EtcdConnection;
  readonly #hub: EtcdWatchHub;
  readonly #compactor: EtcdCompactor;
  readonly #revisionRead: SharedRead<number>;
  readonly #writing = new Set<Promise<unknown>>();
  /** At least this much is compacted. */
  #compactRevision = 0;
  #commits = 0;
  #closing: Promise<void> | undefined;

  constructor(
    options: EtcdStorageOptions,
    connection: EtcdConnection,
    revision: number,
    shift: RevisionShift,
  ) {
    this.shift = shift;
    const { clock, random, logger = silentLogger, prefix } = options;
    this.#random = random;
    this.#keys = new KeySpace(prefix);
    this.#connection = connection;
    this.#revisionRead = new SharedRead(async () => {
      const { header } = await this.#send({ key: Buffer.from([0]), count_only: true });
      return header.revision;
    });
    this.#hub = new EtcdWatchHub({
      connection,
      clock,
      logger,
      keys: this.#keys,
      revision,
      currentRevision: () => this.currentRevision(),
    });
    this.#compactor = new EtcdCompactor({
      connection,
      clock,
      logger,
      intervalMs: options.compactionIntervalMs ?? COMPACTION_INTERVAL_MS,
      compact: (target) => this.compact(target),
    });
  }

  /** Why etcd cannot be followed at present; undefined = it can. */
  get failure(): string | undefined {
    return this.#hub.failure;
  }

  async get(key: string, { revision = 0 } = {}): Promise<KeyValue | undefined> {
    const { kvs } = await this.#read({ key: this.#keys.key(key), revision });
    return kvs[0] && this.#keys.keyValue(kvs[0]);
  }

  async range(options: RangeOptions): Promise<RangeResult> {
    const { limit = 0, revision = 0 } = options;
    const { header, kvs, more, count } = await this.#read({
      ...this.#keys.bounds(options.prefix, options.startAfter),
      limit,
      revision,
    });
    const items = kvs.map((kv) => this.#keys.keyValue(kv));
    return { items, revision: revision || header.revision, more, count };
  }

  async scan(
    options: { prefix: string; revision: number },
    visit: (items: readonly KeyValue[]) => void,
  ): Promise<void> {
    let startAfter: string | undefined;
    for (;;) {
      const page = await this.range({ ...options, startAfter, limit: SCAN_PAGE_ITEMS });
      if (page.items.length > 0) visit(page.items);
      startAfter = page.items.at(-1)?.key;
      if (!page.more) return;
    }
  }

  async transaction(
    compares: readonly Compare[],
    operations: readonly Operation[],
  ): Promise<TransactionResult> {
    this.#assertOpen();
    return await this.#accepted(this.#transaction(compares, operations));
  }

  watch(options: WatchOptions): Watch {
    this.#assertOpen();
    return this.#hub.watch(options);
  }

  async currentRevision(): Promise<number> {
    this.#assertOpen();
    return await this.#revisionRead.read();
  }

  /**
   * The revision of all that was written before the call, when it has been delivered to the watchers of this process: all but those
   * that begin anew at present. Errors: as get.
   */
  async caughtUp(): Promise<number> {
    const revision = await this.currentRevision();
    if (await this.#hub.reached(revision, OWN_WATCHERS_MS)) return revision;
    this.#assertOpen();
    throw unreachableEtcd(this.failure ?? "its events do not come");
  }

  async compact(revision: number): Promise<void> {
    const current = await this.currentRevision();
    if (revision > current) throw new FutureRevisionError(revision, current);
    // Else the watchers of this process would lose their place, and load everything anew.
    await this.#hub.reached(revision, OWN_WATCHERS_MS);
    try {
      await this.#connection.call("KV/Compact", { revision, physical: false }, REPEATABLE);
    } catch (error) {
      if (!isCompacted(error)) throw error; // it is already
    }
    this.#compactRevision = Math.max(this.#compactRevision, revision);
  }

  async grantLease(ttlSeconds: number): Promise<number> {
    this.#assertOpen();
    // An id of our own: etcd's are of 63 bits. One that is taken is refused, so a repeated request does no harm.
    const id =
      1 + this.#random.integer(LEASE_ID_WORD) * LEASE_ID_WORD + this.#random.integer(LEASE_ID_WORD);
    await this.#accepted(
      this.#connection.call("Lease/LeaseGrant", { TTL: ttlSeconds, ID: id }, ONCE),
    );
    return id;
  }

  async leaseSeconds(id: number): Promise<number | undefined> {
    this.#assertOpen();
    const { TTL } = await this.#connection.call("Lease/LeaseTimeToLive", { ID: id }, REPEATABLE);
    return TTL < 0 ? undefined : TTL;
  }

  async revokeLease(id: number): Promise<void> {
    this.#assertOpen();
    try {
      const revoked = this.#connection.call("Lease/LeaseRevoke", { ID: id }, REPEATABLE);
      const { header } = await this.#accepted(revoked);
      await this.#hub.reached(header.revision, OWN_WATCHERS_MS);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async statistics(): Promise<StorageStatistics> {
    this.#assertOpen();
    const own = this.#keys.everything();
    const [status, range, { leases }] = await Promise.all([
      this.#connection.call("Maintenance/Status", {}, REPEATABLE),
      this.#connection.call("KV/Range", { ...own, count_only: true }, REPEATABLE),
      this.#connection.call("Lease/LeaseLeases", {}, REPEATABLE),
    ]);
    return {
      revision: range.header.revision,
      compactRevision: this.#compactRevision,
      keys: range.count,
      historyVersions: 0, // etcd does not say
      historyBytes: 0,
      diskBytes: status.dbSize,
      leases: leases.length,
      watches: this.#hub.size,
      commits: this.#commits,
      syncs: 0, // etcd's own
      readOnlyReason: status.errors[0],
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#compactor.stop();
    await Promise.allSettled(this.#writing);
    this.#hub.end(new StorageClosedError());
    this.#connection.close();
  }

  async #transaction(
    compares: readonly Compare[],
    operations: readonly Operation[],
  ): Promise<TransactionResult> {
    assertDistinct(operations);
    const { header, succeeded, responses } = await this.#connection.call(
      "KV/Txn",
      {
        compare: compares.map(({ key, revision }) => ({
          result: EQUAL,
          target: TARGET_MOD, // 0 for a key that does not exist
          key: this.#keys.key(key),
          mod_revision: revision,
        })),
        success: operations.map((operation) => this.#operation(operation)),
        failure: compares.map(({ key }) => ({ request_range: { key: this.#keys.key(key) } })),
      },
      ONCE,
    );
    const { revision } = header;
    if (succeeded) {
      this.#commits++;
      await this.#hub.reached(revision, OWN_WATCHERS_MS);
      return { succeeded, revision };
    }
    const current = responses.map(({ response_range }) => {
      const kv = response_range?.kvs[0];
      return kv && this.#keys.keyValue(kv);
    });
    return { succeeded, revision, current };
  }

  #operation(operation: Operation): RequestOp {
    const key = this.#keys.key(operation.key);
    if (operation.type === "delete") return { request_delete_range: { key } };
    const { value, lease = 0 } = operation;
    return { request_put: { key, value, lease } };
  }

  /** close() waits for it. */
  async #accepted<T>(work: Promise<T>): Promise<T> {
    this.#writing.add(work);
    try {
      return await work;
    } finally {
      this.#writing.delete(work);
    }
  }

  /** Errors: CompactedError, FutureRevisionError, StorageClosedError, StorageUnavailableError. */
  async #read(request: RangeRequest): Promise<RangeResponse> {
    try {
      return await this.#send(request);
    } catch (error) {
      const { revision = 0 } = request;
      if (isFuture(error)) throw new FutureRevisionError(revision, await this.currentRevision());
      if (!isCompacted(error)) throw error;
      const compactRevision = await askCompactRevision(this.#connection, revision);
      this.#compactRevision = Math.max(this.#compactRevision, compactRevision);
      throw new CompactedError(revision, compactRevision);
    }
  }

  async #send(request: RangeRequest): Promise<RangeResponse> {
    this.#assertOpen();
    return await this.#connection.call("KV/Range", request, REPEATABLE);
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new StorageClosedError();
  }
}

function halfRestored(endpoints: readonly string[]): StorageOpenError {
  return new StorageOpenError(
    "corrupt",
    `a restore into etcd (${endpoints.join(", ")}) did not end: restore the snapshot again, into an empty etcd`,
  );
}

function assertDistinct(operations: readonly Operation[]): void {
  const keys = new Set(operations.map(({ key }) => key));
  if (keys.size < operations.length) throw new Error("a transaction has a key twice");
}
