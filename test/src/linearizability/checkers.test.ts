// The checkers must find what is wrong, or all that they approve says nothing.
import { seededRandom } from "@coracle/shared/runtime/random";
import { describe, expect, test } from "vitest";
import { checkRegisters } from "./register-checker.ts";
import { applyOperation, type RegisterOperation } from "./register-history.ts";
import { checkRevisions, type WatchedEvent } from "./revision-checker.ts";

/** `0-4 create a`, `2-5 replace a b refused`, `3-? delete a`, `6-7 read ""` */
function history(...lines: string[]): RegisterOperation[] {
  return lines.map((line, client) => {
    const [times = "", kind = "", ...words] = line.split(" ");
    const [start = "", end = ""] = times.split("-");
    const outcome = end === "?" ? "unknown" : words.at(-1) === "refused" ? "refused" : "done";
    const word = (i: number) => (words[i] === '""' ? "" : (words[i] ?? ""));
    const isSwap = kind === "replace" || kind === "delete";
    return {
      client,
      key: "k",
      kind: kind as RegisterOperation["kind"],
      expected: isSwap ? word(0) : "",
      value: kind === "delete" ? "" : word(isSwap ? 1 : 0),
      outcome,
      start: Number(start),
      end: end === "?" ? Number.POSITIVE_INFINITY : Number(end),
      revision: 0,
    };
  });
}

describe("a history of one object is approved", () => {
  test.each([
    ["one after the other", ['0-1 read ""', "2-3 create a", "4-5 replace a b", "6-7 read b"]],
    ["a read beside a write may see either", ["0-1 create a", "2-9 replace a b", "3-4 read a"]],
    ["or the other", ["0-1 create a", "2-9 replace a b", "3-4 read b", "5-6 read b"]],
    ["of two swaps one is refused", ["0-1 create a", "2-5 replace a b", "3-6 replace a c refused"]],
    ["a write without an answer may be done late", ["0-? create a", '1-2 read ""', "8-9 read a"]],
    ["or never", ["0-? create a", '1-2 read ""', "3-4 create b", "5-6 read b"]],
    ["it explains a refusal", ["0-1 create a", "2-? replace a b", "5-6 replace a c refused"]],
    ["gone and made again", ["0-1 create a", "2-3 delete a", '4-5 read ""', "6-7 create b"]],
  ])("%s", (_name, lines) => {
    expect(checkRegisters(history(...lines))).toEqual({ linearizable: true });
  });
});

describe("a history of one object is rejected", () => {
  test.each([
    ["a read of the past", ["0-1 create a", "2-3 replace a b", "4-5 read a"]],
    ["a read that goes back", ["0-1 create a", "2-9 replace a b", "3-4 read b", "5-6 read a"]],
    ["two winners", ["0-1 create a", "2-5 replace a b", "3-6 replace a c"]],
    ["two creations", ["0-5 create a", "1-6 create b"]],
    ["a lost write", ["0-1 create a", '2-3 read ""']],
    ["a refusal without a reason", ["0-1 create a", "2-3 replace a b refused", "4-5 read a"]],
    ["a value from nowhere", ["0-1 create a", "2-3 read x"]],
    ["a write that began after it was read", ["0-1 read a", "2-? create a"]],
    ["an unanswered write that comes and goes", ["0-? create a", "1-2 read a", '3-4 read ""']],
  ])("%s", (_name, lines) => {
    expect(checkRegisters(history(...lines))).toMatchObject({ linearizable: false, key: "k" });
  });
});

/** Clients at once, each operation taking effect somewhere between its start and its end. */
function simulated(seed: number): RegisterOperation[] {
  const random = seededRandom(seed);
  const operations: RegisterOperation[] = [];
  let state = "";
  for (let i = 0; i < 60; i++) {
    const kind = (["read", "create", "replace", "delete"] as const)[random.integer(4)] as "read";
    const at = 10 * i;
    const operation: RegisterOperation = {
      client: i % 5,
      key: "k",
      kind,
      expected: random.integer(3) === 0 ? `v${random.integer(60)}` : state,
      value: kind === "read" ? state : kind === ("delete" as string) ? "" : `v${i}`,
      outcome: "done",
      start: at - random.integer(40),
      end: at + random.integer(40),
      revision: 0,
    };
    const after = applyOperation(state, operation);
    if (after === undefined) operation.outcome = "refused";
    else state = after;
    if (kind !== "read" && random.integer(6) === 0) {
      operation.outcome = "unknown";
      operation.end = Number.POSITIVE_INFINITY;
    }
    operations.push(operation);
  }
  return operations;
}

test("what atomic objects do is approved, and a read of an old state is not", () => {
  let spoiled = 0;
  for (let seed = 1; seed <= 150; seed++) {
    const operations = simulated(seed);
    expect(checkRegisters(operations), `seed ${seed}`).toEqual({ linearizable: true });
    const stale: RegisterOperation = {
      ...(operations[0] as RegisterOperation),
      kind: "read",
      outcome: "done",
      value: "never written",
      start: 100,
      end: 110,
    };
    expect(checkRegisters([...operations, stale]).linearizable, `seed ${seed}`).toBe(false);
    spoiled++;
  }
  expect(spoiled).toBe(150);
});

describe("revisions and watches", () => {
  const write = (value: string, revision: number, start: number): RegisterOperation => ({
    client: 0,
    key: value.slice(0, 1),
    kind: "create",
    expected: "",
    value,
    outcome: "done",
    start,
    end: start + 1,
    revision,
  });
  const added = (value: string, revision: number): WatchedEvent => ({
    type: "ADDED",
    key: value.slice(0, 1),
    value,
    revision,
  });
  const writes = [write("a1", 5, 0), write("b1", 6, 2)];
  const events = [added("a1", 5), added("b1", 6)];

  test("are approved when all see the same", () => {
    expect(checkRevisions(writes, [events, events])).toEqual([]);
  });

  test.each<[string, RegisterOperation[], WatchedEvent[][], RegExp]>([
    [
      "a later write has a smaller revision",
      [write("a1", 6, 0), write("b1", 5, 2)],
      [events],
      /after 6/,
    ],
    ["a watcher goes back", writes, [events.toReversed()], /saw revision 5 after 6/],
    ["a watcher sees something twice", writes, [[...events, added("b1", 6)]], /after 6/],
    ["a watcher misses something", writes, [events, events.slice(1)], /watcher 1 saw ADDED b=b1/],
    [
      "an acknowledged write is nowhere",
      writes,
      [events.slice(1)],
      /a=a1 was written at 5, watchers/,
    ],
    ["something is seen that nobody wrote", writes.slice(1), [events], /a=a1 was seen, but never/],
    [
      "a refused write was done",
      [{ ...(writes[0] as RegisterOperation), outcome: "refused" }, ...writes.slice(1)],
      [events],
      /was refused, and done/,
    ],
    [
      "something is added that is there",
      [...writes, write("a2", 7, 4)],
      [[...events, added("a2", 7)]],
      /saw a ADDED at 7, which it cannot be/,
    ],
  ])("%s", (_name, operations, watchers, words) => {
    expect(checkRevisions(operations, watchers).join("\n")).toMatch(words);
  });
});
