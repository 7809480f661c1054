// etcd is killed and comes back: watches go on without a gap, no acknowledged write is lost, an etcd that is away is a clear error.
import { request } from "node:https";
import { type EtcdStorage, openEtcdStorage } from "@coracle/apiserver/storage/etcd/etcd-storage";
import {
  StorageClosedError,
  type StorageEvent,
  StorageUnavailableError,
} from "@coracle/apiserver/storage/storage";
import { systemClock } from "@coracle/shared/runtime/clock";
import { systemRandom } from "@coracle/shared/runtime/random";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startApiServer, type TestApiServer } from "../harness/api-server.ts";
import { etcdRequirement, startEtcd, type TestEtcd } from "../harness/etcd.ts";
import { describeWith } from "../requirement.ts";

const KILLS = 4;
const WRITERS = 8;
const WRITES_BETWEEN_KILLS = 200;

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

describeWith("the etcd engine, when etcd is killed", [etcdRequirement], () => {
  let etcd: TestEtcd;
  let storage: EtcdStorage;
  beforeEach(async () => {
    etcd = await startEtcd();
    storage = await openEtcdStorage({
      endpoints: ["http://127.0.0.1:1", etcd.endpoint], // nobody listens at the first
      clock: systemClock,
      random: systemRandom,
    });
  });
  afterEach(async () => {
    await storage.close();
    await etcd.remove();
  });

  test("keeps every acknowledged write, and watchers see every event once", async () => {
    const seen: StorageEvent[] = [];
    const errors: Error[] = [];
    storage.watch({
      prefix: "/r/",
      startRevision: 2,
      onEvents: (events) => seen.push(...events),
      onError: (error) => errors.push(error),
    });
    const acknowledged = new Map<string, number>();
    let stopped = false;
    const writers = Array.from({ length: WRITERS }, async (_, writer) => {
      for (let i = 0; !stopped; i++) {
        const key = `/r/${writer}-${i}`;
        const put = { type: "put" as const, key, value: Buffer.from(key) };
        try {
          const { revision } = await storage.transaction([{ key, revision: 0 }], [put]);
          acknowledged.set(key, revision);
        } catch (error) {
          expect(error).toBeInstanceOf(StorageUnavailableError);
        }
      }
    });
    for (let kill = 0; kill < KILLS; kill++) {
      const target = acknowledged.size + WRITES_BETWEEN_KILLS;
      await vi.waitFor(() => expect(acknowledged.size).toBeGreaterThan(target), 30_000);
      await etcd.kill();
      await etcd.start();
    }
    stopped = true;
    await Promise.all(writers);
    const last = await storage.currentRevision();
    await vi.waitFor(() => expect(seen.at(-1)?.revision).toBe(last), 10_000);

    expect(seen.map(({ revision }) => revision)).toEqual(
      Array.from({ length: last - 1 }, (_, i) => i + 2),
    );
    const { items } = await storage.range({ prefix: "/r/" });
    const stored = new Map(items.map(({ key, revision }) => [key, revision]));
    for (const [key, revision] of acknowledged) expect(stored.get(key)).toBe(revision);
    expect(errors).toEqual([]);
  });

  test("says that etcd cannot be reached, and goes on when it is back", async () => {
    const server = await startApiServer({ engine: "etcd", endpoints: [etcd.endpoint] });
    const get = (path: string) => statusOf(server, path);
    try {
      await etcd.kill();
      expect(await get("/api/v1/nodes")).toBe(503);
      expect(await get("/readyz")).toBe(500);
      expect(await get("/api/v1/nodes?resourceVersion=0")).toBe(200);
      await etcd.start();
      await vi.waitFor(async () => expect(await get("/api/v1/nodes")).toBe(200), 20_000);
      await vi.waitFor(async () => expect(await get("/readyz")).toBe(200), 20_000);
    } finally {
      await server.close();
    }
  });

  test("an open call ends as closed when the store is closed", async () => {
    await etcd.kill();
    const read = storage.currentRevision();
    await storage.close();
    await expect(read).rejects.toBeInstanceOf(StorageClosedError);
  });
});

function statusOf({ url, token, authority }: TestApiServer, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const asked = request(`${url}${path}`, { ca: authority, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on("error", reject);
    asked.end();
  });
}
