// For this folder's tests: a SPDY client as kubectl's, with compressed headers. Its frames are put together here, not by the code
// under test.
import type { Duplex } from "node:stream";
import { constants, createDeflate } from "node:zlib";
import { spdyDictionary } from "./spdy-header-block.ts";

export class TestStream {
  readonly id: number;
  readonly #received: Buffer[] = [];
  isReplied = false;
  isReset = false;
  isEnded = false;

  constructor(id: number) {
    this.id = id;
  }

  get text(): string {
    return Buffer.concat(this.#received).toString();
  }

  get byteCount(): number {
    return this.#received.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  take(payload: Buffer, isLast: boolean): void {
    this.#received.push(payload);
    this.isEnded ||= isLast;
  }
}

export class SpdyTestClient {
  readonly socket: Duplex;
  readonly closed: Promise<void>;
  readonly pings: number[] = [];
  isGoneAway = false;
  readonly #streams = new Map<number, TestStream>();
  readonly #deflate = createDeflate({ dictionary: spdyDictionary });
  #nextId = 1;
  #held: Buffer = Buffer.alloc(0);

  constructor(socket: Duplex) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("end", () => socket.end());
    socket.on("error", () => socket.destroy());
    this.closed = new Promise((resolve) => socket.on("close", () => resolve()));
  }

  /** Sends SYN_STREAM; does not wait for the reply. */
  async open(headers: Record<string, string>): Promise<TestStream> {
    const stream = new TestStream(this.#nextId);
    this.#nextId += 2;
    this.#streams.set(stream.id, stream);
    const pairs = Object.entries(headers).flat();
    const block = Buffer.concat([word(pairs.length / 2), ...pairs.map(counted)]);
    const compressed = await this.#compress(block);
    this.control(1, Buffer.concat([word(stream.id), word(0), Buffer.alloc(2), compressed]));
    return stream;
  }

  /** The streams of a command, in kubectl's order. */
  async command(...kinds: string[]): Promise<Record<string, TestStream>> {
    const streams: Record<string, TestStream> = {};
    for (const kind of kinds) streams[kind] = await this.open({ Streamtype: kind });
    return streams;
  }

  send(stream: TestStream, data: string | Buffer, isLast = false): boolean {
    const payload = Buffer.from(data);
    const head = Buffer.concat([word(stream.id), word(payload.length)]);
    head[4] = isLast ? 1 : 0;
    return this.socket.write(Buffer.concat([head, payload]));
  }

  control(type: number, payload: Buffer): void {
    const head = Buffer.concat([Buffer.from([0x80, 3, 0, type]), word(payload.length)]);
    this.socket.write(Buffer.concat([head, payload]));
  }

  #compress(block: Buffer): Promise<Buffer> {
    return new Promise((resolve) => {
      this.#deflate.write(block);
      this.#deflate.flush(constants.Z_SYNC_FLUSH, () => resolve(this.#deflate.read() as Buffer));
    });
  }

  #read(chunk: Buffer): void {
    this.#held = Buffer.concat([this.#held, chunk]);
    while (this.#held.length >= 8) {
      const length = 8 + this.#held.readUIntBE(5, 3);
      if (this.#held.length < length) return;
      this.#frame(this.#held.subarray(0, length));
      this.#held = this.#held.subarray(length);
    }
  }

  #frame(frame: Buffer): void {
    const first = frame.readUInt32BE(0);
    const payload = frame.subarray(8);
    if (first < 0x80000000) {
      this.#streams.get(first)?.take(payload, frame[4] === 1);
      return;
    }
    const type = first & 0xffff;
    if (type === 6) this.pings.push(payload.readUInt32BE(0));
    if (type === 7) this.isGoneAway = true;
    const stream = this.#streams.get(payload.readUInt32BE(0));
    if (type === 2 && stream) stream.isReplied = true;
    if (type === 3 && stream) stream.isReset = true;
  }
}

export function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const counted = (text: string): Buffer =>
  Buffer.concat([word(Buffer.byteLength(text)), Buffer.from(text)]);
