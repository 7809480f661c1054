// A container's log as a response: chosen lines, then, with `follow`, what comes until the container ends or the client has gone
// (upstream: cri-client/pkg/logs).
import type { ServerResponse } from "node:http";
import { parseTime } from "@coracle/shared/runtime/clock";
import type { LogEntry } from "../cri/host.ts";
import type { LogOptions } from "./log-options.ts";
import { drained } from "./write-through.ts";

const LINE_FEED = Buffer.from("\n");
/** Lines are gathered up to here before they are written. */
const BATCH_BYTES = 64 * 1024;

/** Resolves when all is written, or the client has gone. */
export async function sendLog(
  response: ServerResponse,
  log: AsyncIterable<readonly LogEntry[]>,
  options: LogOptions,
): Promise<void> {
  response.writeHead(200, { "content-type": "text/plain" });
  response.flushHeaders(); // a client that follows waits for them even if the container is silent
  const selection = new Selection(options);
  for await (const entries of log) {
    for (const bytes of selection.chunks(entries)) {
      if (!response.write(bytes)) await drained(response);
    }
    if (selection.isOver || response.destroyed) break;
  }
  response.end();
}

class Selection {
  readonly #options: LogOptions;
  #isFirst = true;
  #remaining: number;

  constructor(options: LogOptions) {
    this.#options = options;
    this.#remaining = options.limitBytes ?? Number.POSITIVE_INFINITY;
  }

  get isOver(): boolean {
    return this.#remaining <= 0;
  }

  /** The tail is counted over both streams and before all else is left out, and only in what was there at first. */
  *chunks(entries: readonly LogEntry[]): Generator<Buffer> {
    const { tailLines } = this.#options;
    const skip = this.#isFirst && tailLines !== undefined ? entries.length - tailLines : 0;
    this.#isFirst = false;
    let parts: Uint8Array[] = [];
    let length = 0;
    for (let i = Math.max(0, skip); i < entries.length && !this.isOver; i++) {
      const entry = entries[i] as LogEntry;
      if (!this.#isWanted(entry)) continue;
      const line = this.#lineOf(entry);
      this.#remaining -= line.length;
      parts.push(line);
      length += line.length;
      if (length < BATCH_BYTES) continue;
      yield Buffer.concat(parts, length);
      parts = [];
      length = 0;
    }
    if (length > 0) yield Buffer.concat(parts, length);
  }

  #isWanted({ stream, timestamp }: LogEntry): boolean {
    const { stream: wanted, sinceMs } = this.#options;
    if (wanted !== "All" && wanted.toLowerCase() !== stream) return false;
    return sinceMs === undefined || (parseTime(timestamp) ?? 0) >= sinceMs;
  }

  #lineOf({ timestamp, line }: LogEntry): Buffer {
    const head = this.#options.timestamps ? [Buffer.from(`${timestamp} `)] : [];
    const bytes = Buffer.concat([...head, line, LINE_FEED]);
    return bytes.length > this.#remaining ? bytes.subarray(0, this.#remaining) : bytes;
  }
}
