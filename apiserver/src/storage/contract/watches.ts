// Order, completeness and progress of watches.
import { describe, expect, test, vi } from "vitest";
import type { StorageEvent } from "../storage.ts";
import { brief, type Contract } from "./contract.ts";

export function replayContract({ store, put, remove, record }: Contract): void {
  describe("watches over history", () => {
    test("deliver each event once, in order", async () => {
      const seen = record("/r/", 2);
      await put("/r/a", "1");
      await put("/r/a", "2");
      await put("/other/a", "1");
      await remove("/r/a");
      await vi.waitFor(() => expect(seen.events).toHaveLength(3));
      expect(seen.events.map(brief)).toEqual([
        "put /r/a=1 at 2, created 2",
        "put /r/a=2 at 3, created 2",
        "delete /r/a at 5",
      ]);
    });

    test("replay history from any revision, also of deletions, and go on live", async () => {
      const expected: string[] = [];
      const whole = record("/r/", 2);
      for (let i = 0; i < 40; i++) {
        if (i % 5 === 4) await remove(`/r/${i % 3}`);
        else await put(`/r/${i % 3}`, `${i}`);
      }
      const current = await store().currentRevision();
      const late = Array.from({ length: current }, (_, i) => record("/r/", i + 2));
      await put("/r/last", "x");
      await vi.waitFor(() => {
        for (const { events } of [whole, ...late]) expect(events.at(-1)?.key).toBe("/r/last");
      });
      for (const event of whole.events) expected.push(brief(event));
      late.forEach(({ events }, i) => {
        const own = expected.filter((_, j) => (whole.events[j] as StorageEvent).revision >= i + 2);
        expect(events.map(brief)).toEqual(own);
      });
    });

    test("have no gap between history and live events while writers go on", async () => {
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let i = 0; i < 40; i++) {
          if (i % 4 === 3) await remove(`/r/${writer}`);
          else await put(`/r/${writer}`, `${writer}-${i}`);
        }
      });
      const watches: ReturnType<typeof record>[] = [];
      for (let i = 0; i < 10; i++) {
        watches.push(record("/r/", 2));
        await put("/r/other", `${i}`);
      }
      await Promise.all(writers);
      const last = await store().currentRevision();
      await vi.waitFor(() => {
        for (const { events } of watches) expect(events.at(-1)?.revision).toBe(last);
      });
      for (const { events } of watches) {
        expect(events.map((event) => event.revision)).toEqual(
          Array.from({ length: last - 1 }, (_, i) => i + 2),
        );
        const alive = new Set<string>();
        for (const event of events) {
          if (event.type === "delete") {
            expect(alive.delete(event.key)).toBe(true);
            continue;
          }
          expect(event.createRevision === event.revision).toBe(!alive.has(event.key));
          alive.add(event.key);
        }
      }
    });
  });
}

export function watchesContract({ store, put, record, traits }: Contract): void {
  describe("watches", () => {
    test("start in the future when it comes", async () => {
      const seen = record("/r/", 4);
      for (const value of ["1", "2", "3", "4"]) await put("/r/a", value);
      await vi.waitFor(() => expect(seen.events).toHaveLength(2));
      expect(seen.events.map((event) => event.revision)).toEqual([4, 5]);
    });

    test("report progress where there are no events", async () => {
      const seen = record("/r/", 2);
      await put("/other/a", "1");
      await put("/other/b", "1");
      await vi.waitFor(() => expect(seen.revision()).toBe(3));
      expect(seen.events).toEqual([]);
    });

    test("a closed watch is silent", async () => {
      const seen = record("/r/", 2);
      const other = record("/r/", 2);
      await put("/r/a", "1");
      await vi.waitFor(() => expect(seen.events).toHaveLength(1));
      seen.watch.close();
      seen.watch.close();
      await put("/r/a", "2");
      await vi.waitFor(() => expect(other.events).toHaveLength(2));
      expect(seen.events).toHaveLength(1);
    });

    if (!traits.inProcess) return; // an engine of another process has no memo to hand on
    test("run before the writer goes on, with its memo", async () => {
      const seen = record("/r/", 2);
      await vi.waitFor(() => expect(seen.revision()).toBe(1));
      const memo = { parsed: true };
      const value = Buffer.from("1");
      await store().transaction([], [{ type: "put", key: "/r/a", value, memo }]);
      expect(seen.events[0]?.memo).toBe(memo);
    });
  });
}
