// Revisions, compare-and-swap, transactions, concurrent writers.
import { describe, expect, test } from "vitest";
import type { Contract } from "./contract.ts";

export function writesContract({ store, put, create, remove, read }: Contract): void {
  describe("writes", () => {
    test("an empty store is at revision 1, and each write takes the next revision", async () => {
      expect(await store().currentRevision()).toBe(1);
      expect(await put("/r/a", "1")).toBe(2);
      expect(await put("/r/b", "1")).toBe(3);
      expect(await remove("/r/a")).toBe(4);
      expect(await store().currentRevision()).toBe(4);
    });

    test("a key keeps its create revision until it is deleted", async () => {
      await put("/r/a", "1");
      await put("/r/a", "2");
      expect(await store().get("/r/a")).toMatchObject({ revision: 3, createRevision: 2 });
      await remove("/r/a");
      expect(await store().get("/r/a")).toBeUndefined();
      await put("/r/a", "3");
      expect(await store().get("/r/a")).toMatchObject({ revision: 5, createRevision: 5 });
    });

    test("a failed compare changes nothing and returns what is there", async () => {
      const created = await create("/r/a", "1");
      expect(created).toEqual({ succeeded: true, revision: 2 });
      const result = await store().transaction(
        [
          { key: "/r/a", revision: 0 },
          { key: "/r/none", revision: 7 },
        ],
        [{ type: "put", key: "/r/b", value: Buffer.from("x") }],
      );
      expect(result.succeeded).toBe(false);
      const current = result.succeeded ? [] : result.current;
      expect(current.map((item) => item && [item.value.toString(), item.revision])).toEqual([
        ["1", 2],
        undefined,
      ]);
      expect(await read("/r/b")).toBeUndefined();
      expect(await store().currentRevision()).toBe(2);
    });

    test("a deletion compares too, and a deleted key compares as absent", async () => {
      await put("/r/a", "1");
      const stale = await store().transaction(
        [{ key: "/r/a", revision: 1 }],
        [{ type: "delete", key: "/r/a" }],
      );
      expect(stale.succeeded).toBe(false);
      const fresh = await store().transaction(
        [{ key: "/r/a", revision: 2 }],
        [{ type: "delete", key: "/r/a" }],
      );
      expect(fresh).toEqual({ succeeded: true, revision: 3 });
      expect((await create("/r/a", "2")).succeeded).toBe(true);
    });
  });
}

export function transactionsContract({ store, put, remove, list }: Contract): void {
  describe("transactions", () => {
    test("a transaction applies all of its operations at one revision", async () => {
      await put("/r/a", "1");
      await store().transaction(
        [],
        [
          { type: "put", key: "/r/b", value: Buffer.from("2") },
          { type: "delete", key: "/r/a" },
          { type: "put", key: "/r/c", value: Buffer.from("3") },
        ],
      );
      expect(await list("/r/")).toEqual(["/r/b=2", "/r/c=3"]);
      expect(await list("/r/", 2)).toEqual(["/r/a=1"]);
      expect((await store().get("/r/b"))?.revision).toBe(3);
      expect((await store().get("/r/c"))?.revision).toBe(3);
    });

    test("a key twice in a transaction is refused, and nothing of it applied", async () => {
      const value = Buffer.from("1");
      const twice = [
        { type: "put" as const, key: "/r/a", value },
        { type: "delete" as const, key: "/r/a" },
      ];
      await expect(store().transaction([], twice)).rejects.toThrow();
      expect(await store().currentRevision()).toBe(1);
    });

    test("what changes nothing takes no revision", async () => {
      await put("/r/a", "1");
      expect(await remove("/r/none")).toBe(2);
      expect(await store().transaction([{ key: "/r/a", revision: 2 }], [])).toEqual({
        succeeded: true,
        revision: 2,
      });
      expect(await put("/r/b", "1")).toBe(3);
    });
  });
}

export function contentionContract({ store, put, create, read }: Contract): void {
  describe("contention", () => {
    test("of many that create one key at once, one wins and the others see it", async () => {
      const results = await Promise.all(
        Array.from({ length: 40 }, (_, i) => create("/r/one", `writer ${i}`)),
      );
      expect(results.filter((result) => result.succeeded)).toHaveLength(1);
      const winner = await read("/r/one");
      for (const result of results) {
        if (!result.succeeded) expect(result.current[0]?.value.toString()).toBe(winner);
      }
    });

    test("concurrent read-modify-writes lose no update", async () => {
      await put("/r/counter", "0");
      const increment = async (): Promise<void> => {
        for (;;) {
          const now = await store().get("/r/counter");
          const value = Buffer.from(String(Number(now?.value.toString()) + 1));
          const result = await store().transaction(
            [{ key: "/r/counter", revision: now?.revision ?? 0 }],
            [{ type: "put", key: "/r/counter", value }],
          );
          if (result.succeeded) return;
        }
      };
      await Promise.all(Array.from({ length: 25 }, increment));
      expect(await read("/r/counter")).toBe("25");
      expect(await store().currentRevision()).toBe(27);
    });
  });
}
