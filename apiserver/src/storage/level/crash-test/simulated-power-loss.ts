// What a power failure may leave of a LevelDB directory whose process was killed: the write-ahead logs lose their ends, as far as
// they were not synced. (LevelDB syncs its tables and manifests before it counts on them, so only logs have unsynced ends. It does
// not sync a log when it begins the next one: an older log can lose its end while a newer one keeps what was synced there.)
import { readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Random } from "@coracle/shared/runtime/random";
import { decodeRecord } from "../record.ts";

/** Of LevelDB's log format. */
const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
const FULL = 1;
const FIRST = 2;
const LAST = 4;
const BATCH_HEADER_BYTES = 12;
const PUT = 1;

interface LogRecord {
  bytes: Buffer;
  /** Where it ends in the file. */
  end: number;
}

/** `synced`: the newest revision whose batch was synced. Returns how many bytes were lost. */
export async function losePower(
  directory: string,
  synced: number,
  random: Pick<Random, "integer">,
): Promise<number> {
  const location = join(directory, "level");
  let lost = 0;
  for (const name of await readdir(location)) {
    if (!name.endsWith(".log")) continue;
    const path = join(location, name);
    const file = await readFile(path);
    const kept = keptBytes(file, synced);
    const size = kept + random.integer(file.length - kept + 1);
    lost += file.length - size;
    // Some file systems know the new length before they have the data.
    if (random.integer(2) === 0) await truncate(path, size);
    else await writeFile(path, Buffer.concat([file.subarray(0, size)], file.length));
  }
  return lost;
}

/** Up to the end of the last batch that has a revision which was synced: a sync takes all that is before it along. */
function keptBytes(file: Buffer, synced: number): number {
  let kept = 0;
  for (const { bytes, end } of logRecords(file)) {
    if (revisionsOf(bytes).some((revision) => revision <= synced)) kept = end;
  }
  return kept;
}

function* logRecords(file: Buffer): Generator<LogRecord> {
  let fragments: Buffer[] = [];
  let at = 0;
  while (at + HEADER_BYTES <= file.length) {
    const leftInBlock = BLOCK_BYTES - (at % BLOCK_BYTES);
    if (leftInBlock < HEADER_BYTES) {
      at += leftInBlock;
      continue;
    }
    const length = file.readUInt16LE(at + 4);
    const type = file[at + 6] as number;
    const end = at + HEADER_BYTES + length;
    if (type === 0 || end > file.length) return; // the process died here
    if (type === FULL || type === FIRST) fragments = [];
    fragments.push(file.subarray(at + HEADER_BYTES, end));
    if (type === FULL || type === LAST) yield { bytes: Buffer.concat(fragments), end };
    at = end;
  }
}

/** Of the versions that a batch puts. */
function revisionsOf(batch: Buffer): number[] {
  const revisions: number[] = [];
  let at = BATCH_HEADER_BYTES;
  const piece = (): Buffer => {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = batch[at++] as number;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    at += length;
    return batch.subarray(at - length, at);
  };
  while (at < batch.length) {
    const isPut = batch[at++] === PUT;
    const record = decodeRecord(piece().toString());
    if (!isPut) continue;
    piece(); // the value
    if (record !== undefined) revisions.push(record.revision);
  }
  return revisions;
}
