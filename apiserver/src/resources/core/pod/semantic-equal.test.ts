import { expect, test } from "vitest";
import { semanticEqual } from "./semantic-equal.ts";

test.each<[string, unknown, unknown, boolean]>([
  ["absent and null", undefined, null, true],
  ["absent and an empty list", { a: [] }, {}, true],
  ["absent and an empty struct", { securityContext: {} }, {}, false],
  ["absent and an empty map", { nodeSelector: {} }, {}, true],
  ["absent and false", { stdin: false }, {}, false],
  ["members in another order", { a: 1, b: 2 }, { b: 2, a: 1 }, true],
  ["items in another order", { a: [1, 2] }, { a: [2, 1] }, false],
  ["a list and a struct", { a: [1] }, { a: { 0: 1 } }, false],
  ["quantities of one value", { limits: { cpu: "1" } }, { limits: { cpu: "1000m" } }, true],
  ["quantities of two values", { limits: { cpu: "1" } }, { limits: { cpu: "2" } }, false],
  ["one resource more", { limits: { cpu: "1" } }, { limits: { cpu: "1", memory: "1" } }, false],
  ["labels that look like quantities", { labels: { a: "1" } }, { labels: { a: "1000m" } }, false],
])("%s: equal both ways", (_, a, b, equal) => {
  expect(semanticEqual(a, b)).toBe(equal);
  expect(semanticEqual(b, a)).toBe(equal);
});
