// Format 1 to 2: each value gets its checksum. The length of a stored value says whether it has one already.
import type { MigrationStep } from "./format.ts";
import type { Database, Row } from "./open-directory.ts";
import {
  CHECKSUM_BYTES,
  decodeRecord,
  RECORDS_END,
  RECORDS_START,
  sealValue,
  unsealValue,
} from "./record.ts";
import { batchesAhead } from "./version-reader.ts";

const BATCH_BYTES = 1 << 20;

export async function sealValues(
  database: Database,
  { write, refuse }: MigrationStep,
): Promise<void> {
  const range = { gte: RECORDS_START, lt: RECORDS_END, highWaterMarkBytes: BATCH_BYTES };
  const records = database.iterator(range);
  let rows: Row[] = [];
  let bytes = 0;
  try {
    for await (const batch of batchesAhead(records)) {
      for (const [record, stored] of batch) {
        const value = sealedNow(record, stored, refuse);
        if (value === undefined) continue;
        rows.push({ type: "put", key: record, value });
        bytes += record.length + value.length;
        if (bytes < BATCH_BYTES) continue;
        await write(rows);
        rows = [];
        bytes = 0;
      }
    }
  } finally {
    await records.close();
  }
  if (rows.length > 0) await write(rows);
}

/** undefined = nothing is to be done. */
function sealedNow(
  record: string,
  stored: Buffer,
  refuse: MigrationStep["refuse"],
): Buffer | undefined {
  const facts = decodeRecord(record);
  if (facts === undefined || facts.deleted) return undefined; // recovery refuses what has no known form
  const { valueBytes, revision, key } = facts;
  if (stored.length === valueBytes) return sealValue(record, stored);
  if (stored.length === valueBytes + CHECKSUM_BYTES) {
    if (unsealValue(record, stored, valueBytes) !== undefined) return undefined;
  }
  return refuse(`the value of ${key} at revision ${revision} is not as it was written`);
}
