// Keeps a cache fed by its store: loads the state of some revisions ago, replays what came since (so that watchers can resume over a
// restart of the server), then follows. A watch that ends is begun anew, from a fresh state.
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import {
  CompactedError,
  type KeyValue,
  type Storage,
  type StorageEvent,
  type Watch,
} from "./storage.ts";

export interface FeedOptions {
  storage: Storage;
  prefix: string;
  clock: Clock;
  logger: Logger;
  /** A new state is loaded; the present one goes on until loaded(). Called again if loading begins anew. */
  begin(): void;
  load(items: readonly KeyValue[]): void;
  /** The loaded state, as of `revision`, becomes the present one. */
  loaded(revision: number): void;
  events(events: readonly StorageEvent[], revision: number): void;
  progress(revision: number): void;
}

export interface Feed {
  stop(): void;
}

/** Of all resources together. */
const REPLAYED_REVISIONS_MAX = 10_000;
const RETRY_MS = 1000;

/** Resolves when the state is as fresh as the store was at the call. Errors: what the store says. */
export async function followStorage(options: FeedOptions): Promise<Feed> {
  const feed = new StorageFeed(options);
  await feed.begin();
  return feed;
}

class StorageFeed implements Feed {
  readonly #options: FeedOptions;
  readonly #stopped = new AbortController();
  #watch: Watch | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Between the state and the watch another process may compact what lies between them: then there is a newer state to load. */
  async begin(): Promise<void> {
    const { logger, prefix } = this.#options;
    for (;;) {
      try {
        await this.#follow();
        return;
      } catch (error) {
        if (!(error instanceof CompactedError)) throw error;
        logger.info({ err: error, prefix }, "history moved on while loading, loading anew");
      }
    }
  }

  stop(): void {
    this.#stopped.abort();
    this.#watch?.close();
  }

  /** Resolves when the state is as fresh as the store was at the call; from then on a watch that ends is begun anew. */
  async #follow(): Promise<void> {
    const { storage, prefix, events: onEvents, progress } = this.#options;
    const target = await storage.currentRevision();
    const revision = await loadState(this.#options);
    await new Promise<void>((resolve, reject) => {
      let reached = false;
      const advance = (at: number) => {
        if (at < target) return;
        reached = true;
        resolve();
      };
      this.#watch = storage.watch({
        prefix,
        startRevision: revision + 1,
        onEvents(events, at) {
          onEvents(events, at);
          advance(at);
        },
        onProgress(at) {
          progress(at);
          advance(at);
        },
        onError: (error) => {
          if (reached) this.#lost(error);
          else reject(error);
        },
      });
    });
  }

  #lost(error: Error): void {
    const { logger, prefix } = this.#options;
    if (this.#stopped.signal.aborted) return;
    logger.warn({ err: error, prefix }, "storage watch ended, loading anew");
    this.#resume(error instanceof CompactedError ? 0 : RETRY_MS).catch((failure: unknown) => {
      logger.error({ err: failure, prefix }, "storage cannot be followed");
    });
  }

  async #resume(firstMs: number): Promise<void> {
    const { clock, logger, prefix } = this.#options;
    const { signal } = this.#stopped;
    for (let waitMs = firstMs; ; waitMs = RETRY_MS) {
      await clock.sleep(waitMs, signal);
      if (signal.aborted) return;
      try {
        await this.#follow();
        return;
      } catch (error) {
        logger.warn({ err: error, prefix }, "storage cannot be loaded, trying again");
      }
    }
  }
}

/** Returns the revision that the state is of. */
async function loadState(options: FeedOptions): Promise<number> {
  const { storage, prefix } = options;
  let revision = Math.max(1, (await storage.currentRevision()) - REPLAYED_REVISIONS_MAX);
  for (;;) {
    try {
      options.begin();
      await storage.scan({ prefix, revision }, (items) => options.load(items));
      options.loaded(revision);
      return revision;
    } catch (error) {
      if (!(error instanceof CompactedError)) throw error;
      revision = error.compactRevision; // history is shorter, or has moved on in the meantime
    }
  }
}
