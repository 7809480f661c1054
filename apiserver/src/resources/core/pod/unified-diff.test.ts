import { expect, test } from "vitest";
import { unifiedDiff } from "./unified-diff.ts";

const lines = (...list: (string | number)[]): string => list.join("\n");

test("equal texts have no difference", () => {
  expect(unifiedDiff("a\nb", "a\nb")).toBe("");
});

test.each<[string, string, string, string]>([
  ["a change", lines(1, 2, 3), lines(1, "x", 3), "@@ -1,3 +1,3 @@\n 1\n-2\n+x\n 3\n"],
  ["an addition at the end", lines(1), lines(1, 2), "@@ -1 +1,2 @@\n 1\n+2\n"],
  ["a removal at the start", lines(1, 2), lines(2), "@@ -1,2 +1 @@\n-1\n 2\n"],
  [
    "two changes far apart make two groups",
    lines("a", 1, 2, 3, 4, 5, 6, 7, "b"),
    lines("x", 1, 2, 3, 4, 5, 6, 7, "y"),
    "@@ -1,4 +1,4 @@\n-a\n+x\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+y\n",
  ],
  [
    "two changes close together make one",
    lines("a", 1, 2, 3, 4, 5, 6, "b"),
    lines("x", 1, 2, 3, 4, 5, 6, "y"),
    "@@ -1,8 +1,8 @@\n-a\n+x\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+y\n",
  ],
])("%s", (_, from, to, difference) => {
  expect(unifiedDiff(from, to)).toBe(difference);
});

test("a line that fills the text starts no match", () => {
  const from = Array.from({ length: 200 }, (_, i) => (i === 100 ? "own" : "common")).join("\n");
  const to = from.replace("own", "other");
  expect(unifiedDiff(from, to)).toContain("-own\n");
});
