// For the tests of the watch cache: a real store in a directory of its own, small objects, and a cache over them.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SimulatedClock } from "@coracle/shared/runtime/clock";
import { silentLogger } from "@coracle/shared/runtime/logger";
import { type LevelStorage, openLevelStorage } from "./level/level-storage.ts";
import { WatchCache, type WatchCacheOptions } from "./watch-cache.ts";

export const PREFIX = "/registry/pods/";
export const HEAD = '{"kind":"Pod","apiVersion":"v1","metadata":{';

export interface Fixture {
  storage: LevelStorage;
  cache: WatchCache;
  clock: SimulatedClock;
  /** Returns the revision of the write. `app` becomes a label, `node` the field spec.nodeName. */
  put(path: string, app?: string, node?: string): Promise<number>;
  delete(path: string): Promise<number>;
  /** Another cache over the same store, started. */
  another(options?: Partial<WatchCacheOptions>): Promise<WatchCache>;
  close(): Promise<void>;
}

export async function watchCacheFixture(
  options: Partial<WatchCacheOptions> = {},
): Promise<Fixture> {
  const directory = await mkdtemp(join(tmpdir(), "coracle-cache-"));
  const clock = new SimulatedClock();
  const storage = await openLevelStorage({ directory, clock, sync: false });
  const caches: WatchCache[] = [];
  const another = async (own: Partial<WatchCacheOptions> = {}) => {
    const cache = new WatchCache({
      storage,
      prefix: PREFIX,
      headLength: HEAD.length,
      extract,
      clock,
      logger: silentLogger,
      ...own,
    });
    caches.push(cache);
    await cache.start();
    return cache;
  };
  const cache = await another(options);
  return {
    storage,
    cache,
    clock,
    another,
    async put(path, app = "web", node = "n1") {
      const value = stored(path, app, node);
      const { revision } = await storage.transaction(
        [],
        [{ type: "put", key: PREFIX + path, value }],
      );
      return revision;
    },
    async delete(path) {
      return (await storage.transaction([], [{ type: "delete", key: PREFIX + path }])).revision;
    },
    async close() {
      for (const own of caches) await own.stop();
      await storage.close();
      await rm(directory, { recursive: true });
    },
  };
}

export function stored(path: string, app: string, node: string): Buffer {
  const [namespace, name] = path.split("/");
  const metadata = JSON.stringify({ name, namespace, labels: { app } });
  return Buffer.from(`${HEAD}${metadata.slice(1)},"spec":{"nodeName":"${node}"}}`);
}

/** The object as it is served. */
export function served(path: string, revision: number, app = "web", node = "n1"): string {
  const bytes = stored(path, app, node).toString();
  return `${HEAD}"resourceVersion":"${revision}",${bytes.slice(HEAD.length)}`;
}

function extract(value: Buffer, memo: unknown) {
  const object = (memo ?? JSON.parse(value.toString())) as {
    metadata: { name: string; namespace: string; labels: Record<string, string> };
    spec: { nodeName: string };
  };
  const { name, namespace, labels } = object.metadata;
  return { name, namespace, labels, fields: { "spec.nodeName": object.spec.nodeName } };
}
