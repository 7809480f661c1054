// The watchers of this process over one live stream of etcd's events. Watchers that begin in the past share a second stream until
// it has reached the live one: then they join the live ones in the same synchronous step, so that there is no gap.
import type { Clock, Timer } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import { CompactedError, type StorageEvent, type Watch, type WatchOptions } from "../storage.ts";
import type { EtcdConnection } from "./etcd-connection.ts";
import { EventStream } from "./event-stream.ts";
import type { KeySpace } from "./key-space.ts";

interface Watcher {
  readonly options: WatchOptions;
  /** All up to this revision has been delivered. */
  position: number;
  closed: boolean;
}

interface Waiter {
  revision: number;
  timer: Timer;
  resolve(reached: boolean): void;
}

export interface EtcdWatchHubOptions {
  connection: EtcdConnection;
  clock: Clock;
  logger: Logger;
  keys: KeySpace;
  /** etcd's present revision. */
  revision: number;
  /** Asked anew when a compaction overtook the live stream. */
  currentRevision(): Promise<number>;
}

const RESTART_MS = 1000;
/** Watchers that begin together (the caches of an API server) share one stream: etcd replays only some 10,000 revisions a second. */
const GATHER_MS = 20;

export class EtcdWatchHub {
  readonly #options: EtcdWatchHubOptions;
  #stream: EventStream;
  #position: number;
  readonly #all = new Set<Watcher>();
  readonly #live = new Set<Watcher>();
  #queued: Watcher[] = [];
  #gathering: Timer | undefined;
  #catchingUp: EventStream | undefined;
  #waiters = new Set<Waiter>();
  #ended = false;

  constructor(options: EtcdWatchHubOptions) {
    this.#options = options;
    this.#position = options.revision;
    this.#stream = this.#follow();
  }

  get size(): number {
    return this.#all.size;
  }

  /** Why no events come; undefined = they do. */
  get failure(): string | undefined {
    return this.#stream.failure;
  }

  watch(options: WatchOptions): Watch {
    const watcher: Watcher = { options, position: options.startRevision - 1, closed: false };
    this.#all.add(watcher);
    // The caller has the Watch before the first call.
    queueMicrotask(() => this.#place(watcher));
    return { close: () => this.#remove(watcher) };
  }

  /** Whether the live watchers have seen `revision`: false after `timeoutMs`, when etcd does not deliver it. */
  reached(revision: number, timeoutMs: number): Promise<boolean> {
    if (this.#position >= revision) return Promise.resolve(true);
    if (this.#ended) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(timeoutMs, () => this.#release(waiter, false));
      const waiter: Waiter = { revision, timer, resolve };
      this.#waiters.add(waiter);
    });
  }

  /** Ends every watch. */
  end(error: Error): void {
    this.#ended = true;
    this.#stream.close();
    this.#gathering?.cancel();
    this.#catchingUp?.close();
    for (const watcher of [...this.#all]) this.#fail(watcher, error);
    for (const waiter of this.#waiters) this.#release(waiter, false);
  }

  #follow(): EventStream {
    return new EventStream({
      ...this.#options,
      after: this.#position,
      onEvents: (events, revision) => {
        this.#position = revision;
        for (const watcher of this.#live) this.#deliver(watcher, events, revision);
        this.#releaseReached();
      },
      onCompacted: (compactRevision) => {
        const from = this.#position + 1;
        for (const watcher of [...this.#live]) {
          this.#fail(watcher, new CompactedError(from, compactRevision));
        }
        void this.#restart();
      },
    });
  }

  async #restart(): Promise<void> {
    const { clock, logger, currentRevision } = this.#options;
    while (!this.#ended) {
      try {
        this.#position = await currentRevision();
        // Those that came meanwhile may be behind it.
        const live = [...this.#live];
        this.#live.clear();
        for (const watcher of live) this.#place(watcher);
        this.#releaseReached();
        if (!this.#ended) this.#stream = this.#follow();
        return;
      } catch (error) {
        logger.warn({ err: error }, "etcd cannot be watched, trying again");
        await clock.sleep(RESTART_MS);
      }
    }
  }

  #place(watcher: Watcher): void {
    if (watcher.closed) return;
    if (watcher.position < this.#position) {
      this.#queued.push(watcher);
      this.#gathering ??= this.#options.clock.setTimer(GATHER_MS, () => {
        this.#gathering = undefined;
        this.#catchUp();
      });
      return;
    }
    this.#live.add(watcher);
    if (watcher.position === this.#position) this.#progress(watcher, this.#position);
  }

  #catchUp(): void {
    if (this.#catchingUp !== undefined || this.#queued.length === 0 || this.#ended) return;
    const batch = this.#queued;
    this.#queued = [];
    const again = () => {
      this.#catchingUp?.close();
      this.#catchingUp = undefined;
      for (const watcher of batch) this.#place(watcher);
      this.#catchUp();
    };
    this.#catchingUp = new EventStream({
      ...this.#options,
      after: Math.min(...batch.map(({ position }) => position)),
      onEvents: (events, revision) => {
        for (const watcher of batch) this.#deliver(watcher, events, revision);
        if (revision >= this.#position) again();
      },
      onCompacted: (compactRevision) => {
        for (const watcher of batch) {
          const from = watcher.position + 1;
          if (from > compactRevision) continue;
          this.#fail(watcher, new CompactedError(from, compactRevision));
        }
        again();
      },
    });
  }

  #deliver(watcher: Watcher, events: readonly StorageEvent[], revision: number): void {
    if (watcher.closed || revision <= watcher.position) return;
    const own = eventsAfter(watcher, events);
    watcher.position = revision;
    if (own.length === 0) this.#progress(watcher, revision);
    else this.#run(watcher, () => watcher.options.onEvents(own, revision));
  }

  #progress(watcher: Watcher, revision: number): void {
    this.#run(watcher, () => watcher.options.onProgress?.(revision));
  }

  /** A watcher that throws must not take the others with it. */
  #run(watcher: Watcher, call: () => void): void {
    try {
      call();
    } catch (error) {
      const { prefix } = watcher.options;
      this.#options.logger.error({ err: error, prefix }, "storage watcher failed");
      this.#fail(watcher, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #fail(watcher: Watcher, error: Error): void {
    if (watcher.closed) return;
    this.#remove(watcher);
    watcher.options.onError(error);
  }

  #remove(watcher: Watcher): void {
    watcher.closed = true;
    this.#live.delete(watcher);
    this.#all.delete(watcher);
  }

  #releaseReached(): void {
    for (const waiter of this.#waiters) {
      if (waiter.revision <= this.#position) this.#release(waiter, true);
    }
  }

  #release(waiter: Waiter, reached: boolean): void {
    this.#waiters.delete(waiter);
    waiter.timer.cancel();
    waiter.resolve(reached);
  }
}

const NONE: readonly StorageEvent[] = [];

/** Most watchers have no event in most batches. */
function eventsAfter(
  { options: { prefix }, position }: Watcher,
  events: readonly StorageEvent[],
): readonly StorageEvent[] {
  let own: StorageEvent[] | undefined;
  for (const event of events) {
    if (event.revision <= position || !event.key.startsWith(prefix)) continue;
    own ??= [];
    own.push(event);
  }
  return own ?? NONE;
}
