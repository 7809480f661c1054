// Three API servers over one etcd: what one says is true on each.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConfigMap } from "@coracle/shared/api/types/core-v1";
import { Informer } from "@coracle/shared/cache/informer";
import type { Client } from "@coracle/shared/client/client";
import { ConnectionError } from "@coracle/shared/client/transport";
import { isAlreadyExists, isConflict } from "@coracle/shared/machinery/status-error";
import { systemClock } from "@coracle/shared/runtime/clock";
import { silentLogger } from "@coracle/shared/runtime/logger";
import { systemRandom } from "@coracle/shared/runtime/random";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { startApiServer, type TestApiServer } from "../harness/api-server.ts";
import { etcdRequirement, startEtcd, type TestEtcd } from "../harness/etcd.ts";
import { describeWith } from "../requirement.ts";

/** A create whose answer was lost may have been done: then it exists. */
async function createForSure(
  client: Client,
  metadata: { name: string; namespace: string },
): Promise<void> {
  for (;;) {
    try {
      await client.for("configmaps").create({ metadata, data: {} });
      return;
    } catch (error) {
      if (isAlreadyExists(error)) return;
      if (!(error instanceof ConnectionError)) throw error;
    }
  }
}

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const SERVERS = 3;

describeWith("several API servers over one etcd", [etcdRequirement], () => {
  const pki = mkdtempSync(join(tmpdir(), "coracle-ha-pki-"));
  let etcd: TestEtcd;
  const servers: TestApiServer[] = [];
  const clients: Client[] = [];
  let namespace = "";
  let namespaces = 0;

  const startServer = () => startApiServer({ engine: "etcd", endpoints: [etcd.endpoint] }, pki);

  beforeAll(async () => {
    etcd = await startEtcd();
    // At once, on an empty store: all make the first objects.
    await startServer().then((server) => servers.push(server));
    servers.push(...(await Promise.all([startServer(), startServer()])));
    clients.push(...servers.map((server) => server.client()));
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    for (const server of servers) await server.close();
    await etcd?.remove();
    rmSync(pki, { recursive: true, force: true });
  });
  beforeEach(async () => {
    namespace = `ha-${++namespaces}`;
    await on(0)
      .for("namespaces")
      .create({ metadata: { name: namespace }, spec: {} });
  });

  const on = (index: number) => clients[index % SERVERS] as Client;
  const name = (i: number) => `c-${String(i).padStart(4, "0")}`;
  const create = (index: number, i: number): Promise<ConfigMap> =>
    on(index)
      .for("configmaps")
      .create({ metadata: { name: name(i), namespace }, data: { i: String(i) } });
  const names = (items: readonly ConfigMap[]) => items.map(({ metadata }) => metadata.name);

  test("pages of one list come from any of them, whatever is written meanwhile", async () => {
    for (let i = 0; i < 25; i++) await create(i, i);
    let page = await on(0).for("configmaps").list({ namespace, limit: 10 });
    const { resourceVersion } = page.metadata;
    const seen = names(page.items);
    for (let turn = 1; page.metadata.continue; turn++) {
      await create(turn + 1, 100 + turn);
      await on(turn + 1)
        .for("configmaps")
        .delete(name(20 + turn), { namespace });
      const { continue: token } = page.metadata;
      page = await on(turn).for("configmaps").list({ namespace, limit: 10, continue: token });
      expect(page.metadata.resourceVersion).toBe(resourceVersion);
      seen.push(...names(page.items));
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => name(i)));
  });

  test("a token is good on another server at once", async () => {
    for (let i = 0; i < 30; i++) {
      await create(i, 2 * i);
      await create(i, 2 * i + 1);
      const first = await on(i).for("configmaps").list({ namespace, limit: 1 });
      const token = first.metadata.continue as string;
      const rest = await on(i + 1)
        .for("configmaps")
        .list({ namespace, continue: token });
      expect(rest.items).toHaveLength(2 * i + 1);
      expect(rest.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    }
  });

  test("a write on one is read on all, in gets and lists", async () => {
    for (let i = 0; i < 60; i++) {
      const { metadata } = await create(i, i);
      const version = Number(metadata.resourceVersion);
      const [got, listed] = await Promise.all([
        on(i + 1)
          .for("configmaps")
          .get(name(i), namespace),
        on(i + 2)
          .for("configmaps")
          .list({ namespace }),
      ]);
      expect(got.metadata.resourceVersion).toBe(metadata.resourceVersion);
      expect(listed.items).toHaveLength(i + 1);
      expect(Number(listed.metadata.resourceVersion)).toBeGreaterThanOrEqual(version);
    }
  });

  test("a list at a resource version is the same on each, byte for byte", async () => {
    const versions: string[] = [];
    for (let i = 0; i < 12; i++) {
      versions.push((await create(i, i)).metadata.resourceVersion as string);
    }
    for (const resourceVersion of versions) {
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      const query = { resourceVersion, resourceVersionMatch: "Exact" };
      const texts = await Promise.all(
        clients.map(async (client) => JSON.stringify(await client.request("GET", path, { query }))),
      );
      expect(new Set(texts).size).toBe(1);
      expect(texts[0]).toContain(`"resourceVersion":"${resourceVersion}"`);
    }
    const newest = versions.at(-1) as string;
    const options = { namespace, resourceVersion: newest, resourceVersionMatch: "NotOlderThan" };
    for (const client of clients) {
      expect((await client.for("configmaps").list(options)).items).toHaveLength(12);
    }
  });

  test("a watch goes on at another server where it ended, without a gap or a repetition", async () => {
    const from = (await on(0).for("configmaps").list({ namespace })).metadata.resourceVersion;
    const WRITES = 120;
    const writing = (async () => {
      for (let i = 0; i < WRITES; i++) await create(i, i);
    })();
    const seen: string[] = [];
    const versions: number[] = [];
    let resourceVersion = from;
    for (let turn = 0; seen.length < WRITES; turn++) {
      const stop = new AbortController();
      let inThisTurn = 0;
      const watch = on(turn)
        .for("configmaps")
        .watch({ namespace, resourceVersion, signal: stop.signal, allowWatchBookmarks: true });
      for await (const { type, object } of watch) {
        resourceVersion = object.metadata.resourceVersion as string;
        if (type === "BOOKMARK") continue;
        expect(type).toBe("ADDED");
        seen.push(object.metadata.name as string);
        versions.push(Number(resourceVersion));
        if (++inThisTurn === 7 || seen.length === WRITES) break;
      }
      stop.abort();
    }
    await writing;
    expect(seen).toEqual(Array.from({ length: WRITES }, (_, i) => name(i)));
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
  });

  test("of writers of one object, each loses no update", async () => {
    await on(0)
      .for("configmaps")
      .create({ metadata: { name: "counter", namespace }, data: { n: "0" } });
    const INCREMENTS = 15;
    const increment = async (client: Client) => {
      for (let done = 0; done < INCREMENTS; ) {
        const counter = await client.for("configmaps").get("counter", namespace);
        counter.data = { n: String(Number(counter.data?.n) + 1) };
        try {
          await client.for("configmaps").update(counter);
          done++;
        } catch (error) {
          if (!isConflict(error)) throw error;
        }
      }
    };
    await Promise.all(clients.map(increment));
    const counter = await on(1).for("configmaps").get("counter", namespace);
    expect(counter.data?.n).toBe(String(SERVERS * INCREMENTS));
  });

  test("a name is given once", async () => {
    for (let i = 0; i < 20; i++) {
      const outcomes = await Promise.allSettled(clients.map((_, index) => create(index, i)));
      const refused = outcomes.filter((outcome) => outcome.status === "rejected");
      expect(refused).toHaveLength(SERVERS - 1);
      expect(refused.every(({ reason }) => isAlreadyExists(reason))).toBe(true);
    }
  });

  test("an informer and a writer go on while servers come and go", async () => {
    const extra = [await startServer(), await startServer()];
    const urls = [...extra, ...servers].map(({ url }) => url);
    const [watching, writing] = [servers[0]?.client(urls), servers[0]?.client(urls)] as [
      Client,
      Client,
    ];
    const told = new Map<string, number>();
    const stop = new AbortController();
    const informer = new Informer<ConfigMap>({
      client: watching,
      resource: "configmaps",
      namespace,
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
    });
    informer.addHandlers({
      onAdd: ({ metadata }) => told.set(metadata.name, (told.get(metadata.name) ?? 0) + 1),
      onUpdate: ({ metadata }) => told.set(metadata.name, Number.NaN),
      onDelete: ({ metadata }) => told.set(metadata.name, Number.NaN),
    });
    informer.start(stop.signal);
    await informer.synced;
    try {
      for (let i = 0; i < 90; i++) {
        await createForSure(writing, { name: name(i), namespace });
        if (i === 30 || i === 60) await extra.shift()?.close();
      }
      await vi.waitFor(() => expect(told.size).toBe(90), { timeout: 20_000 });
      expect([...told.values()].every((times) => times === 1)).toBe(true);
    } finally {
      stop.abort();
      watching.close();
      writing.close();
      for (const server of extra) await server.close();
    }
  });
});
