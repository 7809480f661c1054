// Compaction and leases.
import { describe, expect, test, vi } from "vitest";
import { CompactedError, FutureRevisionError } from "../storage.ts";
import { brief, type Contract } from "./contract.ts";

export function compactionContract({ store, put, remove, list, record }: Contract): void {
  describe("compaction", () => {
    test("forgets what is older, and nothing else", async () => {
      await put("/r/a", "1");
      await put("/r/b", "1");
      await put("/r/a", "2");
      await remove("/r/b");
      await put("/r/a", "3");
      await store().compact(4);
      expect(await list("/r/", 4)).toEqual(["/r/a=2", "/r/b=1"]);
      expect(await list("/r/", 5)).toEqual(["/r/a=2"]);
      expect(await list("/r/")).toEqual(["/r/a=3"]);
      await expect(store().get("/r/a", { revision: 3 })).rejects.toThrow(CompactedError);
      await expect(store().range({ prefix: "/r/", revision: 3 })).rejects.toMatchObject({
        requestedRevision: 3,
        compactRevision: 4,
      });
      const late = record("/r/", 4);
      await vi.waitFor(() => expect(late.errors[0]).toBeInstanceOf(CompactedError));
      const inTime = record("/r/", 5);
      await vi.waitFor(() => expect(inTime.events).toHaveLength(2));
      expect(inTime.events.map(brief)).toEqual(["delete /r/b at 5", "put /r/a=3 at 6, created 2"]);
    });

    test("can be repeated, but not for the future", async () => {
      await put("/r/a", "1");
      await put("/r/a", "2");
      await store().compact(3);
      await store().compact(2);
      expect(await list("/r/", 3)).toEqual(["/r/a=2"]);
      await expect(store().compact(4)).rejects.toThrow(FutureRevisionError);
    });

    test("does not disturb writers or watchers", async () => {
      const seen = record("/r/", 2);
      await vi.waitFor(() => expect(seen.revision()).toBe(1));
      const writers = Array.from({ length: 4 }, async (_, writer) => {
        for (let i = 0; i < 100; i++) {
          if (i % 10 === 9) await remove(`/r/${writer}`);
          else await put(`/r/${writer}`, `${i}`);
        }
      });
      for (let i = 0; i < 10; i++) {
        await put("/r/other", `${i}`);
        await store().compact(await store().currentRevision());
      }
      await Promise.all(writers);
      await vi.waitFor(() => expect(seen.events).toHaveLength(410));
      expect(seen.events.map((event) => event.revision)).toEqual(
        Array.from({ length: 410 }, (_, i) => i + 2),
      );
      expect(await list("/r/")).toEqual(["/r/other=9"]);
    });
  });
}

export function leasesContract({
  store,
  put,
  list,
  record,
  pass,
  restart,
  traits,
}: Contract): void {
  describe("leases", () => {
    test("delete their keys when they end, each with its own event", async () => {
      const seen = record("/r/", 2);
      const lease = await store().grantLease(60);
      await put("/r/a", "1", lease);
      await put("/r/b", "1", lease);
      await put("/r/kept", "1", lease);
      await put("/r/kept", "2");
      await pass(40_000);
      expect(await list("/r/")).toHaveLength(3);
      await pass(30_000);
      await vi.waitFor(async () => expect(await list("/r/")).toEqual(["/r/kept=2"]));
      await vi.waitFor(() => expect(seen.events).toHaveLength(6));
      expect(seen.events.slice(4).map(brief)).toEqual([
        "delete /r/a at 6",
        `delete /r/b at ${traits.leaseEndsInOneRevision ? 6 : 7}`,
      ]);
    });

    test("are named by their keys, and say how long they go on", async () => {
      const lease = await store().grantLease(600);
      await put("/r/a", "1", lease);
      await put("/r/b", "1");
      expect((await store().get("/r/a"))?.lease).toBe(lease);
      expect((await store().range({ prefix: "/r/" })).items.map((item) => item.lease)).toEqual([
        lease,
        undefined,
      ]);
      expect(await store().leaseSeconds(lease)).toBeGreaterThan(0);
      expect(await store().leaseSeconds(lease)).toBeLessThanOrEqual(600);
      await store().revokeLease(lease);
      expect(await store().leaseSeconds(lease)).toBeUndefined();
    });

    test("are revoked at once on request", async () => {
      const lease = await store().grantLease(60);
      await put("/r/a", "1", lease);
      await store().revokeLease(lease);
      expect(await list("/r/")).toEqual([]);
      await store().revokeLease(lease);
      await expect(put("/r/b", "1", lease)).rejects.toThrow("lease");
    });

    test("survive a restart, and end while the store is closed", async () => {
      const short = await store().grantLease(60);
      const long = await store().grantLease(600);
      await put("/r/short", "1", short);
      await put("/r/long", "1", long);
      await restart();
      expect(await list("/r/")).toHaveLength(2);
      await pass(70_000);
      await vi.waitFor(async () => expect(await list("/r/")).toEqual(["/r/long=1"]));
      await put("/r/long2", "1", long);
      await restart();
      await pass(600_000);
      await vi.waitFor(async () => expect(await list("/r/")).toEqual([]));
    });
  });
}
