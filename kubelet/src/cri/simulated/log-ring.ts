// A container's log: its last lines, both streams in the order they were written, each with its time.
import { type Clock, formatMicroTime } from "@coracle/shared/runtime/clock";
import type { LogEntry } from "../host.ts";

const BYTES_MAX = 1024 * 1024;
const LINE_FEED = 10;

export class LogRing {
  readonly #clock: Clock;
  #entries: LogEntry[] = [];
  /** How many entries have been dropped from the front. */
  #dropped = 0;
  #bytes = 0;
  #partial: Record<LogEntry["stream"], Uint8Array | undefined> = {
    stdout: undefined,
    stderr: undefined,
  };
  #isClosed = false;
  #waiting: (() => void)[] = [];
  #lastMs = 0;
  #withinMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Bytes as a process writes them: lines are put together here. */
  write(stream: LogEntry["stream"], chunk: Uint8Array): void {
    if (this.#isClosed || chunk.length === 0) return;
    const held = this.#partial[stream];
    let rest: Uint8Array = held === undefined ? chunk : Buffer.concat([held, chunk]);
    for (let end = rest.indexOf(LINE_FEED); end >= 0; end = rest.indexOf(LINE_FEED)) {
      this.#add(stream, rest.slice(0, end));
      rest = rest.subarray(end + 1);
    }
    this.#partial[stream] = rest.length === 0 ? undefined : rest.slice();
    this.#wake();
  }

  /** No more will come. */
  close(): void {
    for (const stream of ["stdout", "stderr"] as const) {
      const held = this.#partial[stream];
      if (held !== undefined) this.#add(stream, held);
      this.#partial[stream] = undefined;
    }
    this.#isClosed = true;
    this.#wake();
  }

  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  async *read(options: {
    follow: boolean;
    signal: AbortSignal;
  }): AsyncIterable<readonly LogEntry[]> {
    let position = this.#dropped;
    let isFirst = true;
    for (;;) {
      const batch = this.#entries.slice(Math.max(0, position - this.#dropped));
      position = this.#dropped + this.#entries.length;
      if (batch.length > 0 || isFirst) yield batch;
      isFirst = false;
      if (position < this.#dropped + this.#entries.length) continue;
      if (!options.follow || this.#isClosed || options.signal.aborted) return;
      await this.#change(options.signal);
      if (options.signal.aborted) return;
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", done);
        resolve();
      };
      signal.addEventListener("abort", done, { once: true });
      this.#waiting.push(done);
    });
  }

  #wake(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  #add(stream: LogEntry["stream"], line: Uint8Array): void {
    this.#entries.push({ timestamp: this.#timestamp(), stream, line });
    this.#bytes += line.length + 1;
    if (this.#bytes <= BYTES_MAX) return;
    // Half at a time, so that a full ring does not move its whole array for every line.
    let drop = 0;
    while (this.#bytes > BYTES_MAX / 2 && drop < this.#entries.length - 1) {
      this.#bytes -= (this.#entries[drop] as LogEntry).line.length + 1;
      drop++;
    }
    this.#entries = this.#entries.slice(drop);
    this.#dropped += drop;
  }

  /** Lines of one millisecond differ in their nanoseconds, so that sorting by time keeps their order. */
  #timestamp(): string {
    const nowMs = Math.max(Math.floor(this.#clock.now()), this.#lastMs);
    this.#withinMs = nowMs === this.#lastMs ? Math.min(this.#withinMs + 1, 999_999) : 0;
    this.#lastMs = nowMs;
    return formatNanoTime(nowMs, this.#withinMs);
  }
}

/** RFC 3339 with nine digits: `2026-01-01T00:00:00.123000001Z`. */
export function formatNanoTime(epochMs: number, nanoseconds: number): string {
  const millis = formatMicroTime(epochMs).slice(0, 23);
  return `${millis}${String(nanoseconds).padStart(6, "0")}Z`;
}
