import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalMicroTime, canonicalTime, formatDuration, parseDuration } from "./go-time.ts";

describe("times", () => {
  it.each([
    ["2020-02-29T23:59:59Z", "2020-02-29T23:59:59Z"],
    ["2020-02-29T5:59:59.999Z", "2020-02-29T05:59:59Z"],
    ["2019-12-31T23:30:00-01:00", "2020-01-01T00:30:00Z"],
    ["0001-01-01T00:00:00Z", null],
    ["1969-07-20T20:17:40Z", "1969-07-20T20:17:40Z"],
  ])("%s → %s", (given, want) => expect(canonicalTime(given)).toBe(want));

  it("agrees with Date on every second that both know", () => {
    fc.assert(
      fc.property(fc.integer({ min: -60_000_000_000, max: 250_000_000_000 }), (seconds) => {
        const iso = `${new Date(seconds * 1000).toISOString().slice(0, 19)}+00:00`;
        expect(canonicalTime(iso)).toBe(iso.replace("+00:00", "Z"));
      }),
    );
  });

  it.each([
    ["2019-02-29T00:00:00Z", 'parsing time "2019-02-29T00:00:00Z": day out of range'],
    ["2020-01-01T24:00:00Z", 'parsing time "2020-01-01T24:00:00Z": hour out of range'],
    ["2020-01-01T00:00:00Zx", 'parsing time "2020-01-01T00:00:00Zx": extra text: "x"'],
    [
      "2020-01-01",
      'parsing time "2020-01-01" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"',
    ],
  ])("%s is refused", (given, message) => expect(() => canonicalTime(given)).toThrow(message));

  it("micro times need six digits", () => {
    expect(canonicalMicroTime("2020-01-01T00:00:00.123456+02:00")).toBe(
      "2019-12-31T22:00:00.123456Z",
    );
    expect(() => canonicalMicroTime("2020-01-01T00:00:00Z")).toThrow(
      'cannot parse "Z" as ".000000"',
    );
  });
});

describe("durations", () => {
  it.each([
    ["1h30m", "1h30m0s"],
    ["90s", "1m30s"],
    ["1.5ms", "1.5ms"],
    ["-2us", "-2µs"],
    ["0", "0s"],
  ])("%s → %s", (given, want) => expect(formatDuration(parseDuration(given))).toBe(want));

  it.each([
    ["", 'time: invalid duration ""'],
    ["5", 'time: missing unit in duration "5"'],
    ["5x", 'time: unknown unit "x" in duration "5x"'],
  ])("%j is refused", (given, message) => expect(() => parseDuration(given)).toThrow(message));
});
