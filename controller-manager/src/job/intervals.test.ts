import { describe, expect, it } from "vitest";
import {
  formatIntervals,
  freeIndexes,
  hasIndex,
  overlapOf,
  parseIntervals,
  totalOf,
  withIndexes,
} from "./intervals.ts";

describe("intervals of indexes", () => {
  it("are written with hyphens from three on", () => {
    expect(formatIntervals(withIndexes([], [0, 1, 3, 5, 4, 9]))).toBe("0,1,3-5,9");
  });

  it("are read up to the number of completions", () => {
    expect(parseIntervals("0,2-5,9", 5)).toEqual([
      { first: 0, last: 0 },
      { first: 2, last: 4 },
    ]);
    expect(parseIntervals("0-1,x,2", 9)).toEqual([{ first: 0, last: 2 }]);
    expect(parseIntervals(undefined, 9)).toEqual([]);
  });

  it("know what they hold", () => {
    const intervals = parseIntervals("1-3,7", 10);
    expect([totalOf(intervals), hasIndex(intervals, 2), hasIndex(intervals, 4)]).toEqual([
      4,
      true,
      false,
    ]);
    expect(overlapOf(intervals, parseIntervals("3-7", 10))).toBe(2);
  });

  it("leave others free", () => {
    expect(freeIndexes(parseIntervals("1-2,4", 10), 3, 6)).toEqual([0, 3, 5]);
    expect(freeIndexes([], 2, 6)).toEqual([0, 1]);
  });
});
