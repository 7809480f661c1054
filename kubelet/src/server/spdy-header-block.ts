// Header blocks of SPDY/3.1 (draft 3.1, section 2.6.10): counted name/value pairs, compressed with zlib and a fixed dictionary.
import { createInflate, type Inflate } from "node:zlib";

const DICTIONARY_WORDS =
  "options|head|post|put|delete|trace|accept|accept-charset|accept-encoding|accept-language|" +
  "accept-ranges|age|allow|authorization|cache-control|connection|content-base|content-encoding|" +
  "content-language|content-length|content-location|content-md5|content-range|content-type|date|" +
  "etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|" +
  "if-unmodified-since|last-modified|location|max-forwards|pragma|proxy-authenticate|" +
  "proxy-authorization|range|referer|retry-after|server|te|trailer|transfer-encoding|upgrade|" +
  "user-agent|vary|via|warning|www-authenticate|method|get|status|200 OK|version|HTTP/1.1|url|" +
  "public|set-cookie|keep-alive|origin";

const DICTIONARY_TEXT =
  "1001012012022052063003023033043053063074024054064074084094104114124134144154164175025045052" +
  "03 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauth" +
  "orized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unava" +
  "ilableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat," +
  " Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xm" +
  "l,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8" +
  "859-1,utf-,*,enq=0.";

function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

export const spdyDictionary = Buffer.concat([
  ...DICTIONARY_WORDS.split("|").map(lengthPrefixed),
  Buffer.from(DICTIONARY_TEXT, "latin1"),
]);

const INFLATED_BYTES_MAX = 256 * 1024;
/** The mark is a stream's, and so not in zlib's own options: a block within it is inflated in one go. */
const INFLATE_OPTIONS = {
  dictionary: spdyDictionary,
  readableHighWaterMark: INFLATED_BYTES_MAX,
};

/** Names are lower case; the first of several values counts. */
export type SpdyHeaders = Readonly<Record<string, string>>;

/** Reads the blocks of one connection: they share one zlib stream, so they have to come in order. */
export class HeaderBlockReader {
  readonly #inflate: Inflate = createInflate(INFLATE_OPTIONS).on("error", () => {
    // A malformed block: told by the read that met it. A block cut off by the end of the connection is nobody's concern.
  });

  /** Throws when the block is malformed or too large. */
  async read(block: Uint8Array): Promise<SpdyHeaders> {
    const inflate = this.#inflate;
    await new Promise<void>((resolve, reject) => {
      inflate.once("error", reject);
      inflate.write(block, (error) => {
        if (error) return reject(error);
        inflate.off("error", reject);
        resolve();
      });
    });
    const parts: Buffer[] = [];
    for (let part = inflate.read(); part !== null; part = inflate.read()) parts.push(part);
    const bytes = Buffer.concat(parts);
    if (bytes.length >= INFLATED_BYTES_MAX) throw new Error("SPDY header block is too large");
    return parse(bytes);
  }

  close(): void {
    this.#inflate.close();
  }
}

function parse(bytes: Buffer): SpdyHeaders {
  const headers: Record<string, string> = {};
  let offset = 4;
  const text = () => {
    const start = offset + 4;
    offset = start + bytes.readUInt32BE(offset);
    if (offset > bytes.length) throw new Error("SPDY header block is cut off");
    return bytes.toString("utf8", start, offset);
  };
  for (let count = bytes.readUInt32BE(0); count > 0; count--) {
    const name = text();
    const value = text();
    headers[name.toLowerCase()] = value.split("\0")[0] ?? "";
  }
  return headers;
}

/** An empty stored block: where a reader hands out what it has (Go's does not before). */
const SYNC_FLUSH = Buffer.from([0, 0, 0, 0xff, 0xff]);

/** Writes the blocks of one connection. They are tiny, so they go as zlib's stored blocks: same stream, nothing to compress. */
export class HeaderBlockWriter {
  #isFirst = true;

  write(headers: SpdyHeaders): Buffer {
    const pairs = Object.entries(headers);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(pairs.length);
    const body = Buffer.concat([count, ...pairs.flat().map(lengthPrefixed)]);
    const stored = Buffer.alloc(5); // type 0, not the last; length and its complement
    stored.writeUInt16LE(body.length, 1);
    stored.writeUInt16LE(~body.length & 0xffff, 3);
    const head = this.#isFirst ? [Buffer.from([0x78, 0x01])] : [];
    this.#isFirst = false;
    return Buffer.concat([...head, stored, body, SYNC_FLUSH]);
  }
}
