// Restart and close.
import { describe, expect, test, vi } from "vitest";
import { CompactedError, StorageClosedError } from "../storage.ts";
import { brief, type Contract } from "./contract.ts";

export function lifeContract({ store, put, remove, list, record, restart }: Contract): void {
  describe("life", () => {
    test("a restart keeps values, revisions, history and what was compacted", async () => {
      for (let i = 0; i < 60; i++) {
        if (i % 6 === 5) await remove(`/r/${i % 4}`);
        else await put(`/r/${i % 4}`, `${i}`);
      }
      await store().compact(30);
      const states: string[][] = [];
      const current = await store().currentRevision();
      for (let revision = 30; revision <= current; revision++) {
        states.push(await list("/r/", revision));
      }
      const before = record("/r/", 31);
      await vi.waitFor(() => expect(before.events.at(-1)?.revision).toBe(current));
      await restart();
      expect(await store().currentRevision()).toBe(current);
      for (const [i, state] of states.entries()) expect(await list("/r/", 30 + i)).toEqual(state);
      await expect(store().get("/r/0", { revision: 29 })).rejects.toThrow(CompactedError);
      const after = record("/r/", 31);
      await vi.waitFor(() => expect(after.events).toHaveLength(before.events.length));
      expect(after.events.map(brief)).toEqual(before.events.map(brief));
    });

    test("revisions do not go back when everything is deleted and compacted", async () => {
      await put("/r/a", "1");
      await remove("/r/a");
      await store().compact(3);
      await restart();
      expect(await store().currentRevision()).toBe(3);
      expect(await put("/r/a", "2")).toBe(4);
      expect(await store().get("/r/a")).toMatchObject({ createRevision: 4 });
    });

    test("a closed store finishes what it took, then refuses", async () => {
      const seen = record("/r/", 2);
      const writes = Array.from({ length: 20 }, (_, i) => put(`/r/${i}`, "1"));
      await store().close();
      await expect(Promise.all(writes)).resolves.toHaveLength(20);
      expect(seen.errors[0]).toBeInstanceOf(StorageClosedError);
      await expect(put("/r/late", "1")).rejects.toThrow(StorageClosedError);
      await expect(store().get("/r/0")).rejects.toThrow(StorageClosedError);
      await restart();
      expect(await list("/r/")).toHaveLength(20);
    });
  });
}
