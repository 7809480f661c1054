// All events of etcd from a revision on, in order and once each, over as many connections as it takes. It watches every key, since
// then each revision has an event: whoever has seen the event of revision r knows that nothing before r is still to come.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import { StorageClosedError, type StorageEvent } from "../storage.ts";
import type { EtcdConnection, WatchStream } from "./etcd-connection.ts";
import { type EtcdEvent, EVENT_DELETE, type WatchResponse } from "./etcd-schema.ts";
import type { KeySpace } from "./key-space.ts";

export interface EventStreamOptions {
  connection: EtcdConnection;
  clock: Clock;
  logger: Logger;
  keys: KeySpace;
  /** Events of later revisions are delivered. */
  after: number;
  /** `revision`: all events up to it have been delivered with this call; there may be none. */
  onEvents(events: readonly StorageEvent[], revision: number): void;
  /** The stream is over: events up to `compactRevision` are no longer to be had. */
  onCompacted(compactRevision: number): void;
}

const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 2000;
const EVERY_KEY = Buffer.from([0]);

export class EventStream {
  readonly #options: EventStreamOptions;
  #position: number;
  #closed = false;
  #stream: WatchStream | undefined;
  #failure: string | undefined;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.#position = options.after;
    void this.#run();
  }

  /** Why there is no connection; undefined = there is one. */
  get failure(): string | undefined {
    return this.#failure;
  }

  close(): void {
    this.#closed = true;
    this.#stream?.cancel();
  }

  /** Never rejects: what fails is tried again. */
  async #run(): Promise<void> {
    const { clock, logger } = this.#options;
    await nextTurn(); // the owner has the stream before the first call
    let retryMs = RETRY_MS_MIN;
    while (!this.#closed) {
      const before = this.#position;
      try {
        await this.#once();
      } catch (error) {
        if (this.#closed || error instanceof StorageClosedError) return;
        const reason = error instanceof Error ? error.message : String(error);
        if (this.#failure === undefined) logger.warn({ reason }, "the watch of etcd broke");
        this.#failure = reason;
      }
      retryMs = this.#position > before ? RETRY_MS_MIN : Math.min(2 * retryMs, RETRY_MS_MAX);
      if (!this.#closed) await clock.sleep(retryMs);
    }
  }

  /** One connection, until it ends. */
  async #once(): Promise<void> {
    const { stream, client } = await this.#options.connection.openWatch();
    if (this.#closed) {
      stream.cancel();
      return;
    }
    this.#stream = stream;
    try {
      await new Promise<void>((resolve, reject) => {
        stream.on("error", reject);
        stream.on("end", resolve);
        stream.on("data", (response: WatchResponse) => {
          try {
            if (!this.#closed) this.#take(response);
          } catch (error) {
            reject(error);
          }
        });
        stream.write({ create_request: this.#request() });
      });
    } finally {
      stream.on("error", () => undefined); // cancel() is one
      stream.cancel();
      if (!this.#closed) this.#options.connection.leave(client);
    }
  }

  /**
   * Asks from the last revision seen on, not from the next one: etcd refuses a start below the compacted revision only, but a
   * deletion at that very revision is gone too.
   */
  #request(): object {
    return {
      key: EVERY_KEY,
      range_end: EVERY_KEY,
      start_revision: Math.max(1, this.#position),
      progress_notify: true,
    };
  }

  #take(response: WatchResponse): void {
    const { created, canceled, compact_revision, cancel_reason, events, header } = response;
    if (compact_revision > 0) {
      this.#end(compact_revision);
      return;
    }
    if (canceled) throw new Error(`etcd canceled the watch: ${cancel_reason}`);
    if (created) {
      if (this.#failure !== undefined) this.#options.logger.info("the watch of etcd goes on");
      this.#failure = undefined;
      return;
    }
    // Progress that etcd reports by itself is in order with the events.
    if (events.length === 0) {
      this.#deliver([], header.revision);
      return;
    }
    const found: StorageEvent[] = [];
    let last = this.#position;
    for (const event of events) {
      const { mod_revision: revision } = event.kv;
      if (revision <= this.#position) continue;
      last = revision;
      const one = this.#eventOf(event);
      if (one !== undefined) found.push(one);
    }
    this.#deliver(found, last);
  }

  #deliver(events: readonly StorageEvent[], revision: number): void {
    if (revision <= this.#position) return;
    this.#position = revision;
    this.#options.onEvents(events, revision);
  }

  #end(compactRevision: number): void {
    this.close();
    this.#options.onCompacted(compactRevision);
  }

  #eventOf({ type, kv }: EtcdEvent): StorageEvent | undefined {
    const key = this.#options.keys.storeKey(kv.key);
    if (key === undefined) return undefined;
    const { value, mod_revision: revision, create_revision: createRevision } = kv;
    if (type === EVENT_DELETE) return { type: "delete", key, revision };
    return { type: "put", key, value, revision, createRevision };
  }
}
