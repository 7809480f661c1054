// An empty etcd filled from a snapshot. A note in etcd says that this is under way, and an API server refuses an etcd in which it
// did not end.
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Random } from "@coracle/shared/runtime/random";
import type { SnapshotKey, SnapshotLease } from "@coracle/shared/snapshot/snapshot-format";
import type { SnapshotTarget } from "../level/level-restore.ts";
import { restoredRevision } from "../snapshot/restored-revision.ts";
import { StorageOpenError } from "../storage.ts";
import { connectEtcd, type EtcdConnection, type EtcdTls } from "./etcd-connection.ts";
import type { RequestOp } from "./etcd-schema.ts";
import { KeySpace } from "./key-space.ts";
import { readShift, writeShift } from "./revision-shift.ts";

export interface EtcdRestoreOptions {
  endpoints: readonly string[];
  tls?: EtcdTls;
  prefix?: string;
  clock: Clock;
  random: Random;
}

/** Below etcd's limits of 128 operations and 1.5 MiB a request. */
const OPERATIONS = 100;
const BATCH_BYTES = 1 << 20;
const PARALLEL = 8;
const LEASE_ID_WORD = 2 ** 24;

/**
 * As restoreLevel; keys get new revisions, all above the old ones. Errors: StorageOpenError when etcd is not empty,
 * StorageUnavailableError, and what etcd says.
 */
export async function restoreEtcd(
  options: EtcdRestoreOptions,
  read: (target: SnapshotTarget) => Promise<number>,
  snapshotRevision: number,
): Promise<number> {
  const { endpoints, tls, clock } = options;
  const connection = await connectEtcd({ endpoints, tls, clock });
  try {
    const keys = new KeySpace(options.prefix);
    await refuseUsed(connection, keys, endpoints);
    const shift = restoredRevision(snapshotRevision);
    if (!(await writeShift(connection, keys, { shift, restoredAt: 0 }, 0))) {
      throw used(`another restore into ${endpoints.join(", ")} is under way`);
    }
    const writer = new KeyWriter(connection, keys, options.random);
    await read(writer);
    const restoredAt = await writer.finish();
    await connection.call(
      "KV/Compact",
      { revision: restoredAt, physical: false },
      { repeatable: true },
    );
    await writeShift(connection, keys, { shift, restoredAt }, 1);
    return shift + restoredAt;
  } finally {
    connection.close();
  }
}

class KeyWriter implements SnapshotTarget {
  readonly #connection: EtcdConnection;
  readonly #keys: KeySpace;
  readonly #random: Random;
  readonly #leases = new Map<number, number>();
  readonly #running = new Set<Promise<void>>();
  #failure: unknown;
  #batch: RequestOp[] = [];
  #bytes = 0;

  constructor(connection: EtcdConnection, keys: KeySpace, random: Random) {
    this.#connection = connection;
    this.#keys = keys;
    this.#random = random;
  }

  async lease({ id, seconds }: SnapshotLease): Promise<void> {
    const ID =
      1 + this.#random.integer(LEASE_ID_WORD) * LEASE_ID_WORD + this.#random.integer(LEASE_ID_WORD);
    const request = { TTL: Math.max(1, seconds), ID };
    await this.#connection.call("Lease/LeaseGrant", request, { repeatable: false });
    this.#leases.set(id, ID);
  }

  async key({ key, value, lease }: SnapshotKey): Promise<void> {
    const put = { key: this.#keys.key(key), value, lease: this.#leases.get(lease ?? 0) ?? 0 };
    if (this.#batch.length >= OPERATIONS || this.#bytes + value.length > BATCH_BYTES) {
      await this.#send();
    }
    this.#batch.push({ request_put: put });
    this.#bytes += key.length + value.length;
  }

  /** Returns etcd's revision when all is there. */
  async finish(): Promise<number> {
    await this.#send();
    await Promise.all(this.#running);
    this.#assertWell();
    const probe = { key: Buffer.from([0]), count_only: true };
    const { header } = await this.#connection.call("KV/Range", probe, { repeatable: true });
    return header.revision;
  }

  async #send(): Promise<void> {
    const success = this.#batch;
    this.#batch = [];
    this.#bytes = 0;
    if (success.length === 0) return;
    while (this.#running.size >= PARALLEL) await Promise.race(this.#running);
    this.#assertWell();
    const sent = this.#connection
      .call("KV/Txn", { compare: [], success, failure: [] }, { repeatable: true })
      .then(
        () => undefined,
        (error: unknown) => {
          const first = success[0]?.request_put?.key.toString();
          const said = error instanceof Error ? error.message : String(error);
          this.#failure ??= new Error(
            `etcd does not take ${success.length} keys from ${first} on: ${said}`,
          );
        },
      )
      .finally(() => this.#running.delete(sent));
    this.#running.add(sent);
  }

  #assertWell(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

async function refuseUsed(
  connection: EtcdConnection,
  keys: KeySpace,
  endpoints: readonly string[],
): Promise<void> {
  const request = { ...keys.everything(), count_only: true };
  const { count } = await connection.call("KV/Range", request, { repeatable: true });
  const { shift } = await readShift(connection, keys);
  if (count === 0 && shift === 0) return;
  const what = count > 0 ? `holds ${count} keys` : "has been restored into before";
  throw used(
    `etcd (${endpoints.join(", ")}) ${what}: a snapshot is restored into an empty etcd. Take a new one, or another --etcd-prefix`,
  );
}

const used = (message: string) => new StorageOpenError("used", message);
