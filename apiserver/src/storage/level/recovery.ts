// Rebuilds the index from the records and checks on the way that nothing is missing and nothing contradicts: above the compact
// revision every revision must be there and continue what its key was; up to it, exactly the keys that were alive. Compaction does
// not sync, and LevelDB may keep a later step of it though a power failure took an earlier one: so up to the compact revision
// there may be versions that were compacted away. They go again.
import { StorageOpenError } from "../storage.ts";
import { ensureFormat, type FormatOptions } from "./format.ts";
import { type Database, type Row, writeRows } from "./open-directory.ts";
import {
  COMPACT_KEY,
  decodeRecord,
  LEASES_END,
  LEASES_START,
  RECORDS_END,
  RECORDS_START,
  type RecordFacts,
} from "./record.ts";
import { type Version, VersionIndex } from "./version-index.ts";
import { batchesAhead, encodeVersion } from "./version-reader.ts";

export interface Recovered {
  index: VersionIndex;
  leases: [string, Buffer][];
}

/** Errors: StorageOpenError. `floor`: a revision that the store had certainly reached. */
export async function recover(
  database: Database,
  directory: string,
  floor: number,
  format: FormatOptions = {},
): Promise<Recovered> {
  const refuse: Refuse = (detail) => {
    throw new StorageOpenError(
      "corrupt",
      `the store in ${directory} is damaged or incomplete: ${detail}. Restore a snapshot, or move the directory away to start empty`,
    );
  };
  await ensureFormat(database, directory, format);
  const index = new VersionIndex();
  const compacted = await readCompacted(database, refuse);
  index.startAt(compacted.revision);
  const returned: Row[] = [];
  await readRecords(database, index, returned, refuse);
  if (index.keysAtCompact !== compacted.keys) {
    refuse(
      `at revision ${compacted.revision} it had ${compacted.keys} keys, but ${index.keysAtCompact} are there`,
    );
  }
  if (index.revision < floor) {
    refuse(`it had reached revision ${floor}, but its records end at ${index.revision}`);
  }
  if (returned.length > 0) await writeRows(database, returned, false);
  const leases = await database.iterator({ gte: LEASES_START, lt: LEASES_END }).all();
  return { index, leases };
}

type Refuse = (detail: string) => never;

/** `returned` gets the deletion of what was compacted away before. */
async function readRecords(
  database: Database,
  index: VersionIndex,
  returned: Row[],
  refuse: Refuse,
): Promise<void> {
  const range = { gte: RECORDS_START, lt: RECORDS_END, highWaterMarkBytes: 1 << 20 };
  const keys = database.keys(range);
  try {
    for await (const rows of batchesAhead(keys)) {
      for (const row of rows) {
        const facts = decodeRecord(row);
        if (facts === undefined)
          return refuse(`the record ${JSON.stringify(row)} has no known form`);
        checkRecord(index, facts, refuse);
        if (facts.revision > index.compactRevision) index.append(facts);
        else dropReturned(row, index.appendCompacted(facts), facts, returned);
      }
    }
  } finally {
    await keys.close();
  }
}

function dropReturned(
  row: string,
  replaced: Version | undefined,
  { deleted }: RecordFacts,
  returned: Row[],
): void {
  if (replaced !== undefined) returned.push({ type: "del", key: encodeVersion(replaced) });
  if (deleted) returned.push({ type: "del", key: row });
}

async function readCompacted(
  database: Database,
  refuse: Refuse,
): Promise<{ revision: number; keys: number }> {
  const stored = await database.get(COMPACT_KEY);
  if (stored === undefined) return { revision: 1, keys: 0 };
  const compacted = JSON.parse(stored.toString()) as { revision: number; keys: number };
  const whole = Number.isSafeInteger(compacted.revision) && Number.isSafeInteger(compacted.keys);
  return whole ? compacted : refuse("its compaction record cannot be read");
}

function checkRecord(index: VersionIndex, facts: RecordFacts, refuse: Refuse): void {
  const { key, revision, createRevision, deleted } = facts;
  const head = index.head(key);
  const alive = head !== undefined && !head.deleted;
  if (revision > index.compactRevision) {
    const next = facts.place === 0 ? index.revision + 1 : index.revision;
    if (revision !== next) refuse(`revision ${next} is missing before ${revision}`);
    const created = createRevision === revision && !deleted;
    const fits = created ? !alive : alive && head.createRevision === createRevision;
    if (!fits) refuse(`revision ${revision} of ${key} does not continue what was there before`);
  } else if (createRevision > revision) {
    refuse(`revision ${revision} of ${key} is older than its creation`);
  }
}
