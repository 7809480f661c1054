import { expect, it } from "vitest";
import { deepEqual } from "./deep-equal.ts";

it.each([
  [1, 1, true],
  [1, 2, false],
  ["", undefined, false],
  [undefined, {}, true],
  [null, [], true],
  [{ a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1 }, true],
  [{ a: 1 }, { a: 1, b: {} }, true],
  [{ a: 1 }, { a: 1, b: 0 }, false],
  [[1, 2], [2, 1], false],
  [[1], [1, 2], false],
  [{ a: [] }, { a: {} }, false],
])("%j and %j: %s", (a, b, expected) => {
  expect(deepEqual(a, b)).toBe(expected);
  expect(deepEqual(b, a)).toBe(expected);
});
