// Reads a snapshot and checks it on the way. What it gives is only to be trusted once the end has been read.
import { createHash, type Hash } from "node:crypto";
import {
  DIGEST_BYTES,
  END,
  END_HEAD_BYTES,
  FORMAT,
  KEY,
  KEY_BYTES_MAX,
  KEY_HEAD_BYTES,
  LEASE,
  LEASE_BYTES,
  LINE_BYTES_MAX,
  MAGIC,
  SnapshotError,
  type SnapshotHeader,
  type SnapshotKey,
  type SnapshotLease,
  VALUE_BYTES_MAX,
} from "./snapshot-format.ts";

export interface SnapshotVisitor {
  header?(header: SnapshotHeader): void;
  /** Awaited: the file is read as fast as this takes it. */
  lease?(lease: SnapshotLease): void | Promise<void>;
  key?(key: SnapshotKey): void | Promise<void>;
}

export interface SnapshotSummary extends SnapshotHeader {
  keys: number;
  leases: number;
  bytes: number;
  /** SHA-256 in hexadecimal. */
  digest: string;
}

/** Resolves when all is read and the checksum is right. Errors: SnapshotError, and what `chunks` and `visitor` throw. */
export async function readSnapshot(
  chunks: AsyncIterable<Buffer>,
  visitor: SnapshotVisitor = {},
): Promise<SnapshotSummary> {
  const source = new ByteSource(chunks);
  const header = await readHeader(source);
  visitor.header?.(header);
  let keys = 0;
  let leases = 0;
  for (;;) {
    const [letter] = source.buffered(1) ?? (await source.peek(1, entryName(keys)));
    if (letter === KEY) {
      const key = await readKey(source, keys++);
      const taken = visitor.key?.(key);
      if (taken !== undefined) await taken;
    } else if (letter === LEASE) {
      leases++;
      const bytes = await source.take(LEASE_BYTES, entryName(keys));
      await visitor.lease?.({ id: number(bytes, 1), seconds: number(bytes, 9) });
    } else if (letter === END) {
      const digest = await readEnd(source, keys, leases);
      return { ...header, keys, leases, bytes: source.position, digest };
    } else {
      throw new SnapshotError(
        `the snapshot is damaged: at byte ${source.position}, after ${keys} keys, there is no entry`,
      );
    }
  }
}

async function readHeader(source: ByteSource): Promise<SnapshotHeader> {
  const first = await source.line();
  if (first === undefined || !first.startsWith(MAGIC)) {
    throw new SnapshotError("this file is no snapshot: it does not begin as one");
  }
  const format = Number(first.slice(MAGIC.length));
  if (format !== FORMAT) {
    throw new SnapshotError(
      `the snapshot has format ${first.slice(MAGIC.length)}; this version reads format ${FORMAT}`,
    );
  }
  const second = await source.line();
  if (second === undefined) throw new SnapshotError("the snapshot is cut off in its header");
  try {
    const { revision, savedAt } = JSON.parse(second) as SnapshotHeader;
    if (Number.isSafeInteger(revision) && revision > 0) return { revision, savedAt };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new SnapshotError("the snapshot is damaged: its header cannot be read");
}

async function readKey(source: ByteSource, keysBefore: number): Promise<SnapshotKey> {
  const at = entryName(keysBefore);
  const head = source.buffered(KEY_HEAD_BYTES) ?? (await source.peek(KEY_HEAD_BYTES, at));
  const revision = number(head, 1);
  const createRevision = number(head, 9);
  const lease = number(head, 17);
  const keyBytes = head.readUInt32BE(25);
  const valueBytes = head.readUInt32BE(29);
  if (keyBytes > KEY_BYTES_MAX || valueBytes > VALUE_BYTES_MAX) {
    throw new SnapshotError(
      `the snapshot is damaged: at byte ${source.position}, after ${keysBefore} keys, there is an entry of impossible size`,
    );
  }
  const bytes = await source.take(KEY_HEAD_BYTES + keyBytes + valueBytes, at);
  const key = bytes.toString("utf8", KEY_HEAD_BYTES, KEY_HEAD_BYTES + keyBytes);
  const value = bytes.subarray(KEY_HEAD_BYTES + keyBytes);
  const found: SnapshotKey = { key, value, revision, createRevision };
  if (lease !== 0) found.lease = lease;
  return found;
}

async function readEnd(source: ByteSource, keys: number, leases: number): Promise<string> {
  const bytes = await source.take(END_HEAD_BYTES, entryName(keys));
  const computed = source.digest();
  const stored = await source.take(DIGEST_BYTES, "in its checksum");
  if (!stored.equals(computed)) {
    throw new SnapshotError("the snapshot is damaged: its checksum is not that of its contents");
  }
  if (number(bytes, 1) !== keys || number(bytes, 9) !== leases) {
    throw new SnapshotError("the snapshot is damaged: it does not hold as many keys as it says");
  }
  if (!(await source.ended())) {
    throw new SnapshotError("the snapshot is damaged: there is something behind its end");
  }
  return computed.toString("hex");
}

const entryName = (keys: number): string => `after ${keys} keys`;

function number(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64BE(at));
}

const LINE_FEED = 0x0a;

/** Bytes in pieces as the format has them, out of chunks as they come. */
class ByteSource {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #hash: Hash = createHash("sha256");
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  position = 0;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next bytes, if they are here; not taken. */
  buffered(count: number): Buffer | undefined {
    const end = this.#start + count;
    return end <= this.#bytes.length ? this.#bytes.subarray(this.#start, end) : undefined;
  }

  /** The next bytes, not taken. `where` is for the error. */
  async peek(count: number, where: string): Promise<Buffer> {
    const waiting: Buffer[] = [this.#bytes.subarray(this.#start)];
    let have = this.#bytes.length - this.#start;
    while (have < count) {
      const { done, value } = await this.#chunks.next();
      if (done) {
        throw new SnapshotError(
          `the snapshot is cut off: it ends at byte ${this.position + have}, ${where}, without its end`,
        );
      }
      waiting.push(value);
      have += value.length;
    }
    if (waiting.length > 1) {
      this.#bytes = Buffer.concat(waiting);
      this.#start = 0;
    }
    return this.#bytes.subarray(this.#start, this.#start + count);
  }

  async take(count: number, where: string): Promise<Buffer> {
    const bytes = this.buffered(count) ?? (await this.peek(count, where));
    this.#start += count;
    this.position += count;
    this.#hash.update(bytes);
    return bytes;
  }

  /** Up to a line feed, which is taken too; undefined = there is none. */
  async line(): Promise<string | undefined> {
    for (let count = 1; count <= LINE_BYTES_MAX; count++) {
      const bytes = this.buffered(count) ?? (await this.#peekOptional(count));
      if (bytes === undefined) return undefined;
      if (bytes[count - 1] !== LINE_FEED) continue;
      return (await this.take(count, "in a line")).toString("utf8", 0, count - 1);
    }
    return undefined;
  }

  async ended(): Promise<boolean> {
    return (await this.#peekOptional(1)) === undefined;
  }

  /** Of all that was taken. */
  digest(): Buffer {
    return this.#hash.copy().digest();
  }

  async #peekOptional(count: number): Promise<Buffer | undefined> {
    try {
      return await this.peek(count, "");
    } catch (error) {
      if (error instanceof SnapshotError) return undefined;
      throw error;
    }
  }
}
