// A store directory out of a snapshot. It is made beside its place, checked as every opening checks it, and moved there at the end:
// a restore that dies leaves no store.
import { readdir, rename, rm, rmdir } from "node:fs/promises";
import type { Clock } from "@coracle/shared/runtime/clock";
import type { SnapshotKey, SnapshotLease } from "@coracle/shared/snapshot/snapshot-format";
import { restoredRevision } from "../snapshot/restored-revision.ts";
import { StorageOpenError } from "../storage.ts";
import { openLevelStorage } from "./level-storage.ts";
import { openDatabase, type Row, writeRows } from "./open-directory.ts";
import {
  COMPACT_KEY,
  encodeRecord,
  FORMAT,
  FORMAT_KEY,
  leaseKey,
  OPERATIONS_MAX,
  sealValue,
} from "./record.ts";

const BATCH_BYTES = 4 << 20;

export interface SnapshotTarget {
  lease(lease: SnapshotLease): void | Promise<void>;
  key(key: SnapshotKey): void | Promise<void>;
}

/**
 * `read` brings everything to the target and resolves to the snapshot's revision. Keys keep their revisions. Returns the revision
 * that the store is at. Errors: StorageOpenError when there is something in `directory`.
 */
export async function restoreLevel(
  directory: string,
  read: (target: SnapshotTarget) => Promise<number>,
  clock: Clock,
): Promise<number> {
  await refuseUsed(directory);
  const beside = `${directory}.restoring`;
  await rm(beside, { recursive: true, force: true }); // of a restore that died
  const revision = await fill(beside, read, clock);
  const storage = await openLevelStorage({ directory: beside, clock, holder: "a restore" });
  await storage.close();
  await removeEmpty(directory);
  await rename(beside, directory);
  return revision;
}

async function fill(
  directory: string,
  read: (target: SnapshotTarget) => Promise<number>,
  clock: Clock,
): Promise<number> {
  const database = await openDatabase(directory, "a restore");
  try {
    const writer = new RecordWriter(clock, (rows) => writeRows(database, rows, true));
    const revision = restoredRevision(await read(writer));
    await writer.finish(revision);
    return revision;
  } finally {
    await database.close();
  }
}

class RecordWriter implements SnapshotTarget {
  readonly #clock: Clock;
  readonly #write: (rows: Row[]) => Promise<void>;
  #rows: Row[] = [];
  #bytes = 0;
  #keys = 0;
  /** Keys that were written at one revision, by it. */
  readonly #places = new Map<number, number>();
  /** By the snapshot's. */
  readonly #leases = new Map<number, number>();

  constructor(clock: Clock, write: (rows: Row[]) => Promise<void>) {
    this.#clock = clock;
    this.#write = write;
  }

  lease({ id, seconds }: SnapshotLease): void {
    const own = this.#leases.size + 1;
    this.#leases.set(id, own);
    const lease = { ttlSeconds: seconds, expiresAt: this.#clock.now() + seconds * 1000 };
    this.#put(leaseKey(own), Buffer.from(JSON.stringify(lease)));
  }

  key({ key, value, revision, createRevision, lease }: SnapshotKey): void | Promise<void> {
    const place = this.#places.get(revision) ?? 0;
    if (place >= OPERATIONS_MAX) {
      throw new Error(`more than ${OPERATIONS_MAX} keys have revision ${revision}`);
    }
    this.#places.set(revision, place + 1);
    this.#keys++;
    const record = encodeRecord({
      key,
      revision,
      place,
      createRevision,
      deleted: false,
      lease: lease === undefined ? 0 : (this.#leases.get(lease) ?? 0),
      valueBytes: value.length,
    });
    this.#put(record, sealValue(record, value));
    return this.#bytes < BATCH_BYTES ? undefined : this.#flush();
  }

  async finish(revision: number): Promise<void> {
    this.#put(COMPACT_KEY, Buffer.from(JSON.stringify({ revision, keys: this.#keys })));
    this.#put(FORMAT_KEY, Buffer.from(JSON.stringify({ format: FORMAT })));
    await this.#flush();
  }

  #put(key: string, value: Buffer): void {
    this.#rows.push({ type: "put", key, value });
    this.#bytes += key.length + value.length;
  }

  async #flush(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    this.#bytes = 0;
    await this.#write(rows);
  }
}

async function refuseUsed(directory: string): Promise<void> {
  const names = await readOptional(directory);
  if (names.length === 0) return;
  throw new StorageOpenError(
    "used",
    `${directory} is not empty: a snapshot is restored into a new data directory. Choose another one, or move this one away`,
  );
}

async function removeEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") throw error;
  }
}

async function readOptional(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return [];
    throw error;
  }
}
