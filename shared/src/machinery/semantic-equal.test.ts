import { describe, expect, it } from "vitest";
import { semanticEqual } from "./semantic-equal.ts";

describe("semanticEqual", () => {
  it.each<[unknown, unknown, boolean]>([
    [{ a: 1, b: [1, { c: "x" }] }, { b: [1, { c: "x" }], a: 1 }, true],
    [{ a: 1 }, { a: 1, b: undefined, c: null, d: [], e: {} }, true],
    [{ a: { b: {} } }, {}, true],
    [{ a: 0 }, {}, false],
    [{ a: "" }, {}, false],
    [[], undefined, true],
    [[1], [1, 2], false],
    [[1, 2], [2, 1], false],
    [{ a: 1 }, { a: 2 }, false],
    [{ a: 1 }, { b: 1 }, false],
    ["1", 1, false],
  ])("%j and %j: %s", (a, b, equal) => {
    expect(semanticEqual(a, b)).toBe(equal);
    expect(semanticEqual(b, a)).toBe(equal);
  });
});
