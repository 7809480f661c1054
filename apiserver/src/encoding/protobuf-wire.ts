// The wire format of Protocol Buffers: varints, tags and lengths. Writing goes from the end of a
// message to its start, so that a length is known when it has to be written.

/** The message is that of upstream's generated code. */
export class ProtobufError extends Error {}

export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
export const WIRE_FIXED32 = 5;

const TWO_32 = 2 ** 32;

export class Writer {
  #buffer: Buffer;
  /** Where the written part begins. */
  #at: number;

  constructor(size = 1024) {
    this.#buffer = Buffer.allocUnsafe(size);
    this.#at = size;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#buffer.length - this.#at;
  }

  finish(): Buffer {
    return this.#buffer.subarray(this.#at);
  }

  #reserve(bytes: number): void {
    if (this.#at >= bytes) return;
    const { length } = this;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, length + bytes));
    this.#buffer.copy(grown, grown.length - length, this.#at);
    this.#at = grown.length - length;
    this.#buffer = grown;
  }

  /** Any safe integer; a negative one takes ten bytes. */
  varint(value: number): void {
    if (value >= 0 && value < 128) {
      this.#reserve(1);
      this.#buffer[--this.#at] = value;
      return;
    }
    const bytes: number[] = [];
    if (value >= 0 && value < 2 ** 31) {
      let rest = value;
      for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
      bytes.push(rest);
    } else {
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
      bytes.push(Number(rest));
    }
    this.#reserve(bytes.length);
    this.#at -= bytes.length;
    this.#buffer.set(bytes, this.#at);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#at -= 8;
    this.#buffer.writeDoubleLE(value, this.#at);
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#at -= value.length;
    this.#buffer.set(value, this.#at);
  }

  /** With its length. */
  string(value: string): void {
    const length = Buffer.byteLength(value);
    this.#reserve(length);
    this.#at -= length;
    this.#buffer.write(value, this.#at, length, "utf8");
    this.varint(length);
  }
}

export class Reader {
  readonly #buffer: Buffer;
  #at: number;
  readonly #end: number;

  constructor(buffer: Buffer, start = 0, end = buffer.length) {
    this.#buffer = buffer;
    this.#at = start;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new ProtobufError("unexpected EOF");
    return this.#buffer[this.#at++] as number;
  }

  /** The two halves of an unsigned 64-bit number. */
  #halves(): { low: number; high: number } {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 64; shift += 7) {
      const byte = this.#byte();
      const part = byte & 0x7f;
      if (shift < 28) low += part * 2 ** shift;
      else if (shift === 28) {
        low += (part & 15) * 2 ** 28;
        high = part >> 4;
      } else high = (high + part * 2 ** (shift - 32)) % TWO_32;
      if (byte < 128) return { low, high };
    }
    throw new ProtobufError("proto: integer overflow");
  }

  /** A length, a tag or an unsigned number. */
  unsigned(): number {
    const byte = this.#buffer[this.#at] as number;
    if (byte < 128 && this.#at < this.#end) {
      this.#at++;
      return byte;
    }
    const { low, high } = this.#halves();
    return high * TWO_32 + low;
  }

  signed(): number {
    const { low, high } = this.#halves();
    const value = (high | 0) * TWO_32 + low;
    return Number.isSafeInteger(value)
      ? value
      : Number(BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)));
  }

  double(): number {
    if (this.#at + 8 > this.#end) throw new ProtobufError("unexpected EOF");
    this.#at += 8;
    return this.#buffer.readDoubleLE(this.#at - 8);
  }

  #span(): number {
    const length = this.unsigned();
    if (this.#at + length > this.#end) throw new ProtobufError("unexpected EOF");
    this.#at += length;
    return this.#at - length;
  }

  string(): string {
    const start = this.#span();
    return this.#buffer.toString("utf8", start, this.#at);
  }

  bytes(): Buffer {
    const start = this.#span();
    return this.#buffer.subarray(start, this.#at);
  }

  message(): Reader {
    const start = this.#span();
    return new Reader(this.#buffer, start, this.#at);
  }

  skip(wireType: number): void {
    if (wireType === WIRE_VARINT) this.#halves();
    else if (wireType === WIRE_BYTES) this.#span();
    else if (wireType === WIRE_FIXED64 || wireType === WIRE_FIXED32) {
      this.#at += wireType === WIRE_FIXED64 ? 8 : 4;
      if (this.#at > this.#end) throw new ProtobufError("unexpected EOF");
    } else throw new ProtobufError(`proto: illegal wireType ${wireType}`);
  }

  /** The next field's number and wire type, in `name`'s message. */
  field(name: string): { number: number; wireType: number } {
    const tag = this.unsigned();
    const number = Math.floor(tag / 8) & 0x7fffffff;
    const wireType = tag % 8;
    if (wireType === 4) throw new ProtobufError(`proto: ${name}: wiretype end group for non-group`);
    if (number <= 0)
      throw new ProtobufError(`proto: ${name}: illegal tag ${number} (wire type ${tag})`);
    return { number, wireType };
  }
}
