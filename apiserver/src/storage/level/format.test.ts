// Migrations of a store directory: what they leave, wherever they are interrupted.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SimulatedClock } from "@coracle/shared/runtime/clock";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StorageOpenError } from "../storage.ts";
import { makeFormat1, readRows } from "./crash-test/format-1-fixture.ts";
import { ensureFormat, type FormatOptions, type Migration } from "./format.ts";
import { openLevelStorage } from "./level-storage.ts";
import { type Database, openDatabase, writeRows } from "./open-directory.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "coracle-format-"));
});
afterEach(() => rm(directory, { recursive: true }));

const text = (value: string) => Buffer.from(value);

async function withDatabase<T>(use: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase(directory, "test");
  try {
    return await use(database);
  } finally {
    await database.close();
  }
}

/** After `writes` batches each one fails, as if the process had died. Notes which were synced, and what they put. */
function dying(database: Database, writes: number, log: string[][]): Database {
  const batch = () => {
    const inner = database.batch();
    const keys: string[] = [];
    return {
      put(key: string, value: Buffer) {
        keys.push(key);
        inner.put(key, value);
      },
      del: (key: string) => inner.del(key),
      async write(options: { sync: boolean }) {
        if (log.length >= writes) {
          await inner.close();
          throw new Error("died");
        }
        expect(options.sync).toBe(true);
        log.push(keys);
        await inner.write(options);
      },
    };
  };
  return new Proxy(database, {
    get(target, name) {
      if (name === "batch") return batch;
      const member = Reflect.get(target, name, target) as unknown;
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

describe("steps", () => {
  /** Each writes in two batches. */
  const step = (from: number, to: number): Migration => ({
    from,
    to,
    async migrate(_, { write }) {
      await write([{ type: "put", key: `a-${to}`, value: text("1") }]);
      await write([{ type: "put", key: `b-${to}`, value: text("1") }]);
    },
  });
  const migrations = [step(3, 4), step(4, 6)];
  const upgrade = (options: FormatOptions, database: Database) =>
    ensureFormat(database, directory, { migrations, format: 6, ...options });
  const start = () =>
    withDatabase((database) =>
      writeRows(database, [{ type: "put", key: "m.format", value: text('{"format":3}') }], true),
    );

  test("run in order, each followed by its format", async () => {
    await start();
    const log: string[][] = [];
    await withDatabase((database) => upgrade({}, dying(database, 99, log)));
    expect(log.flat()).toEqual(["a-4", "b-4", "m.format", "a-6", "b-6", "m.format"]);
  });

  test.each([0, 1, 2, 3, 4, 5])(
    "that die after %i writes begin again, and end the same",
    async (writes) => {
      await start();
      const log: string[][] = [];
      const first = withDatabase((database) => upgrade({}, dying(database, writes, log)));
      await expect(first).rejects.toThrow("died");
      const expected = writes < 3 ? 3 : 4;
      const format = await withDatabase((database) => database.get("m.format"));
      expect(format?.toString()).toBe(`{"format":${expected}}`);
      await withDatabase((database) => upgrade({}, database));
      const rows = await readRows(directory);
      expect(rows.map(([key]) => key)).toEqual(["a-4", "a-6", "b-4", "b-6", "m.format"]);
      expect(rows.at(-1)?.[1]).toBe('{"format":6}');
    },
  );

  test("that lead nowhere are refused before anything is written", async () => {
    await start();
    for (const options of [{ migrations: [] }, { format: 5 }, { format: 2 }]) {
      const log: string[][] = [];
      const refused = withDatabase((database) => upgrade(options, dying(database, 99, log)));
      await expect(refused).rejects.toThrow(StorageOpenError);
      await expect(refused).rejects.toThrow(/has format 3; this version reads and writes format/);
      expect(log).toEqual([]);
    }
  });
});

describe("format 1", () => {
  const KEYS = 40;
  const clock = new SimulatedClock();

  /** Some MiB with history, deletions and leases. Returns what a reader sees. */
  async function fill(): Promise<string[]> {
    const storage = await openLevelStorage({ directory, clock });
    const lease = await storage.grantLease(600);
    for (let i = 0; i < 3 * KEYS; i++) {
      const key = `/r/${i % KEYS}`;
      const value = Buffer.alloc(i === 7 ? 0 : 30_000 + i, `${i} `);
      await storage.transaction([], [{ type: "put", key, value, lease: i % 5 === 0 ? lease : 0 }]);
    }
    await storage.transaction([], [{ type: "delete", key: "/r/3" }]);
    await storage.compact(50);
    await storage.close();
    return await read();
  }

  async function read(): Promise<string[]> {
    const storage = await openLevelStorage({ directory, clock });
    const found: string[] = [];
    for (const revision of [50, 90, 0]) {
      const { items } = await storage.range({ prefix: "/r/", revision });
      for (const { value, ...rest } of items) found.push(`${value} ${JSON.stringify(rest)}`);
    }
    await storage.close();
    return found;
  }

  test("becomes format 2 as it would have been written, whenever it dies on the way", async () => {
    const seen = await fill();
    const written = await readRows(directory);
    let deaths = 0;
    for (let writes = 0; ; writes++) {
      await makeFormat1(directory);
      const dead = await withDatabase((database) =>
        ensureFormat(dying(database, writes, []), directory, {}).then(
          () => false,
          () => true,
        ),
      );
      if (!dead) break;
      deaths++;
      expect(await read()).toEqual(seen);
      expect(await readRows(directory)).toEqual(written);
    }
    expect(deaths).toBeGreaterThan(3);
  });

  test("with a value that is not as it was written is refused", async () => {
    await fill();
    await makeFormat1(directory);
    await withDatabase(async (database) => {
      const [key = ""] = await database.keys({ gte: "r", lt: "s" }).all();
      await writeRows(database, [{ type: "put", key, value: text("short") }], false);
    });
    const opening = openLevelStorage({ directory, clock });
    await expect(opening).rejects.toThrow(/is damaged or incomplete: the value of \/r\/\d+ at/);
  });
});
