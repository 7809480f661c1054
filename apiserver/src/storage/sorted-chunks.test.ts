import fc from "fast-check";
import { expect, test } from "vitest";
import { prefixEnd, SortedChunks, type SortedView } from "./sorted-chunks.ts";

interface Item {
  key: string;
  value: number;
}

const all = (view: SortedView<Item>) => view.take(view.start, view.end);

test("behaves as a sorted map, and snapshots never change", () => {
  const command = fc.record({
    action: fc.constantFrom("set", "set", "set", "delete", "snapshot", "fork"),
    id: fc.integer({ min: 0, max: 1200 }),
  });
  fc.assert(
    fc.property(fc.array(command, { minLength: 500, maxLength: 3000 }), (commands) => {
      let chunks = new SortedChunks<Item>();
      const model = new Map<string, Item>();
      const expected = () => [...model.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
      const snapshots: { view: SortedView<Item>; items: Item[] }[] = [];
      commands.forEach(({ action, id }, step) => {
        const key = `/r/${id}`;
        if (action === "set") {
          chunks.set({ key, value: step });
          model.set(key, { key, value: step });
        } else if (action === "delete") {
          expect(chunks.delete(key)).toBe(model.delete(key));
        } else if (snapshots.length < 12) {
          const view = chunks.snapshot();
          snapshots.push({ view, items: expected() });
          if (action === "fork") chunks = view.fork();
        }
      });
      snapshots.push({ view: chunks.live, items: expected() });
      for (const { view, items } of snapshots) {
        expect(all(view)).toEqual(items);
        expect(view.size).toBe(items.length);
        expect(all(view.fork().live)).toEqual(items);
      }
    }),
    { numRuns: 30 },
  );
});

test("finds, counts and takes parts", () => {
  const items = Array.from({ length: 5000 }, (_, i) => ({
    key: `/r/${String(i * 2).padStart(5, "0")}`,
    value: i,
  }));
  const view = SortedChunks.from(items).snapshot();
  for (const i of [0, 1, 127, 128, 129, 2500, 4999]) {
    const { key } = items[i] as Item;
    expect(view.get(key)?.value).toBe(i);
    expect(view.at(view.after(key))?.value).toBe(i === 4999 ? undefined : i + 1);
    expect(view.count(view.from(key), view.end)).toBe(5000 - i);
    expect(view.take(view.after(key), view.end, 300)).toEqual(items.slice(i + 1, i + 301));
  }
  expect(view.get("/r/00001")).toBeUndefined();
  expect(view.at(view.from("/r/00001"))?.value).toBe(1);
  const to = view.from(prefixEnd("/r/01"));
  expect(view.take(view.from("/r/01"), to)).toEqual(items.slice(500, 1000));
  expect(view.count(view.from("/r/01"), to)).toBe(500);
  const visited: number[] = [];
  view.visit(view.from("/r/01"), to, (item) => visited.push(item.value) < 3);
  expect(visited).toEqual([500, 501, 502]);
});
