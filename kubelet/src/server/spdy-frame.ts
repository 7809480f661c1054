// Frames of SPDY/3.1 (draft 3.1, section 2.2): those that the streaming protocol uses. Others are read and skipped.

export const FLAG_FIN = 1;

export const frameTypes = { synStream: 1, synReply: 2, rstStream: 3, ping: 6, goAway: 7 } as const;

/** Of RST_STREAM. */
export const resetStatus = { protocolError: 1, refusedStream: 3, cancel: 5 } as const;

export type Frame =
  | { kind: "data"; streamId: number; isLast: boolean; payload: Buffer }
  | { kind: "control"; type: number; flags: number; payload: Buffer };

const HEAD_BYTES = 8;
const CONTROL_BYTES_MAX = 1024 * 1024;
const VERSION = 3;

/** Cuts a byte stream into frames. Throws on another version of SPDY, or a control frame beyond all measure. */
export async function* readFrames(source: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let parts: Buffer[] = [];
  let held = 0;
  let needed = HEAD_BYTES;
  for await (const part of source) {
    parts.push(part);
    held += part.length;
    if (held < needed) continue;
    let bytes = parts.length === 1 ? part : Buffer.concat(parts);
    needed = HEAD_BYTES;
    while (bytes.length >= HEAD_BYTES) {
      needed = HEAD_BYTES + bytes.readUIntBE(5, 3);
      checkHead(bytes, needed);
      if (bytes.length < needed) break;
      yield frameOf(bytes.subarray(0, needed));
      bytes = bytes.subarray(needed);
      needed = HEAD_BYTES;
    }
    parts = bytes.length === 0 ? [] : [bytes];
    held = bytes.length;
  }
}

const isControl = (bytes: Buffer): boolean => (bytes.readUInt8(0) & 0x80) !== 0;

function checkHead(bytes: Buffer, length: number): void {
  if (!isControl(bytes)) return;
  const version = bytes.readUInt16BE(0) & 0x7fff;
  if (version !== VERSION) throw new Error(`SPDY version ${version} is not supported`);
  if (length > CONTROL_BYTES_MAX) throw new Error(`SPDY control frame of ${length} bytes`);
}

function frameOf(bytes: Buffer): Frame {
  const flags = bytes.readUInt8(4);
  const payload = bytes.subarray(HEAD_BYTES);
  if (isControl(bytes)) return { kind: "control", type: bytes.readUInt16BE(2), flags, payload };
  const streamId = bytes.readUInt32BE(0);
  return { kind: "data", streamId, isLast: (flags & FLAG_FIN) !== 0, payload };
}

/** The head of a data frame; its payload follows. */
export function dataHead(streamId: number, length: number, isLast: boolean): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(streamId);
  head.writeUInt8(isLast ? FLAG_FIN : 0, 4);
  head.writeUIntBE(length, 5, 3);
  return head;
}

export function controlFrame(type: number, payload: Uint8Array, flags = 0): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt16BE(0x8000 | VERSION);
  head.writeUInt16BE(type, 2);
  head.writeUInt8(flags, 4);
  head.writeUIntBE(payload.length, 5, 3);
  return Buffer.concat([head, payload]);
}

/** A payload of 32-bit numbers. */
export function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => {
    bytes.writeUInt32BE(value, i * 4);
  });
  return bytes;
}
