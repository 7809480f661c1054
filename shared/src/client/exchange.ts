// One request and its response. The connection is told to wait when nobody takes what has arrived.
import { headerOf, type ResponseSink } from "./response-parser.ts";
import { ConnectionError, type TransportRequest, type TransportResponse } from "./transport.ts";

/** Chunks (of some 16 KiB) that wait for a reader before the connection has to. */
const CHUNKS_MAX = 16;

export interface Carrier {
  pause(): void;
  resume(): void;
  destroy(): void;
}

export class Exchange implements ResponseSink, TransportResponse {
  readonly request: TransportRequest;
  /** As it is sent. */
  readonly text: string;
  readonly response: Promise<TransportResponse>;
  status = 0;
  readonly #what: string;
  readonly #onLost: () => void;
  #answer!: (response: TransportResponse) => void;
  #refuse!: (error: Error) => void;
  #head = "";
  #chunks: Buffer[] = [];
  /** All of the response has arrived. */
  isWhole = false;
  #failure: Error | undefined;
  #carrier: Carrier | undefined;
  #isSent = false;
  #wake: (() => void) | undefined;

  /** `onLost`: there was no answer, or not all of it. Throws TypeError for what cannot stand in a request. */
  constructor(server: URL, request: TransportRequest, onLost: () => void) {
    this.request = request;
    this.text = textOf(server, request);
    this.#what = `${request.method} ${server.origin}${request.path}`;
    this.#onLost = onLost;
    this.response = new Promise((resolve, reject) => {
      this.#answer = resolve;
      this.#refuse = reject;
    });
    request.signal?.addEventListener("abort", this.#abort, { once: true });
    if (request.signal?.aborted) this.#abort();
  }

  /** It was given up, or its connection is lost. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  carriedBy(carrier: Carrier): void {
    this.#carrier = carrier;
  }

  /** From here on the server may have seen the request. */
  sent(): void {
    this.#isSent = true;
  }

  header(name: string): string | undefined {
    return headerOf(this.#head, name);
  }

  async read(): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (;;) {
      for (const chunk of this.#take()) parts.push(chunk);
      if (this.#failure !== undefined) throw this.#failure;
      if (this.isWhole) return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
      await this.#news();
    }
  }

  async *chunks(): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        yield* this.#take();
        if (this.#chunks.length > 0) continue;
        if (this.#failure !== undefined) throw this.#failure;
        if (this.isWhole) return;
        await this.#news();
      }
    } finally {
      if (!this.isWhole && this.#failure === undefined) this.#abort();
    }
  }

  onHead(status: number, head: string): void {
    this.status = status;
    this.#head = head;
    this.#answer(this);
  }

  onBody(chunk: Buffer): void {
    this.#chunks.push(chunk);
    if (this.#chunks.length >= CHUNKS_MAX) this.#carrier?.pause();
    this.#wake?.();
  }

  onEnd(): void {
    this.isWhole = true;
    this.#end();
  }

  /** The connection was refused, broken or silent. */
  lost(cause: NodeJS.ErrnoException): void {
    if (this.#failure !== undefined) return;
    const code = cause.code ?? "";
    const text = `${this.#what}: ${cause.message || code}`;
    const unsent = !this.#isSent;
    this.#fail(new ConnectionError(text, { code, unsent, cause }));
    this.#onLost();
  }

  readonly #abort = (): void => {
    this.#fail((this.request.signal?.reason as Error | undefined) ?? new Error("given up"));
    this.#carrier?.destroy();
  };

  #fail(failure: Error): void {
    this.#failure = failure;
    this.#refuse(failure);
    this.#end();
  }

  #end(): void {
    this.request.signal?.removeEventListener("abort", this.#abort);
    this.#wake?.();
  }

  #take(): Buffer[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    if (chunks.length >= CHUNKS_MAX) this.#carrier?.resume();
    return chunks;
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

function textOf(server: URL, { method, path, headers, body }: TransportRequest): string {
  const target = server.pathname === "/" ? path : server.pathname + path;
  if (/[^\x21-\xff]/.test(target)) throw new TypeError(`${method}: the path is not escaped`);
  let head = `${method} ${target} HTTP/1.1\r\nhost: ${server.host}\r\n`;
  for (const name in headers) {
    const value = headers[name] as string;
    if (/[\r\n]/.test(value))
      throw new TypeError(`${method} ${path}: header ${name} has a line end`);
    head += `${name}: ${value}\r\n`;
  }
  if (body !== undefined) head += `content-length: ${Buffer.byteLength(body)}\r\n`;
  else if (method !== "GET" && method !== "HEAD") head += "content-length: 0\r\n";
  return `${head}\r\n${body ?? ""}`;
}
