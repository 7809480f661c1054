// Indexes of an Indexed Job as ordered intervals, and their text in the status: `0,3-5,9` (upstream: indexed_job_utils.go).

export interface Interval {
  first: number;
  last: number;
}

/** Ascending, without overlaps and neighbours. */
export type Intervals = readonly Interval[];

/** Indexes from `completions` on are left out, and so is what is no index. */
export function parseIntervals(text: string | undefined, completions: number): Intervals {
  const result: Interval[] = [];
  for (const part of (text ?? "") === "" ? [] : (text as string).split(",")) {
    const [from = "", to] = part.split("-");
    if (!isIndex(from) || (to !== undefined && !isIndex(to))) continue;
    const first = Number(from);
    if (first >= completions) break;
    append(result, {
      first,
      last: to === undefined ? first : Math.min(Number(to), completions - 1),
    });
  }
  return result;
}

const isIndex = (text: string): boolean => /^[0-9]+$/.test(text);

function append(list: Interval[], next: Interval): void {
  const last = list.at(-1);
  if (last === undefined || next.first > last.last + 1) list.push({ ...next });
  else last.last = Math.max(last.last, next.last);
}

export function mergeIntervals(a: Intervals, b: Intervals): Intervals {
  const result: Interval[] = [];
  for (const next of [...a, ...b].sort((x, y) => x.first - y.first)) append(result, next);
  return result;
}

export const withIndexes = (intervals: Intervals, indexes: Iterable<number>): Intervals =>
  mergeIntervals(
    intervals,
    [...indexes].map((index) => ({ first: index, last: index })),
  );

export const totalOf = (intervals: Intervals): number =>
  intervals.reduce((total, { first, last }) => total + last - first + 1, 0);

export const hasIndex = (intervals: Intervals, index: number): boolean =>
  intervals.some(({ first, last }) => first <= index && index <= last);

export const formatIntervals = (intervals: Intervals): string =>
  intervals
    .map(({ first, last }) => {
      if (last === first) return String(first);
      return last === first + 1 ? `${first},${last}` : `${first}-${last}`;
    })
    .join(",");

/** How many indexes are in both. */
export function overlapOf(a: Intervals, b: Intervals): number {
  let total = 0;
  for (const x of a) {
    for (const y of b) {
      total += Math.max(0, Math.min(x.last, y.last) - Math.max(x.first, y.first) + 1);
    }
  }
  return total;
}

/** The first `count` indexes below `completions` that are not in `taken`. */
export function freeIndexes(taken: Intervals, count: number, completions: number): number[] {
  const result: number[] = [];
  let candidate = 0;
  const takeUpTo = (end: number) => {
    for (; candidate < Math.min(end, completions) && result.length < count; candidate++) {
      result.push(candidate);
    }
  };
  for (const { first, last } of taken) {
    takeUpTo(first);
    candidate = Math.max(candidate, last + 1);
  }
  takeUpTo(completions);
  return result;
}
