// The little of RFC 6455 that a client of the kubelet's port-forward needs: binary messages, pings, the end.

const BINARY = 0x2;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;
const FINAL = 0x80;
const MASKED = 0x80;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const NO_MASK = Buffer.alloc(4);

/** A client's frame has to be masked. By nothing: masks are to confuse what looks into a connection, and this is TLS. */
function frame(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const extended = length < LENGTH_16 ? 0 : length < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + extended);
  head[0] = FINAL | opcode;
  if (extended === 0) head[1] = MASKED | length;
  else if (extended === 2) {
    head[1] = MASKED | LENGTH_16;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = MASKED | LENGTH_64;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, NO_MASK, payload]);
}

export const binaryFrame = (payload: Uint8Array): Buffer => frame(BINARY, payload);
export const closeFrame = (): Buffer => frame(CLOSE, Buffer.from([0x03, 0xe8])); // 1000: done

export interface FrameHandlers {
  message(payload: Buffer): void;
  /** To be sent. */
  answer(bytes: Buffer): void;
  end(): void;
}

/** Takes a server's bytes as they come. */
export class FrameReader {
  readonly #handlers: FrameHandlers;
  #rest: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];

  constructor(handlers: FrameHandlers) {
    this.#handlers = handlers;
  }

  push(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const size = this.#frameSize();
      if (size === undefined || this.#rest.length < size.head + size.payload) return;
      const first = this.#rest[0] as number;
      const payload = this.#rest.subarray(size.head, size.head + size.payload);
      this.#rest = this.#rest.subarray(size.head + size.payload);
      this.#take(first, payload);
    }
  }

  /** Undefined when the head is not all there. */
  #frameSize(): { head: number; payload: number } | undefined {
    const short = (this.#rest[1] ?? 0) & 0x7f;
    const head = short === LENGTH_64 ? 10 : short === LENGTH_16 ? 4 : 2;
    if (this.#rest.length < head) return undefined;
    if (head === 2) return { head, payload: short };
    if (head === 4) return { head, payload: this.#rest.readUInt16BE(2) };
    return { head, payload: Number(this.#rest.readBigUInt64BE(2)) };
  }

  #take(first: number, payload: Buffer): void {
    const opcode = first & 0xf;
    if (opcode === CLOSE) this.#handlers.end();
    else if (opcode === PING) this.#handlers.answer(frame(PONG, payload));
    else if (opcode !== PONG) {
      this.#parts.push(payload);
      if ((first & FINAL) === 0) return;
      const message = this.#parts.length === 1 ? payload : Buffer.concat(this.#parts);
      this.#parts = [];
      this.#handlers.message(message);
    }
  }
}
