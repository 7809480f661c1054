// Reads one HTTP/1.1 response off the bytes of a connection (RFC 9112).

export interface ResponseSink {
  /** `head`: status line and header lines, each but the last ended by CRLF. */
  onHead(status: number, head: string): void;
  onBody(chunk: Buffer): void;
  onEnd(): void;
}

/** What arrived is no HTTP/1.1 response. */
export class ResponseError extends Error {
  readonly code = "EPROTO";

  constructor(message: string) {
    super(message);
    this.name = "ResponseError";
  }
}

const HEAD_BYTES_MAX = 256 * 1024;
const LINE_BYTES_MAX = 16 * 1024;
const LINE_END = "\r\n";
const HEAD_END = "\r\n\r\n";
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: |$|\r)/;
const CHUNK_SIZE = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i;

type State = "head" | "length" | "chunk size" | "chunk" | "chunk end" | "trailer" | "close" | "end";

export class ResponseParser {
  readonly #sink: ResponseSink;
  readonly #hasBody: boolean;
  #state: State = "head";
  /** Bytes of the body, or of its present chunk, that are still to come. */
  #left = 0;
  /** The beginning of a head or of a line. */
  #rest: Buffer | undefined;

  /** `method`: that of the request. */
  constructor(method: string, sink: ResponseSink) {
    this.#hasBody = method !== "HEAD";
    this.#sink = sink;
  }

  /** Throws ResponseError, also for what follows the end. */
  feed(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    let at = 0;
    while (at < bytes.length) {
      const next = this.#step(bytes, at);
      if (next < 0) {
        this.#rest = bytes.subarray(at);
        return;
      }
      at = next;
    }
  }

  /** The connection has ended: whether the response had, or has by that. */
  close(): boolean {
    if (this.#state === "close") this.#end();
    return this.#state === "end";
  }

  /** Where to go on, or -1 if more bytes are needed. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case "head":
        return this.#head(bytes, at);
      case "length":
      case "chunk":
        return this.#body(bytes, at);
      case "close":
        this.#sink.onBody(at === 0 ? bytes : bytes.subarray(at));
        return bytes.length;
      case "end":
        throw new ResponseError("there are bytes behind the response");
      default:
        return this.#line(bytes, at);
    }
  }

  #head(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(HEAD_END, at, "latin1");
    if ((end < 0 ? bytes.length : end) - at > HEAD_BYTES_MAX)
      throw new ResponseError("the header of the response is too long");
    if (end < 0) return -1;
    const head = bytes.toString("latin1", at, end);
    const status = Number(STATUS_LINE.exec(head)?.[1]);
    if (!(status >= 100)) throw new ResponseError("the response does not begin with a status line");
    if (status < 200) return end + HEAD_END.length; // another head follows
    this.#sink.onHead(status, head);
    this.#begin(status, head);
    return end + HEAD_END.length;
  }

  #begin(status: number, head: string): void {
    const length = headerOf(head, "content-length");
    if (!this.#hasBody || status === 204 || status === 304) this.#end();
    else if (/\bchunked$/i.test(headerOf(head, "transfer-encoding") ?? ""))
      this.#state = "chunk size";
    else if (length === undefined) this.#state = "close";
    else {
      if (!/^\d{1,15}$/.test(length)) throw new ResponseError(`Content-Length is ${length}`);
      this.#left = Number(length);
      if (this.#left === 0) this.#end();
      else this.#state = "length";
    }
  }

  #body(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    this.#sink.onBody(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
    if (this.#left > 0) return end;
    if (this.#state === "length") this.#end();
    else this.#state = "chunk end";
    return end;
  }

  #line(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(LINE_END, at, "latin1");
    if ((end < 0 ? bytes.length : end) - at > LINE_BYTES_MAX)
      throw new ResponseError("a line of the response is too long");
    if (end < 0) return -1;
    const line = bytes.toString("latin1", at, end);
    if (this.#state === "chunk size") {
      const size = CHUNK_SIZE.exec(line)?.[1];
      if (size === undefined) throw new ResponseError("a chunk of the response has no size");
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? "trailer" : "chunk";
    } else if (this.#state === "chunk end") {
      if (line !== "") throw new ResponseError("a chunk of the response is longer than its size");
      this.#state = "chunk size";
    } else if (line === "") this.#end();
    return end + LINE_END.length;
  }

  #end(): void {
    this.#state = "end";
    this.#sink.onEnd();
  }
}

/** The value of the first header line with that (lower case) name. */
export function headerOf(head: string, name: string): string | undefined {
  for (let at = head.indexOf(LINE_END); at >= 0; at = head.indexOf(LINE_END, at + 1)) {
    const start = at + LINE_END.length;
    if (head[start + name.length] !== ":") continue;
    if (head.slice(start, start + name.length).toLowerCase() !== name) continue;
    const end = head.indexOf(LINE_END, start);
    return head.slice(start + name.length + 1, end < 0 ? undefined : end).trim();
  }
  return undefined;
}
