import { expect, it } from "vitest";
import { parseGoDuration } from "./go-duration.ts";

it.each([
  ["0", 0n],
  ["1h30m", 5_400_000_000_000n],
  ["-1.5s", -1_500_000_000n],
  ["+.5us", 500n],
  ["3µs1ns", 3_001n],
  ["1.h", 3_600_000_000_000n],
  ["-9223372036854775808ns", -(2n ** 63n)],
] as const)("%s", (text, nanoseconds) => {
  expect(parseGoDuration(text)).toBe(nanoseconds);
});

it.each([
  ["", 'time: invalid duration ""'],
  ["-", 'time: invalid duration "-"'],
  [".s", 'time: invalid duration ".s"'],
  ["3", 'time: missing unit in duration "3"'],
  ["3d", 'time: unknown unit "d" in duration "3d"'],
  ["9223372036854775808ns", 'time: invalid duration "9223372036854775808ns"'],
])("%s is none", (text, message) => {
  expect(parseGoDuration(text)).toEqual({ message });
});
