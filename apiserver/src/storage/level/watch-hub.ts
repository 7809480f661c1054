// The watchers of one engine: each first reads history until it has caught up, then is called live. Both happen without a gap because
// a watcher joins the live ones in the same synchronous step in which it finds nothing left to read.
import type { Logger } from "@coracle/shared/runtime/logger";
import type { StorageEvent, Watch, WatchOptions } from "../storage.ts";
import type { VersionHistory } from "./version-history.ts";

interface Watcher {
  readonly options: WatchOptions;
  closed: boolean;
}

export class WatchHub {
  readonly #history: VersionHistory;
  readonly #logger: Logger;
  readonly #live = new Set<Watcher>();
  readonly #all = new Set<Watcher>();

  constructor(history: VersionHistory, logger: Logger) {
    this.#history = history;
    this.#logger = logger;
  }

  get size(): number {
    return this.#all.size;
  }

  watch(options: WatchOptions): Watch {
    const watcher: Watcher = { options, closed: false };
    this.#all.add(watcher);
    this.#catchUp(watcher).catch((error: unknown) => {
      this.#end(watcher, error instanceof Error ? error : new Error(String(error)));
    });
    return { close: () => this.#remove(watcher) };
  }

  /** Hands durable events to the live watchers. */
  publish(events: readonly StorageEvent[], revision: number): void {
    for (const watcher of this.#live) {
      this.#deliver(watcher, eventsOf(watcher.options, events), revision);
    }
  }

  /** Ends every watch. */
  end(error: Error): void {
    for (const watcher of [...this.#all]) this.#end(watcher, error);
  }

  async #catchUp(watcher: Watcher): Promise<void> {
    const { prefix, startRevision } = watcher.options;
    let next = startRevision;
    await Promise.resolve(); // the caller has the Watch before the first call
    while (!watcher.closed) {
      const read = this.#history.next(prefix, next);
      if (read === undefined) {
        this.#live.add(watcher);
        if (next <= this.#history.published + 1) {
          this.#deliver(watcher, [], this.#history.published);
        }
        return;
      }
      const { events, revision } = await read;
      this.#deliver(watcher, events, revision);
      next = revision + 1;
    }
  }

  #deliver(watcher: Watcher, events: readonly StorageEvent[], revision: number): void {
    if (watcher.closed) return;
    try {
      if (events.length > 0) watcher.options.onEvents(events, revision);
      else if (revision >= watcher.options.startRevision - 1)
        watcher.options.onProgress?.(revision);
    } catch (error) {
      // A watcher that throws must not take the writers and the other watchers with it.
      this.#logger.error({ err: error, prefix: watcher.options.prefix }, "storage watcher failed");
      this.#end(watcher, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #end(watcher: Watcher, error: Error): void {
    if (watcher.closed) return;
    this.#remove(watcher);
    watcher.options.onError(error);
  }

  #remove(watcher: Watcher): void {
    watcher.closed = true;
    this.#live.delete(watcher);
    this.#all.delete(watcher);
  }
}

const NONE: readonly StorageEvent[] = [];

/** Most watchers have no event in most batches. */
function eventsOf(options: WatchOptions, events: readonly StorageEvent[]): readonly StorageEvent[] {
  const { prefix, startRevision } = options;
  let own: StorageEvent[] | undefined;
  for (const event of events) {
    if (event.revision < startRevision || !event.key.startsWith(prefix)) continue;
    own ??= [];
    own.push(event);
  }
  return own ?? NONE;
}
