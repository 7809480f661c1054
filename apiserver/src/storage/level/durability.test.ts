// What the contract leaves to the engine: its disk. Group commit, failing disks, damaged and foreign directories, two openers, and
// history that bounds itself.
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SimulatedClock } from "@coracle/shared/runtime/clock";
import { Level } from "level";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CompactedError, StorageOpenError, StorageReadOnlyError } from "../storage.ts";
import { LevelStorage, type LevelStorageOptions, openLevelStorage } from "./level-storage.ts";
import { type Database, openDatabase } from "./open-directory.ts";
import { recover } from "./recovery.ts";

let directory: string;
let clock: SimulatedClock;
let opened: LevelStorage[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "coracle-durability-"));
  clock = new SimulatedClock();
  opened = [];
});
afterEach(async () => {
  for (const storage of opened) await storage.close();
  await rm(directory, { recursive: true });
});

async function open(options: Partial<LevelStorageOptions> = {}): Promise<LevelStorage> {
  const storage = await openLevelStorage({ directory, clock, sync: false, ...options });
  opened.push(storage);
  return storage;
}

async function put(storage: LevelStorage, key: string, value: string | Buffer): Promise<number> {
  const put = { type: "put" as const, key, value: Buffer.from(value) };
  return (await storage.transaction([], [put])).revision;
}

async function fill(storage: LevelStorage, count: number): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, (_, i) => put(storage, `/r/${i % 50}`, "x".repeat(1000))),
  );
}

describe("group commit", () => {
  test("writers share syncs, and each has its own revision", async () => {
    const storage = await open({ sync: true });
    const revisions = await Promise.all(
      Array.from({ length: 200 }, (_, i) => put(storage, `/r/${i}`, "1")),
    );
    expect(revisions).toEqual(Array.from({ length: 200 }, (_, i) => i + 2));
    const { commits, syncs } = await storage.statistics();
    expect(commits).toBe(200);
    expect(syncs).toBeLessThan(10);
  });

  test("a batch is bounded in bytes", async () => {
    const storage = await open();
    const value = Buffer.alloc(1 << 20);
    await Promise.all(Array.from({ length: 12 }, (_, i) => put(storage, `/r/${i}`, value)));
    const { syncs } = await storage.statistics();
    expect(syncs).toBeGreaterThanOrEqual(3);
  });
});

describe("a failing disk", () => {
  /** A store whose batches fail from the moment that `fail` is called. */
  async function openFailing() {
    const database = await openDatabase(directory, "test");
    let failing = false;
    const proxy = new Proxy(database, {
      get(target, name) {
        const member = Reflect.get(target, name, target) as unknown;
        if (typeof member !== "function") return member;
        if (name === "batch" && failing) {
          const write = () => Promise.reject(new Error("IO error: No space left on device"));
          return () => ({ put: () => undefined, del: () => undefined, write });
        }
        return member.bind(target);
      },
    }) as Database;
    const recovered = await recover(database, directory, 0);
    const storage = new LevelStorage({ directory, clock }, proxy, recovered, 0);
    opened.push(storage);
    return {
      storage,
      fail() {
        failing = true;
      },
    };
  }

  test("makes the store read-only; nothing unacknowledged is shown, nothing acknowledged lost", async () => {
    const { storage, fail } = await openFailing();
    await put(storage, "/r/a", "1");
    await put(storage, "/r/b", "1");
    const events: number[] = [];
    storage.watch({
      prefix: "/r/",
      startRevision: 4,
      onEvents: (batch) => events.push(...batch.map((event) => event.revision)),
      onError: () => undefined,
    });
    fail();
    const writes = await Promise.allSettled([
      put(storage, "/r/a", "2"),
      put(storage, "/r/c", "1"),
      storage.transaction([], [{ type: "delete", key: "/r/b" }]),
      storage.transaction([{ key: "/r/c", revision: 0 }], [{ type: "delete", key: "/r/c" }]),
    ]);
    for (const write of writes) {
      expect(write.status).toBe("rejected");
      expect(write.status === "rejected" && write.reason).toBeInstanceOf(StorageReadOnlyError);
    }
    await expect(put(storage, "/r/d", "1")).rejects.toThrow(/read-only.*No space left on device/);
    await expect(storage.grantLease(10)).rejects.toThrow(StorageReadOnlyError);
    const { items, revision } = await storage.range({ prefix: "/r/" });
    expect(items.map(({ key, value }) => `${key}=${value}`)).toEqual(["/r/a=1", "/r/b=1"]);
    expect(revision).toBe(3);
    expect(events).toEqual([]);
    const { readOnlyReason, keys, historyBytes } = await storage.statistics();
    expect(readOnlyReason).toMatch(/No space left/);
    expect([keys, historyBytes]).toEqual([2, 0]);
    await storage.close();
    const again = await open();
    expect(await again.currentRevision()).toBe(3);
    expect(await put(again, "/r/a", "2")).toBe(4);
  });

  test("during a compaction lets the writes under way finish", async () => {
    const { storage, fail } = await openFailing();
    await fill(storage, 100);
    const late = put(storage, "/r/late", "1");
    await late;
    fail();
    await expect(storage.compact(50)).rejects.toThrow(StorageReadOnlyError);
    await expect(put(storage, "/r/d", "1")).rejects.toThrow(StorageReadOnlyError);
    expect((await storage.get("/r/late"))?.value.toString()).toBe("1");
  });
});

describe("opening", () => {
  const refused = async (reason: StorageOpenError["reason"], words: RegExp) => {
    const failure = await open().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(StorageOpenError);
    expect((failure as StorageOpenError).reason).toBe(reason);
    expect((failure as StorageOpenError).message).toMatch(words);
  };
  const level = () => join(directory, "level");
  const edit = async (change: (database: Level<string, Buffer>) => Promise<void>) => {
    const database = new Level<string, Buffer>(level(), { valueEncoding: "buffer" });
    await database.open();
    await change(database);
    await database.close();
  };
  /** A store with tables and a log, closed. */
  const prepare = async () => {
    const storage = await open();
    await put(storage, "/r/still", "1");
    await fill(storage, 299);
    await storage.compact(200);
    await fill(storage, 20);
    await storage.close();
  };

  test("a second opener is told who holds the store", async () => {
    await open({ holder: "apiserver, pid 4711" });
    await refused("locked", /in use by apiserver, pid 4711.*LEVEL_LOCKED/);
  });

  test.each([
    ["CURRENT", /CURRENT is missing/],
    ["MANIFEST-", /damaged or incomplete|MANIFEST is missing/],
    [".log", /write-ahead log.*missing/],
  ])("a copy without %s is refused and left as it is", async (part, words) => {
    await prepare();
    for (const name of await readdir(level())) {
      if (name.startsWith(part) || name.endsWith(part)) await rm(join(level(), name));
    }
    const before = await readdir(level());
    await refused("corrupt", words);
    expect((await readdir(level())).filter((name) => /ldb|log$/.test(name)).sort()).toEqual(
      before.filter((name) => /ldb|log$/.test(name)).sort(),
    );
  });

  test("a copy without a table is refused", async () => {
    await prepare();
    await edit(async () => undefined); // opening brings the log into a table
    const table = (await readdir(level())).find((name) => name.endsWith(".ldb"));
    await rm(join(level(), table as string));
    await refused("corrupt", /damaged or incomplete/);
  });

  test("an older copy of the database under a newer floor is refused", async () => {
    await prepare();
    await cp(level(), join(directory, "older"), { recursive: true });
    const storage = await open({ sync: true });
    await fill(storage, 10);
    await storage.close();
    await rm(level(), { recursive: true });
    await cp(join(directory, "older"), level(), { recursive: true });
    await refused("corrupt", /had reached revision 331, but its records end at 321/);
  });

  test("a missing revision, a missing key and a broken record are noticed", async () => {
    await prepare();
    await cp(level(), join(directory, "whole"), { recursive: true });
    const restore = async () => {
      await rm(level(), { recursive: true });
      await cp(join(directory, "whole"), level(), { recursive: true });
    };
    const nth = async (database: Level<string, Buffer>, n: number) =>
      (await database.keys({ gte: "r", lt: "s" }).all()).at(n) as string;
    await edit(async (database) => database.del(await nth(database, -5)));
    await refused("corrupt", /revision 317 is missing before 318/);
    await restore();
    await edit(async (database) => database.del(await nth(database, 0)));
    await refused("corrupt", /at revision 200 it had 51 keys, but 50 are there/);
    await restore();
    await edit((database) => database.put("rubbish", Buffer.from("x")));
    await refused("corrupt", /"rubbish" has no known form/);
  });

  test("versions that a power failure brought back are compacted again", async () => {
    const storage = await open();
    await put(storage, "/r/a", "1");
    await put(storage, "/r/b", "1");
    await put(storage, "/r/a", "2");
    await storage.transaction([], [{ type: "delete", key: "/r/b" }]);
    const before = new Map<string, Buffer>();
    await storage.close();
    await edit(async (database) => {
      for (const [key, value] of await database.iterator({ gte: "r", lt: "s" }).all()) {
        before.set(key, value);
      }
    });
    const again = await open();
    await again.compact(5);
    await again.close();
    // The step that took them from the disk is lost; a later one, which was synced with a write, is not.
    await edit(async (database) => {
      for (const [key, value] of before) await database.put(key, value);
    });
    const recovered = await open();
    expect((await recovered.range({ prefix: "/r/" })).items).toMatchObject([
      { key: "/r/a", revision: 4 },
    ]);
    expect(await recovered.statistics()).toMatchObject({ keys: 1, historyVersions: 0 });
    await recovered.close();
    await edit(async (database) => {
      expect(await database.keys({ gte: "r", lt: "s" }).all()).toHaveLength(1);
    });
  });

  test("a damaged value is never served", async () => {
    const storage = await open();
    await put(storage, "/r/a", "value");
    await storage.close();
    await edit(async (database) => {
      const [key] = await database.keys({ gte: "r", lt: "s" }).all();
      await database.put(key as string, Buffer.from("val"));
    });
    const again = await open();
    await expect(again.get("/r/a")).rejects.toThrow(/value of \/r\/a at revision 2 is not as/);
  });

  test("a value of which the disk changed one bit is never served", async () => {
    const storage = await open();
    await put(storage, "/r/a", "alpha");
    await put(storage, "/r/b", "other");
    await storage.close();
    await edit(async () => undefined); // opening brings the log into a table
    for (const name of (await readdir(level())).filter((name) => name.endsWith(".ldb"))) {
      const bytes = await readFile(join(level(), name));
      const at = bytes.indexOf("alpha");
      if (at >= 0) bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      await writeFile(join(level(), name), bytes);
    }
    const again = await open();
    const damage = /value of \/r\/a at revision 2 is not as it was written/;
    await expect(again.get("/r/a")).rejects.toThrow(damage);
    await expect(again.range({ prefix: "/r/" })).rejects.toThrow(damage);
    const scan = again.scan({ prefix: "/r/", revision: 3 }, () => undefined);
    await expect(scan).rejects.toThrow(damage);
    expect((await again.get("/r/b"))?.value.toString()).toBe("other");
  });

  test("another format and another program's database are refused", async () => {
    await prepare();
    await edit((database) => database.put("m.format", Buffer.from('{"format":3}')));
    await refused(
      "format",
      /has format 3; this version reads and writes format 2, and migrates format 1\. Use/,
    );
    await edit((database) => database.del("m.format"));
    await refused("format", /not one of this server/);
  });

  test("the holder and the floor are written", async () => {
    const storage = await open({ holder: "me", sync: true });
    await put(storage, "/r/a", "1");
    await storage.close();
    expect(await readFile(join(directory, "holder"), "utf8")).toBe("me");
    expect(await readFile(join(directory, "floor"), "utf8")).toBe("2");
    await writeFile(join(directory, "floor"), "not a number");
    expect(await (await open()).currentRevision()).toBe(2);
  });
});

describe("history", () => {
  test("is forgotten by age", async () => {
    const storage = await open({ historyRetentionMs: 60_000 });
    await put(storage, "/r/a", "1");
    await put(storage, "/r/a", "2");
    await clock.advance(50_000);
    await put(storage, "/r/a", "3");
    expect((await storage.get("/r/a", { revision: 2 }))?.value.toString()).toBe("1");
    await clock.advance(20_000);
    await vi.waitFor(async () => expect((await storage.statistics()).compactRevision).toBe(3));
    await expect(storage.get("/r/a", { revision: 2 })).rejects.toThrow(CompactedError);
    expect((await storage.get("/r/a", { revision: 3 }))?.value.toString()).toBe("2");
    await clock.advance(60_000);
    await vi.waitFor(async () => expect((await storage.statistics()).compactRevision).toBe(4));
    expect(await storage.statistics()).toMatchObject({ historyVersions: 0, historyBytes: 0 });
  });

  test("is forgotten by size without waiting, and the disk gives the space back", async () => {
    const storage = await open({ historyBytesMax: 200_000 });
    for (let i = 0; i < 20; i++) await fill(storage, 500);
    await vi.waitFor(async () => {
      expect((await storage.statistics()).historyBytes).toBeLessThanOrEqual(200_000);
    });
    const { keys, compactRevision, revision, historyVersions } = await storage.statistics();
    expect(keys).toBe(50);
    expect(compactRevision).toBeGreaterThan(9000);
    expect(revision).toBe(10_001);
    expect(historyVersions).toBeLessThan(200);
    await storage.close();
    const rows: string[] = [];
    await edit(async (database) => {
      rows.push(...(await database.keys({ gte: "r", lt: "s" }).all()));
    });
    expect(rows.length).toBeLessThanOrEqual(50 + historyVersions);
  });

  const edit = async (change: (database: Level<string, string>) => Promise<void>) => {
    const database = new Level<string, string>(join(directory, "level"));
    await database.open();
    await change(database);
    await database.close();
  };
});
