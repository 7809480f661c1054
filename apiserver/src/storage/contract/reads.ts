// Ranges and reads at old revisions.
import { describe, expect, test } from "vitest";
import { FutureRevisionError } from "../storage.ts";
import type { Contract } from "./contract.ts";

export function readsContract({ store, put, remove, read, list }: Contract): void {
  describe("reads", () => {
    test("a range is sorted, within its prefix, and pages", async () => {
      for (const key of ["/r/pods/b", "/r/podsx/a", "/r/pods/a", "/r/pods/c/d", "/r/pod"]) {
        await put(key, "1");
      }
      const first = await store().range({ prefix: "/r/pods/", limit: 2 });
      expect(first.items.map((item) => item.key)).toEqual(["/r/pods/a", "/r/pods/b"]);
      expect(first).toMatchObject({ revision: 6, more: true, count: 3 });
      const rest = await store().range({ prefix: "/r/pods/", startAfter: "/r/pods/b", limit: 2 });
      expect(rest.items.map((item) => item.key)).toEqual(["/r/pods/c/d"]);
      expect(rest).toMatchObject({ more: false, count: 1 });
    });

    test("an old revision shows exactly what was there", async () => {
      const seen: string[][] = [];
      for (let i = 0; i < 30; i++) {
        const key = `/r/${i % 4}`;
        if (i % 7 === 3) await remove(key);
        else await put(key, `${i}`);
        seen[await store().currentRevision()] = await list("/r/");
      }
      for (const [revision, state] of seen.entries()) {
        if (state !== undefined) expect(await list("/r/", revision)).toEqual(state);
      }
      expect(await read("/r/0", 2)).toBe("0");
    });

    test("a scan visits the same as a range, whatever the order", async () => {
      for (let i = 0; i < 50; i++) await put(`/r/${i % 20}`, `${i}`);
      await put("/other/a", "1");
      await remove("/r/3");
      for (const revision of [30, 53]) {
        const found: string[] = [];
        await store().scan({ prefix: "/r/", revision }, (items) => {
          for (const item of items) found.push(`${item.key}=${item.value.toString()}`);
        });
        expect(found.sort()).toEqual((await list("/r/", revision)).sort());
      }
    });

    test("a revision of the future is refused", async () => {
      await expect(store().get("/r/a", { revision: 9 })).rejects.toThrow(FutureRevisionError);
      await expect(store().range({ prefix: "/r/", revision: 9 })).rejects.toThrow(
        FutureRevisionError,
      );
    });
  });
}
