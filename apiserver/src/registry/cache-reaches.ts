import { statusError } from "@coracle/shared/machinery/status-error";
import type { WatchCache } from "../storage/watch-cache.ts";

const WAIT_MS_MAX = 5_000;

/** Waits until the cache has seen the revision. Throws a Timeout. */
export async function cacheReaches(cache: WatchCache, revision: number): Promise<void> {
  if (await cache.waitFor(revision, WAIT_MS_MAX)) return;
  throw statusError("Timeout", "Timeout: the watch cache does not follow the store", {
    retryAfterSeconds: 1,
  });
}
