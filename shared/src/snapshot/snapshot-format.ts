// The file of a snapshot: everything that a store holds at one revision, whatever the engine.
//   coracle-snapshot 1\n                         what it is, and the version of this format
//   {"revision":…,"savedAt":"…"}\n               SnapshotHeader
//   then one entry after the other, all numbers big-endian:
//   L <lease u64> <seconds u64>                  a lease, before the first key that names it, and how long it still had
//   K <revision u64> <created u64> <lease u64> <key's length u32> <value's length u32> <key> <value>    in the order of keys
//   E <keys u64> <leases u64> <SHA-256 of all before, the E and its numbers included>                   the end, and nothing after it
// A file that does not end so is not whole, and is refused.

export const FORMAT = 1;
export const MAGIC = "coracle-snapshot ";
export const LEASE = 0x4c;
export const KEY = 0x4b;
export const END = 0x45;
/** Bytes of an entry's numbers, its letter included. */
export const LEASE_BYTES = 17;
export const KEY_HEAD_BYTES = 33;
export const END_HEAD_BYTES = 17;
export const DIGEST_BYTES = 32;
/** Beyond what any store takes: a greater length is damage. */
export const KEY_BYTES_MAX = 64 << 10;
export const VALUE_BYTES_MAX = 256 << 20;
export const LINE_BYTES_MAX = 64 << 10;

export interface SnapshotHeader {
  /** The store's revision that the snapshot shows. */
  revision: number;
  /** RFC 3339. */
  savedAt: string;
}

export interface SnapshotKey {
  key: string;
  value: Buffer;
  /** Of its last write. */
  revision: number;
  createRevision: number;
  /** Absent = none. */
  lease?: number;
}

export interface SnapshotLease {
  id: number;
  seconds: number;
}

/** The file is not a snapshot, not whole, or damaged; the message says which. */
export class SnapshotError extends Error {
  override readonly name = "SnapshotError";
}
