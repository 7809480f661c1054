// Channels inside a WebSocket (`*.channel.k8s.io`): the first byte of each message is the channel's number. In the base64 variant it
// is a digit, and the rest is base64 text (upstream: streaming/pkg/httpstream/wsstream).
import { WebSocket } from "ws";
import { ChunkQueue } from "./chunk-queue.ts";

/** Protocol v5: the next byte names a channel that the client will not write to any more. */
const CLOSE_SIGNAL = 255;
/** Above it the writer is asked to wait. */
const BUFFERED_BYTES_MAX = 256 * 1024;
const NORMAL_CLOSURE = 1000;

export interface ChannelSocketOptions {
  webSocket: WebSocket;
  /** Channels that the client writes to; what it sends elsewhere is dropped. */
  inputs: readonly number[];
  isBase64?: boolean;
  hasCloseSignal?: boolean;
}

export class ChannelSocket {
  readonly #webSocket: WebSocket;
  readonly #inputs: ReadonlyMap<number, ChunkQueue>;
  readonly #options: ChannelSocketOptions;
  readonly #gone = new AbortController();

  constructor(options: ChannelSocketOptions) {
    this.#options = options;
    this.#webSocket = options.webSocket;
    this.#inputs = new Map(options.inputs.map((channel) => [channel, new ChunkQueue()]));
    this.#webSocket.on("message", (data: Buffer) => this.#take(data));
    this.#webSocket.on("close", () => this.#abandon());
    this.#webSocket.on("error", () => this.#webSocket.terminate()); // "close" follows
  }

  /** Aborted when the connection is over. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  input(channel: number): ChunkQueue | undefined {
    return this.#inputs.get(channel);
  }

  /** Answers a promise when the client is slower than that: it resolves when it has caught up. */
  write(channel: number, chunk: Uint8Array): Promise<void> | undefined {
    if (this.signal.aborted || this.#webSocket.readyState !== WebSocket.OPEN) return undefined;
    const bytes = this.#encode(channel, chunk);
    if (this.#webSocket.bufferedAmount + bytes.length < BUFFERED_BYTES_MAX) {
      this.#webSocket.send(bytes);
      return undefined;
    }
    return new Promise((resolve) => this.#webSocket.send(bytes, () => resolve()));
  }

  /** After what has been written. */
  close(): void {
    for (const queue of this.#inputs.values()) queue.discard();
    this.#webSocket.close(NORMAL_CLOSURE);
  }

  #encode(channel: number, chunk: Uint8Array): Buffer {
    if (!this.#options.isBase64) return Buffer.concat([Buffer.from([channel]), chunk]);
    return Buffer.from(`${channel}${Buffer.from(chunk).toString("base64")}`);
  }

  #take(data: Buffer): void {
    const first = data[0];
    if (first === undefined) return;
    if (this.#options.hasCloseSignal && first === CLOSE_SIGNAL) {
      this.#inputs.get(data[1] ?? -1)?.end();
      return;
    }
    const { isBase64 } = this.#options;
    const channel = isBase64 ? first - 0x30 : first;
    const rest = data.subarray(1);
    const chunk = isBase64 ? Buffer.from(rest.toString("latin1"), "base64") : rest;
    const room = this.#inputs.get(channel)?.push(chunk);
    if (room === undefined) return;
    this.#webSocket.pause();
    void room.then(() => this.#webSocket.resume());
  }

  #abandon(): void {
    for (const queue of this.#inputs.values()) queue.end();
    this.#gone.abort();
  }
}
