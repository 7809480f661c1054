// Just enough DER (X.690) to write a certificate. node:crypto makes keys and signatures but no certificates, and a library
// for them costs over 100 ms at every first start, a quarter of the time that the whole cluster has.

export type Der = Buffer;

function tagged(tag: number, ...parts: readonly Buffer[]): Der {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), encodeLength(content.length), content]);
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  if (length < 0x100) return Buffer.from([0x81, length]);
  if (length < 0x10000) return Buffer.from([0x82, length >> 8, length & 0xff]);
  throw new RangeError(`${length} bytes do not fit a certificate`);
}

export const sequence = (...parts: readonly Der[]): Der => tagged(0x30, ...parts);
export const set = (...parts: readonly Der[]): Der => tagged(0x31, ...parts);
export const octetString = (content: Buffer): Der => tagged(0x04, content);
export const utf8String = (text: string): Der => tagged(0x0c, Buffer.from(text));
export const boolean = (value: boolean): Der => tagged(0x01, Buffer.from([value ? 0xff : 0]));

/** A whole number of bits when `unusedBits` is 0. */
export const bitString = (content: Buffer, unusedBits = 0): Der =>
  tagged(0x03, Buffer.from([unusedBits]), content);

/** A non-negative integer, most significant byte first. */
export function integer(bytes: Buffer): Der {
  const signed = (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
  return tagged(0x02, signed);
}

/** `[n]` around whole values (explicit) or around bare content (implicit constructed). */
export const context = (n: number, ...parts: readonly Buffer[]): Der => tagged(0xa0 | n, ...parts);
/** `[n]` in place of a primitive's own tag. */
export const contextPrimitive = (n: number, content: Buffer): Der => tagged(0x80 | n, content);

/** `1.2.840.10045.4.3.2` */
export function objectIdentifier(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return tagged(0x06, Buffer.from(bytes));
}

/** RFC 5280: UTCTime up to 2049, GeneralizedTime after. Takes `2026-01-01T00:00:00Z`. */
export function time(rfc3339: string): Der {
  const digits = rfc3339.replace(/[-:T]/g, "");
  const isShort = digits < "2050";
  return tagged(isShort ? 0x17 : 0x18, Buffer.from(isShort ? digits.slice(2) : digits, "latin1"));
}
