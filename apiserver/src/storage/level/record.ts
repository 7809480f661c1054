// How the store looks in LevelDB. One record a version, its value stored once and never moved:
//   r<revision hex14><place hex2><p|d><created>.<lease>.<value's length>:<key> → the value and its checksum (nothing for "d", a deletion)
//   m.compact → {"revision":…,"keys":…}    how far history is forgotten, and how many keys were alive then
//   m.format  → {"format":2}
//   e<lease>  → {"ttlSeconds":…,"expiresAt":…}
// Records sort by revision, so new files never overlap old ones (LevelDB then compacts next to nothing), and all but the value is in
// the key, so that opening the store reads no values. The checksum, CRC-32 in 4 bytes, is of the record's key and its value: LevelDB
// has checksums of its blocks, but this binding reads without looking at them.
// Format 1 had no checksums. migrations.ts brings older formats to this one.
import { crc32 } from "node:zlib";

export const FORMAT = 2;
/** At the end of each stored value. */
export const CHECKSUM_BYTES = 4;
export const COMPACT_KEY = "m.compact";
export const FORMAT_KEY = "m.format";
export const RECORDS_START = "r";
export const RECORDS_END = "s";
export const LEASES_START = "e";
export const LEASES_END = "f";
/** Operations of one transaction; the place has two digits. etcd allows 128. */
export const OPERATIONS_MAX = 256;

export interface RecordFacts {
  key: string;
  revision: number;
  /** Its place in its transaction. */
  place: number;
  createRevision: number;
  deleted: boolean;
  /** 0 = none. */
  lease: number;
  valueBytes: number;
}

/** Where the records of `revision` begin. */
export function recordsFrom(revision: number): string {
  return `r${revision.toString(16).padStart(14, "0")}`;
}

export function encodeRecord(facts: RecordFacts): string {
  const { revision, place, createRevision, lease, valueBytes, key } = facts;
  const kind = facts.deleted ? "d" : "p";
  const at = `${recordsFrom(revision)}${place.toString(16).padStart(2, "0")}${kind}`;
  const numbers = `${createRevision.toString(36)}.${lease.toString(36)}.${valueBytes.toString(36)}`;
  return `${at}${numbers}:${key}`;
}

/** undefined = not a record that this format knows. */
export function decodeRecord(text: string): RecordFacts | undefined {
  const colon = text.indexOf(":", 18);
  const kind = text[17];
  if (text[0] !== "r" || colon < 0 || (kind !== "p" && kind !== "d")) return undefined;
  const revision = Number.parseInt(text.slice(1, 15), 16);
  const place = Number.parseInt(text.slice(15, 17), 16);
  const numbers = text.slice(18, colon).split(".");
  const createRevision = Number.parseInt(numbers[0] ?? "", 36);
  const lease = Number.parseInt(numbers[1] ?? "", 36);
  const valueBytes = Number.parseInt(numbers[2] ?? "", 36);
  if (Number.isNaN(revision + place + createRevision + lease + valueBytes)) return undefined;
  // Copied, because a slice would keep the whole record's key alive for as long as the key lives.
  const key = Buffer.from(text.slice(colon + 1)).toString();
  return { key, revision, place, createRevision, deleted: kind === "d", lease, valueBytes };
}

/** A put's value as it is stored. `record`: as encodeRecord gave it. */
export function sealValue(record: string, value: Buffer): Buffer {
  const sealed = Buffer.allocUnsafe(value.length + CHECKSUM_BYTES);
  value.copy(sealed);
  sealed.writeUInt32LE(crc32(value, crc32(record)), value.length);
  return sealed;
}

/** undefined = it is not as it was written. */
export function unsealValue(
  record: string,
  sealed: Buffer,
  valueBytes: number,
): Buffer | undefined {
  if (sealed.length !== valueBytes + CHECKSUM_BYTES) return undefined;
  const value = sealed.subarray(0, valueBytes);
  return sealed.readUInt32LE(valueBytes) === crc32(value, crc32(record)) ? value : undefined;
}

export function leaseKey(id: number): string {
  return `e${id}`;
}
