// One watch, its events as they come.
import type { IncomingMessage } from "node:http";
import { systemClock } from "@coracle/shared/runtime/clock";
import { readFrames } from "./protobuf-answer.ts";

const DEADLINE_MS = 20_000;

/** The server sends plain bookmarks when it likes to. */
function isPlainBookmark(event: unknown): boolean {
  const { type, object } = event as { type: string; object: unknown };
  return type === "BOOKMARK" && !JSON.stringify(object).includes("initial-events-end");
}

export class OpenWatch {
  readonly #response: IncomingMessage;
  readonly #isProtobuf: boolean;
  #rest: Buffer = Buffer.alloc(0);
  #events: unknown[] = [];
  #hasEnded = false;
  #wake: () => void = () => {};

  constructor(response: IncomingMessage) {
    this.#response = response;
    this.#isProtobuf = (response.headers["content-type"] ?? "").includes("protobuf");
    response.on("data", (chunk: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      this.#read();
      this.#wake();
    });
    for (const event of ["end", "error", "close"]) {
      response.on(event, () => {
        this.#hasEnded = true;
        this.#wake();
      });
    }
  }

  #read(): void {
    if (this.#isProtobuf) {
      const { events, taken } = readFrames(this.#rest);
      this.#add(events);
      this.#rest = this.#rest.subarray(taken);
      return;
    }
    for (let end = this.#rest.indexOf(10); end >= 0; end = this.#rest.indexOf(10)) {
      this.#add([JSON.parse(this.#rest.toString("utf8", 0, end))]);
      this.#rest = this.#rest.subarray(end + 1);
    }
  }

  #add(events: readonly unknown[]): void {
    this.#events.push(...events.filter((event) => !isPlainBookmark(event)));
  }

  /** The next events: fewer when the watch ends, or no more come in time. */
  async take(count: number): Promise<unknown[]> {
    await this.#until(() => this.#events.length >= count || this.#hasEnded);
    return this.#events.splice(0, count);
  }

  /** What is left when the server has ended it. */
  async rest(): Promise<unknown[]> {
    await this.#until(() => this.#hasEnded);
    if (!this.#hasEnded) throw new Error("the watch does not end");
    return this.#events.splice(0);
  }

  async #until(done: () => boolean): Promise<void> {
    const until = systemClock.monotonic() + DEADLINE_MS;
    while (!done() && systemClock.monotonic() < until) {
      await new Promise<void>((resolve) => {
        const timer = systemClock.setTimer(until - systemClock.monotonic(), resolve);
        this.#wake = () => {
          timer.cancel();
          resolve();
        };
      });
    }
  }

  close(): void {
    this.#response.destroy();
  }
}
