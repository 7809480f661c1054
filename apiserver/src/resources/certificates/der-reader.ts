// Just enough DER (X.690) to read a certificate signing request; node:crypto parses certificates only.

export interface DerValue {
  /** The identifier octet: class, constructed bit and tag. */
  tag: number;
  content: Buffer;
  /** With identifier and length. */
  whole: Buffer;
}

export const DER = {
  integer: 0x02,
  bitString: 0x03,
  objectIdentifier: 0x06,
  sequence: 0x30,
  set: 0x31,
} as const;

/** With the words of Go's encoding/asn1. */
export class DerError extends Error {
  override name = "DerError";
}

/** The value at `offset`; `judgeTag` sees its tag and length before its content is looked for. Throws DerError. */
export function readDer(
  bytes: Buffer,
  offset = 0,
  judgeTag?: (tag: number, length: number) => void,
): DerValue {
  const tag = bytes[offset];
  let length = bytes[offset + 1];
  if (tag === undefined) throw new DerError("asn1: syntax error: sequence truncated");
  if (length === undefined) {
    throw new DerError("asn1: syntax error: truncated tag or length");
  }
  let start = offset + 2;
  if (length >= 0x80) {
    const size = length & 0x7f;
    if (size === 0) throw new DerError("asn1: syntax error: indefinite length found (not DER)");
    if (size > 4 || start + size > bytes.length) {
      throw new DerError("asn1: syntax error: truncated tag or length");
    }
    length = bytes.readUIntBE(start, size);
    start += size;
  }
  judgeTag?.(tag, length);
  const end = start + length;
  if (end > bytes.length) throw new DerError("asn1: syntax error: data truncated");
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(offset, end) };
}

/** The values inside a sequence or set. Throws DerError. */
export function readAll(content: Buffer): DerValue[] {
  const values: DerValue[] = [];
  for (let offset = 0; offset < content.length; ) {
    const value = readDer(content, offset);
    values.push(value);
    offset += value.whole.length;
  }
  return values;
}

/** `1.2.840.113549.1.1.11` */
export function readObjectIdentifier(content: Buffer): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    if (arcs.length === 0) {
      const first = Math.min(Math.floor(arc / 40), 2);
      arcs.push(first, arc - first * 40);
    } else arcs.push(arc);
    arc = 0;
  }
  return arcs.join(".");
}
