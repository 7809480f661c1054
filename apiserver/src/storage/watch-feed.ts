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
  const { clock, logger, prefix } = options;
  const stopped = new AbortController();
  let watch: Watch | undefined;

  async function follow(): Promise<void> {
    const target = await options.storage.currentRevision();
    const revision = await loadState(options);
    await new Promise<void>((resolve, reject) => {
      const reached = (at: number) => {
        if (at >= target) resolve();
      };
      watch = options.storage.watch({
        prefix,
        startRevision: revision + 1,
        onEvents(events, at) {
          options.events(events, at);
          reached(at);
        },
        onProgress(at) {
          options.progress(at);
          reached(at);
        },
        onError(error) {
          reject(error); // while starting; later it has no effect
          lost(error);
        },
      });
    });
  }

  let following = false;
  function lost(error: Error): void {
    if (!following || stopped.signal.aborted) return;
    following = false;
    logger.warn({ err: error, prefix }, "storage watch ended, loading anew");
    resume().catch((failure: unknown) => {
      logger.error({ err: failure, prefix }, "storage cannot be followed");
    });
  }

  async function resume(): Promise<void> {
    while (!stopped.signal.aborted) {
      await clock.sleep(RETRY_MS, stopped.signal);
      if (stopped.signal.aborted) return;
      try {
        await follow();
        following = true;
        return;
      } catch (error) {
        logger.warn({ err: error, prefix }, "storage cannot be loaded, trying again");
      }
    }
  }

  await follow();
  following = true;
  return {
    stop() {
      stopped.abort();
      watch?.close();
    },
  };
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
