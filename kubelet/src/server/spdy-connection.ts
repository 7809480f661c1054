// The server's side of a SPDY/3.1 connection as Kubernetes uses it: the client opens all streams, each with headers that say what
// it is for. Flow control is the transport's, as in upstream's spdystream: WINDOW_UPDATE is neither sent nor heeded.
import type { Duplex } from "node:stream";
import type { Clock } from "@coracle/shared/runtime/clock";
import { ChunkQueue } from "./chunk-queue.ts";
import {
  controlFrame,
  dataHead,
  FLAG_FIN,
  type Frame,
  frameTypes,
  readFrames,
  resetStatus,
  words,
} from "./spdy-frame.ts";
import { HeaderBlockReader, HeaderBlockWriter, type SpdyHeaders } from "./spdy-header-block.ts";
import { drained } from "./write-through.ts";

/** So that streams of one connection take turns. */
const DATA_BYTES_MAX = 64 * 1024;
/** How long a client may take to hang up after our goodbye. */
const LINGER_MS = 10_000;

export class SpdyStream {
  readonly id: number;
  readonly headers: SpdyHeaders;
  /** What the client sends; ends when it closes its side or the connection is over. */
  readonly input = new ChunkQueue();
  readonly #connection: SpdyConnection;
  readonly #gone = new AbortController();
  #isEnded = false;

  constructor(connection: SpdyConnection, id: number, headers: SpdyHeaders) {
    this.#connection = connection;
    this.id = id;
    this.headers = headers;
  }

  /** Aborted when the client has reset the stream, or the connection is over. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Answers a promise when the client is slower than that: it resolves when it has caught up. */
  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#isEnded || this.signal.aborted) return undefined;
    let room: Promise<void> | undefined;
    for (let start = 0; start < chunk.length; start += DATA_BYTES_MAX) {
      room = this.#connection.sendData(this.id, chunk.subarray(start, start + DATA_BYTES_MAX));
    }
    return room;
  }

  /** Half-closes: no more output. Idempotent. */
  end(): void {
    if (this.#isEnded || this.signal.aborted) return;
    this.#isEnded = true;
    this.#connection.sendEnd(this.id);
  }

  /** For the connection only: the client reset it, or is gone. */
  abandon(): void {
    this.input.end();
    this.#gone.abort();
  }
}

export interface SpdyConnectionOptions {
  transport: Duplex;
  clock: Clock;
  /** Throws when a stream with these headers is refused. */
  admit(headers: SpdyHeaders): void;
  onStream(stream: SpdyStream): void;
}

export class SpdyConnection {
  readonly #transport: Duplex;
  readonly #options: SpdyConnectionOptions;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #reader = new HeaderBlockReader();
  readonly #writer = new HeaderBlockWriter();
  readonly #gone = new AbortController();
  #lastStreamId = 0;
  #isClosing = false;

  constructor(options: SpdyConnectionOptions) {
    this.#transport = options.transport;
    this.#options = options;
    options.transport.on("error", () => this.#abandon());
    options.transport.on("close", () => this.#abandon());
  }

  /** Aborted when the connection is over, whoever ended it. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Resolves when the connection is over; what broke it is the client's affair and told by `signal`. */
  async run(): Promise<void> {
    try {
      // Not destroyed at its end: what we wrote may still be on its way.
      const source = this.#transport.iterator({ destroyOnReturn: false });
      for await (const frame of readFrames(source)) {
        const room = this.#take(frame);
        if (room !== undefined) await room;
      }
      this.#transport.end();
    } catch {
      this.#transport.destroy();
    } finally {
      this.#reader.close();
      this.#abandon();
    }
  }

  /** Says goodbye after what has been written, and ends the transport. */
  close(): void {
    if (this.#isClosing || this.signal.aborted) return;
    this.#isClosing = true;
    for (const stream of this.#streams.values()) {
      stream.end();
      stream.input.discard();
    }
    void this.#send(controlFrame(frameTypes.goAway, words(this.#lastStreamId, 0)));
    this.#transport.end();
    // Closing before the client has read everything could reset the connection and lose output.
    const timer = this.#options.clock.setTimer(LINGER_MS, () => this.#transport.destroy());
    this.signal.addEventListener("abort", () => timer.cancel(), { once: true });
  }

  /** The stream is done with on this side; what still comes for it is dropped. */
  remove(stream: SpdyStream): void {
    stream.end();
    stream.input.discard();
    this.#streams.delete(stream.id);
  }

  sendData(streamId: number, chunk: Uint8Array): Promise<void> | undefined {
    this.#transport.cork();
    void this.#send(dataHead(streamId, chunk.length, false));
    const room = this.#send(chunk);
    this.#transport.uncork();
    return room;
  }

  sendEnd(streamId: number): void {
    void this.#send(dataHead(streamId, 0, true));
  }

  #send(bytes: Uint8Array): Promise<void> | undefined {
    if (!this.#transport.writable || this.#transport.write(bytes)) return undefined;
    return drained(this.#transport);
  }

  #take(frame: Frame): Promise<void> | undefined {
    if (frame.kind === "control") return this.#control(frame.type, frame.flags, frame.payload);
    const stream = this.#streams.get(frame.streamId);
    const room = stream?.input.push(frame.payload);
    if (frame.isLast) stream?.input.end();
    return frame.isLast ? undefined : room;
  }

  #control(type: number, flags: number, payload: Buffer): Promise<void> | undefined {
    if (type === frameTypes.synStream) return this.#open(flags, payload);
    if (type === frameTypes.rstStream) {
      const id = payload.readUInt32BE(0);
      this.#streams.get(id)?.abandon();
      this.#streams.delete(id);
    } else if (type === frameTypes.ping && payload.readUInt32BE(0) % 2 === 1) {
      void this.#send(controlFrame(frameTypes.ping, payload)); // a client's pings are odd
    }
    return undefined;
  }

  async #open(flags: number, payload: Buffer): Promise<void> {
    const id = payload.readUInt32BE(0) & 0x7fffffff;
    const headers = await this.#reader.read(payload.subarray(10));
    if (this.#isClosing) return;
    try {
      this.#options.admit(headers);
    } catch {
      void this.#send(controlFrame(frameTypes.rstStream, words(id, resetStatus.refusedStream)));
      return;
    }
    const stream = new SpdyStream(this, id, headers);
    if ((flags & FLAG_FIN) !== 0) stream.input.end();
    this.#lastStreamId = id;
    this.#streams.set(id, stream);
    // The reply goes first: a client drops data of a stream that has not been answered.
    const reply = Buffer.concat([words(id), this.#writer.write({})]);
    void this.#send(controlFrame(frameTypes.synReply, reply));
    this.#options.onStream(stream);
  }

  #abandon(): void {
    if (this.signal.aborted) return;
    this.#gone.abort();
    for (const stream of this.#streams.values()) stream.abandon();
    this.#streams.clear();
  }
}
