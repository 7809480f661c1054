// Values of versions, from disk: one, some by their keys, or many by reading through the records in their order.
import type { KeyValue } from "../storage.ts";
import type { Database } from "./open-directory.ts";
import { encodeRecord, recordsFrom, unsealValue } from "./record.ts";
import type { Version } from "./version-index.ts";

export function encodeVersion(version: Version): string {
  const { entry, revision, place, createRevision, deleted, lease, valueBytes } = version;
  const { key } = entry;
  return encodeRecord({ key, revision, place, createRevision, deleted, lease, valueBytes });
}

/** Synchronous: nothing can be compacted away in between. Errors: what the disk says. */
export function readVersion(database: Database, version: Version): KeyValue {
  const record = encodeVersion(version);
  return keyValue(version, record, database.getSync(record) ?? damaged(version));
}

/** undefined = at least one value is no longer there. Errors: what the disk says. */
export async function readVersions(
  database: Database,
  versions: readonly Version[],
): Promise<KeyValue[] | undefined> {
  if (versions.length === 0) return [];
  const records = versions.map(encodeVersion);
  const values = await database.getMany(records, { fillCache: false });
  const items: KeyValue[] = [];
  for (let i = 0; i < versions.length; i++) {
    const value = values[i];
    if (value === undefined) return undefined;
    items.push(keyValue(versions[i] as Version, records[i] as string, value));
  }
  return items;
}

const SCAN_ROWS = 1000;
const SCAN_BYTES = 4 << 20;
/** So that many small values are many too. */
const ROW_BYTES = 1000;
/** Reading past this many other records costs as much as looking one up. */
const ROWS_PER_LOOKUP = 8;

/** In the order of revisions. false = at least one value is no longer there. Errors: what the disk says. */
export async function visitVersions(
  database: Database,
  versions: Version[],
  storedVersions: number,
  visit: (items: readonly KeyValue[]) => void,
): Promise<boolean> {
  versions.sort((a, b) => a.revision - b.revision || a.place - b.place);
  if (versions.length * ROWS_PER_LOOKUP > storedVersions) {
    return await visitBetween(database, versions, visit);
  }
  for (let from = 0; from < versions.length; ) {
    let to = from;
    for (let bytes = 0; to < versions.length && bytes < SCAN_BYTES; to++) {
      bytes += (versions[to] as Version).valueBytes + ROW_BYTES;
    }
    const items = await readVersions(database, versions.slice(from, to));
    if (items === undefined) return false;
    visit(items);
    from = to;
  }
  return true;
}

async function visitBetween(
  database: Database,
  versions: readonly Version[],
  visit: (items: readonly KeyValue[]) => void,
): Promise<boolean> {
  const first = versions[0];
  const last = versions[versions.length - 1];
  if (first === undefined || last === undefined) return true;
  const range = { gte: encodeVersion(first), lt: recordsFrom(last.revision + 1) };
  const rows = database.iterator({ ...range, highWaterMarkBytes: SCAN_BYTES } as typeof range);
  let wanted = 0;
  let wantedKey = encodeVersion(first);
  try {
    for await (const batch of batchesAhead(rows)) {
      const items: KeyValue[] = [];
      for (const [key, value] of batch) {
        if (key !== wantedKey) continue;
        items.push(keyValue(versions[wanted++] as Version, key, value));
        const next = versions[wanted];
        wantedKey = next === undefined ? "" : encodeVersion(next);
      }
      visit(items);
    }
  } finally {
    await rows.close();
  }
  return wanted === versions.length;
}

/** Reads the next batch while the caller works on this one. */
export async function* batchesAhead<T>(rows: {
  nextv(size: number): Promise<T[]>;
}): AsyncIterable<T[]> {
  let ahead = rows.nextv(SCAN_ROWS);
  for (;;) {
    const batch = await ahead;
    if (batch.length === 0) return;
    ahead = rows.nextv(SCAN_ROWS);
    ahead.catch(() => undefined); // awaited by the next round, unless the caller leaves early
    yield batch;
  }
}

function keyValue(version: Version, record: string, stored: Buffer): KeyValue {
  const value = unsealValue(record, stored, version.valueBytes) ?? damaged(version);
  const { entry, revision, createRevision, lease } = version;
  const keyValue: KeyValue = { key: entry.key, value, revision, createRevision };
  if (lease !== 0) keyValue.lease = lease;
  return keyValue;
}

function damaged(version: Version): never {
  throw new Error(
    `the store is damaged: the value of ${version.entry.key} at revision ${version.revision} is not as it was written`,
  );
}
