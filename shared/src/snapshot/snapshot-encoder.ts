// Makes the bytes of a snapshot, piece by piece: header(), then leases and keys, then end().
import { createHash, type Hash } from "node:crypto";
import {
  END,
  END_HEAD_BYTES,
  FORMAT,
  KEY,
  KEY_HEAD_BYTES,
  LEASE,
  LEASE_BYTES,
  MAGIC,
  type SnapshotHeader,
  type SnapshotKey,
  type SnapshotLease,
} from "./snapshot-format.ts";

export class SnapshotEncoder {
  readonly #hash: Hash = createHash("sha256");
  #keys = 0;
  #leases = 0;

  header({ revision, savedAt }: SnapshotHeader): Buffer {
    return this.#hashed(
      Buffer.from(`${MAGIC}${FORMAT}\n${JSON.stringify({ revision, savedAt })}\n`),
    );
  }

  lease({ id, seconds }: SnapshotLease): Buffer {
    this.#leases++;
    const bytes = Buffer.alloc(LEASE_BYTES);
    bytes[0] = LEASE;
    bytes.writeBigUInt64BE(BigInt(id), 1);
    bytes.writeBigUInt64BE(BigInt(seconds), 9);
    return this.#hashed(bytes);
  }

  key({ key, value, revision, createRevision, lease = 0 }: SnapshotKey): Buffer {
    this.#keys++;
    const keyBytes = Buffer.byteLength(key);
    const bytes = Buffer.allocUnsafe(KEY_HEAD_BYTES + keyBytes + value.length);
    bytes[0] = KEY;
    bytes.writeBigUInt64BE(BigInt(revision), 1);
    bytes.writeBigUInt64BE(BigInt(createRevision), 9);
    bytes.writeBigUInt64BE(BigInt(lease), 17);
    bytes.writeUInt32BE(keyBytes, 25);
    bytes.writeUInt32BE(value.length, 29);
    bytes.write(key, KEY_HEAD_BYTES);
    value.copy(bytes, KEY_HEAD_BYTES + keyBytes);
    return this.#hashed(bytes);
  }

  end(): Buffer {
    const bytes = Buffer.alloc(END_HEAD_BYTES);
    bytes[0] = END;
    bytes.writeBigUInt64BE(BigInt(this.#keys), 1);
    bytes.writeBigUInt64BE(BigInt(this.#leases), 9);
    return Buffer.concat([this.#hashed(bytes), this.#hash.digest()]);
  }

  #hashed(bytes: Buffer): Buffer {
    this.#hash.update(bytes);
    return bytes;
  }
}
