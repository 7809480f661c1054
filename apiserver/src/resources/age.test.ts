import { expect, test } from "vitest";
import { age, humanDuration } from "./age.ts";

const S = 1000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

test.each<[number, string]>([
  [-2 * S, "<invalid>"],
  [-1.9 * S, "0s"],
  [0, "0s"],
  [119 * S, "119s"],
  [120 * S, "2m"],
  [121 * S, "2m1s"],
  [9 * M + 59 * S, "9m59s"],
  [10 * M, "10m"],
  [179 * M, "179m"],
  [3 * H, "3h"],
  [7 * H + 59 * M, "7h59m"],
  [8 * H + 30 * M, "8h"],
  [47 * H, "47h"],
  [48 * H, "2d"],
  [49 * H, "2d1h"],
  [7 * D + 23 * H, "7d23h"],
  [8 * D, "8d"],
  [729 * D, "729d"],
  [730 * D, "2y"],
  [731 * D, "2y1d"],
  [8 * 365 * D, "8y"],
])("%d ms is %s", (ms, text) => {
  expect(humanDuration(ms)).toBe(text);
});

test("age of an absent time is unknown", () => {
  expect(age(undefined, 0)).toBe("<unknown>");
  expect(age("2026-01-01T00:00:00Z", Date.UTC(2026, 0, 1, 0, 5))).toBe("5m");
});
