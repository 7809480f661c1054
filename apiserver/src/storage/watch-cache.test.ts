import { seededRandom } from "@coracle/shared/runtime/random";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CompactedError, FutureRevisionError, type Storage } from "./storage.ts";
import type { CachedObject, WatchCursor } from "./watch-cache.ts";
import { type Fixture, served, watchCacheFixture } from "./watch-cache-fixture.ts";

let fixture: Fixture;
beforeEach(async () => {
  fixture = await watchCacheFixture();
});
afterEach(() => fixture.close());

const paths = (items: readonly CachedObject[]) =>
  items.map((item) => `${item.namespace}/${item.name}`);
const isWeb = (object: CachedObject) => object.labels?.app === "web";
const text = (cursor: WatchCursor, maxBytes?: number) =>
  Buffer.concat(cursor.read(maxBytes)).toString();
const line = (type: string, object: string) => `{"type":"${type}","object":${object}}\n`;

describe("objects", () => {
  test("are served with their resource version as soon as the write resolves", async () => {
    const revision = await fixture.put("default/a");
    const object = fixture.cache.get("default", "a");
    expect(object?.bytes.toString()).toBe(served("default/a", revision));
    expect(object).toMatchObject({ namespace: "default", name: "a", revision });
    await fixture.delete("default/a");
    expect(fixture.cache.get("default", "a")).toBeUndefined();
  });

  test("the revision follows writes of other resources", async () => {
    const value = Buffer.from("{}");
    await fixture.storage.transaction([], [{ type: "put", key: "/registry/other/a", value }]);
    expect(fixture.cache.revision).toBe(2);
    expect(fixture.cache.list()).toMatchObject({ items: [], revision: 2 });
  });

  test("waitFor resolves when the revision is reached, and false when time is up", async () => {
    await expect(fixture.cache.waitFor(1, 0)).resolves.toBe(true);
    const reached = fixture.cache.waitFor(2, 1000);
    await fixture.put("default/a");
    await expect(reached).resolves.toBe(true);
    const future = fixture.cache.waitFor(9, 1000);
    await fixture.clock.advance(1001);
    await expect(future).resolves.toBe(false);
  });

  test("a cache that starts later has the same state and can be watched from before", async () => {
    for (const path of ["b/2", "a/1", "b/1"]) await fixture.put(path);
    await fixture.delete("b/1");
    await fixture.put("a/1", "db");
    const later = await fixture.another();
    expect(later.list()).toMatchObject({ revision: 6, items: [{ revision: 6 }, { revision: 2 }] });
    expect(later.list().items.map((item) => item.bytes)).toEqual(
      fixture.cache.list().items.map((item) => item.bytes),
    );
    expect(text(later.watch({ fromRevision: 3 }))).toBe(
      text(fixture.cache.watch({ fromRevision: 3 })),
    );
  });
});

describe("starting", () => {
  test("begins anew when history is compacted between the state and the watch", async () => {
    await fixture.put("default/a");
    const { storage } = fixture;
    let overtaken = 0;
    const scanThenCompact: Storage["scan"] = async (options, visit) => {
      await storage.scan(options, visit);
      if (overtaken++ > 0) return;
      await fixture.put("default/b");
      await fixture.put("default/c");
      await storage.compact(await storage.currentRevision());
    };
    const overtakenStorage = new Proxy(storage, {
      get(target, name) {
        if (name === "scan") return scanThenCompact;
        const member = Reflect.get(target, name, target) as unknown;
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    const cache = await fixture.another({ storage: overtakenStorage });
    expect(overtaken).toBe(2);
    expect(paths(cache.list().items)).toEqual(["default/a", "default/b", "default/c"]);
    await fixture.put("default/d");
    expect(cache.list()).toMatchObject({ revision: 5 });
  });
});

describe("lists", () => {
  beforeEach(async () => {
    for (const path of ["b/1", "a/2", "a/1", "ab/1", "a/3"]) {
      await fixture.put(path, path === "a/2" ? "db" : "web");
    }
  });

  test("are sorted, by namespace or whole, and not copied while nothing changes", async () => {
    const whole = fixture.cache.list();
    expect(paths(whole.items)).toEqual(["a/1", "a/2", "a/3", "ab/1", "b/1"]);
    expect(whole).toMatchObject({ revision: 6, more: false, remaining: 0 });
    expect(paths(fixture.cache.list({ namespace: "a" }).items)).toEqual(["a/1", "a/2", "a/3"]);
    expect(fixture.cache.list().items).toBe(whole.items);
    await fixture.put("b/1");
    expect(fixture.cache.list().items).not.toBe(whole.items);
  });

  test("select", () => {
    expect(paths(fixture.cache.list({ namespace: "a", predicate: isWeb }).items)).toEqual([
      "a/1",
      "a/3",
    ]);
    const page = fixture.cache.list({ predicate: isWeb, limit: 3 });
    expect(paths(page.items)).toEqual(["a/1", "a/3", "ab/1"]);
    expect(page.more).toBe(true);
    expect(fixture.cache.list({ predicate: isWeb, limit: 4 }).more).toBe(false);
  });

  test("by a field find the same through its index, whatever was written since", async () => {
    const random = seededRandom(7);
    const lists = (node: string, limit?: number) => {
      const predicate = (object: CachedObject) => object.fields["spec.nodeName"] === node;
      const field = { name: "spec.nodeName", value: node };
      const options = { predicate, limit, namespace: limit === 2 ? "a" : undefined };
      return [fixture.cache.list({ ...options, field }), fixture.cache.list(options)];
    };
    for (let i = 0; i < 300; i++) {
      const path = `${i % 2 === 0 ? "a" : "b"}/${random.integer(60)}`;
      if (random.integer(4) === 0) await fixture.delete(path);
      else await fixture.put(path, "web", `n${random.integer(12)}`);
      const node = `n${random.integer(13)}`;
      for (const limit of [undefined, 1, 2]) {
        const [indexed, looked] = lists(node, limit);
        expect(indexed).toEqual(looked);
      }
    }
    const [first] = lists("n1", 1);
    expect(first?.more).toBe(true);
    await fixture.delete(paths(first?.items ?? [])[0] as string);
    const { revision } = first as { revision: number };
    const predicate = (object: CachedObject) => object.fields["spec.nodeName"] === "n1";
    const field = { name: "spec.nodeName", value: "n1" };
    const page = { predicate, revision, startAfter: first?.items[0]?.key };
    expect(fixture.cache.list({ ...page, field })).toEqual(fixture.cache.list(page));
  });

  test("pages show one snapshot, whatever happens in between", async () => {
    const { cache } = fixture;
    const first = cache.list({ limit: 2 });
    expect(paths(first.items)).toEqual(["a/1", "a/2"]);
    expect(first).toMatchObject({ revision: 6, more: true, remaining: 3 });
    await fixture.delete("a/3");
    await fixture.put("a/4");
    await fixture.put("b/1", "changed");
    const options = { limit: 2, revision: first.revision };
    const second = cache.list({ ...options, startAfter: first.items[1]?.key });
    expect(paths(second.items)).toEqual(["a/3", "ab/1"]);
    expect(second).toMatchObject({ revision: 6, more: true, remaining: 1 });
    const third = cache.list({ ...options, startAfter: second.items[1]?.key });
    expect(third.items[0]?.bytes.toString()).toBe(served("b/1", 2));
    expect(third).toMatchObject({ more: false, remaining: 0 });
    expect(paths(cache.list().items)).toEqual(["a/1", "a/2", "a/4", "ab/1", "b/1"]);
  });

  test("any revision within the ring can be listed, the future cannot", async () => {
    expect(paths(fixture.cache.list({ revision: 3 }).items)).toEqual(["a/2", "b/1"]);
    expect(fixture.cache.list({ revision: 1 })).toMatchObject({ items: [], revision: 1 });
    expect(() => fixture.cache.list({ revision: 7 })).toThrow(FutureRevisionError);
  });

  test("what has left the ring comes from the store", async () => {
    const small = await fixture.another({ historyBytesMax: 2000 });
    await fixture.delete("a/1");
    for (let i = 0; i < 10; i++) await fixture.put("b/1", `app-${i}`);
    expect(() => small.list({ revision: 6 })).toThrow(CompactedError);
    const page = await small.listStored({ revision: 6, limit: 2, namespace: "a" });
    expect(paths(page.items)).toEqual(["a/1", "a/2"]);
    expect(page).toMatchObject({ revision: 6, more: true, remaining: 1 });
    expect(page.items[0]?.bytes.toString()).toBe(served("a/1", 4));
    const selected = await small.listStored({
      revision: 6,
      limit: 2,
      predicate: isWeb,
      startAfter: page.items[0]?.key,
    });
    expect(paths(selected.items)).toEqual(["a/3", "ab/1"]);
    expect(selected.more).toBe(true);
    await fixture.storage.compact(8);
    await expect(small.listStored({ revision: 6 })).rejects.toThrow(CompactedError);
  });
});

describe("watches", () => {
  test("deliver lines from a revision on, and a deletion with its own revision", async () => {
    const { cache } = fixture;
    await fixture.put("default/a");
    await fixture.put("default/a", "db");
    const cursor = cache.watch({ fromRevision: 2 });
    await fixture.delete("default/a");
    expect(text(cursor)).toBe(
      line("MODIFIED", served("default/a", 3, "db")) +
        line("DELETED", served("default/a", 4, "db")),
    );
    expect(text(cursor)).toBe("");
    expect(cursor.revision).toBe(4);
  });

  test("a selector turns changes into additions and deletions", async () => {
    const cursor = fixture.cache.watch({ fromRevision: 1, predicate: isWeb });
    await fixture.put("default/a", "db"); // never matched: unseen
    await fixture.put("default/a", "web"); // begins to match
    await fixture.put("default/a", "web", "n2");
    await fixture.put("default/a", "db", "n2"); // no longer matches
    await fixture.delete("default/a"); // unseen
    await fixture.put("default/b", "web");
    await fixture.delete("default/b");
    expect(text(cursor)).toBe(
      [
        line("ADDED", served("default/a", 3)),
        line("MODIFIED", served("default/a", 4, "web", "n2")),
        line("DELETED", served("default/a", 5, "web", "n2")),
        line("ADDED", served("default/b", 7)),
        line("DELETED", served("default/b", 8)),
      ].join(""),
    );
  });

  test("events can be read as events", async () => {
    const cursor = fixture.cache.watch({ fromRevision: 1, predicate: isWeb });
    await fixture.put("default/a", "web");
    await fixture.put("default/a", "db");
    const events = cursor.readEvents();
    expect(events.map(({ type, revision }) => [type, revision])).toEqual([
      ["ADDED", 2],
      ["DELETED", 3],
    ]);
    expect(events[1]?.object.bytes.toString()).toBe(served("default/a", 3, "web"));
    expect(events[1]?.object.labels).toEqual({ app: "web" });
  });

  test("scopes are woken for their own events only", async () => {
    const woken: string[] = [];
    const watch = (name: string, options: object) => {
      const cursor = fixture.cache.watch({ fromRevision: 1, ...options });
      cursor.onReadable(() => {
        woken.push(`${name}: ${cursor.readEvents().map((event) => event.revision)}`);
      });
    };
    watch("all", {});
    watch("namespace a", { namespace: "a" });
    watch("namespace b", { namespace: "b" });
    watch("object a/1", { namespace: "a", name: "1" });
    watch("name 1", { name: "1" });
    watch("node n2", { field: { name: "spec.nodeName", value: "n2" } });
    watch("node n2 in b", { namespace: "b", field: { name: "spec.nodeName", value: "n2" } });
    watch("selector", { predicate: isWeb });
    const expectWoken = async (expected: string[]) => {
      await vi.waitFor(() => expect(woken.toSorted()).toEqual(expected.toSorted()));
      woken.length = 0;
    };
    await fixture.put("a/1", "db", "n1");
    await expectWoken(["all: 2", "namespace a: 2", "object a/1: 2", "name 1: 2"]);
    await fixture.put("b/2", "web", "n2");
    await expectWoken(["all: 3", "namespace b: 3", "node n2: 3", "node n2 in b: 3", "selector: 3"]);
    await fixture.put("a/1", "db", "n2");
    await expectWoken(["all: 4", "namespace a: 4", "object a/1: 4", "name 1: 4", "node n2: 4"]);
    await fixture.put("a/1", "db", "n3"); // leaves the node
    await expectWoken(["all: 5", "namespace a: 5", "object a/1: 5", "name 1: 5", "node n2: 5"]);
  });

  test("a field's watcher sees an object leave as a deletion", async () => {
    const field = { name: "spec.nodeName", value: "n1" };
    const cursor = fixture.cache.watch({ fromRevision: 1, field });
    await fixture.put("a/1", "web", "n1");
    await fixture.put("a/1", "web", "n2");
    await fixture.put("a/2", "web", "n2");
    expect(text(cursor)).toBe(line("ADDED", served("a/1", 2)) + line("DELETED", served("a/1", 3)));
  });

  test("an absent field counts as empty", async () => {
    const field = { name: "spec.other", value: "" };
    const cursor = fixture.cache.watch({ fromRevision: 1, field });
    let calls = 0;
    cursor.onReadable(() => calls++);
    await fixture.put("a/1");
    await vi.waitFor(() => expect(calls).toBe(1));
    expect(text(cursor)).toBe(line("ADDED", served("a/1", 2)));
  });

  test("watchers with the same filter at the same place share one buffer", async () => {
    const { cache } = fixture;
    const options = { fromRevision: 1, predicate: isWeb, filterKey: "app=web" };
    const [first, second] = [cache.watch(options), cache.watch(options)];
    const all = [cache.watch({ fromRevision: 1 }), cache.watch({ fromRevision: 1 })];
    for (const app of ["web", "db", "web"]) await fixture.put("a/1", app);
    expect(first?.read()[0]).toBe(second?.read()[0]);
    expect(all[0]?.read()[0]).toBe(all[1]?.read()[0]);
    await fixture.put("a/2", "web");
    expect(text(first as WatchCursor)).toBe(line("ADDED", served("a/2", 5)));
    expect(text(second as WatchCursor)).toBe(line("ADDED", served("a/2", 5)));
  });

  test("watchers share all of a large batch", async () => {
    const { cache } = fixture;
    const cursors = Array.from({ length: 3 }, () => cache.watch({ fromRevision: cache.revision }));
    const reads: Buffer[][] = cursors.map(() => []);
    cursors.forEach((cursor, i) => {
      cursor.onReadable(() => reads[i]?.push(...cursor.read(8 << 20)));
    });
    const app = "x".repeat(2000);
    await Promise.all(Array.from({ length: 1000 }, (_, i) => fixture.put(`default/${i}`, app)));
    await vi.waitFor(() => {
      const bytes = reads.map((buffers) => Buffer.concat(buffers).length);
      expect(Math.min(...bytes)).toBeGreaterThan(2_000_000);
    }, 10_000);
    const [first = [], ...others] = reads;
    expect(first.length).toBeGreaterThan(20);
    for (const other of others) {
      expect(other.length).toBe(first.length);
      expect(other.every((buffer, i) => buffer === first[i])).toBe(true);
    }
  });

  test("a read stops near its limit and goes on where it stopped", async () => {
    const cursor = fixture.cache.watch({ fromRevision: 1 });
    for (let i = 0; i < 5; i++) await fixture.put(`a/${i}`);
    expect(text(cursor, 1)).toBe(line("ADDED", served("a/0", 2)));
    expect(cursor.revision).toBe(2);
    const two = line("ADDED", served("a/1", 3)).length + 1;
    expect(text(cursor, two).split("\n")).toHaveLength(3);
    expect(text(cursor).split("\n")).toHaveLength(3);
  });

  test("a watch may start in the future", async () => {
    const cursor = fixture.cache.watch({ fromRevision: 3 });
    for (let i = 0; i < 3; i++) await fixture.put(`a/${i}`);
    expect(text(cursor)).toBe(line("ADDED", served("a/2", 4)));
  });

  test("hidden events let the revision of a watcher go on", async () => {
    const cursor = fixture.cache.watch({ fromRevision: 1, predicate: () => false });
    let calls = 0;
    cursor.onReadable(() => calls++);
    await fixture.put("a/1");
    await vi.waitFor(() => expect(cursor.revision).toBe(2));
    expect(calls).toBe(0);
  });

  test("a closed cursor is not called, and its group is gone", async () => {
    const cursor = fixture.cache.watch({ fromRevision: 1, namespace: "a" });
    cursor.onReadable(() => {
      throw new Error("called after close");
    });
    cursor.close();
    await fixture.put("a/1");
    const next = fixture.cache.watch({ fromRevision: 1, namespace: "a" });
    await new Promise<void>((resolve) => next.onReadable(resolve));
    expect(text(next)).toBe(line("ADDED", served("a/1", 2)));
  });
});

describe("the ring", () => {
  test("a watcher that does not read falls out of it, others do not", async () => {
    const small = await fixture.another({ historyBytesMax: 5000 });
    const idle = small.watch({ fromRevision: 1, namespace: "idle" });
    const slow = small.watch({ fromRevision: 1 });
    const quick = small.watch({ fromRevision: 1 });
    let lagged = false;
    slow.onReadable(() => {
      lagged = slow.lagged;
    });
    let lines = "";
    for (let i = 0; i < 30; i++) {
      await fixture.put("a/1", `app-${i}`);
      lines += text(quick);
    }
    expect(lines.split("\n")).toHaveLength(31);
    expect(quick.lagged).toBe(false);
    await vi.waitFor(() => expect(lagged).toBe(true));
    expect(slow.read()).toEqual([]);
    expect(slow.readEvents()).toEqual([]);
    expect(idle.lagged).toBe(false);
    await fixture.put("idle/1");
    expect(text(idle)).toBe(line("ADDED", served("idle/1", 32)));
    expect(() => small.watch({ fromRevision: 10 })).toThrow(CompactedError);
    expect(() => small.watch({ fromRevision: 31 })).not.toThrow();
  });
});
