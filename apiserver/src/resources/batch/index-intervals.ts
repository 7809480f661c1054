// Indexes of an Indexed Job in a text, ascending: `0,3-5,9` (upstream: batch validation validateIndexesFormat).
import { parseGoInt } from "@coracle/shared/machinery/go-int";

/** Upstream's words for what is wrong with the text. */
export class IndexError extends Error {}

interface Interval {
  first: number;
  last: number;
}

function parseIndex(text: string, completions: number): number {
  const index = parseGoInt(text, "strconv.Atoi");
  if (typeof index !== "bigint") {
    throw new IndexError(`cannot convert string to integer for index: ${JSON.stringify(text)}`);
  }
  if (index >= BigInt(completions))
    throw new IndexError(`too large index: ${JSON.stringify(text)}`);
  return Number(index);
}

function parseInterval(text: string, completions: number): Interval {
  const [from = "", to, ...more] = text.split("-");
  if (more.length > 0) {
    throw new IndexError(
      `the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`,
    );
  }
  const first = parseIndex(from, completions);
  if (to === undefined) return { first, last: first };
  const last = parseIndex(to, completions);
  if (first >= last) {
    throw new IndexError(`non-increasing order, previous: ${first}, current: ${last}`);
  }
  return { first, last };
}

/** How many indexes the text names. Throws IndexError. */
export function countIndexes(text: string, completions: number): number {
  if (text === "") return 0;
  let total = 0;
  let previous: number | undefined;
  for (const part of text.split(",")) {
    const { first, last } = parseInterval(part, completions);
    if (previous !== undefined && previous >= first) {
      throw new IndexError(`non-increasing order, previous: ${previous}, current: ${first}`);
    }
    total += last - first + 1;
    previous = last;
  }
  return total;
}

/** The complaint about the text; undefined when it is well-formed. */
export function indexComplaint(text: string, completions: number): string | undefined {
  try {
    countIndexes(text, completions);
    return undefined;
  } catch (error) {
    if (error instanceof IndexError) return error.message;
    throw error;
  }
}

/** Intervals that are well-formed; the others are reported elsewhere. */
function intervalsOf(text: string, completions: number): Interval[] {
  if (text === "") return [];
  return text.split(",").flatMap((part) => {
    try {
      return [parseInterval(part, completions)];
    } catch (error) {
      if (error instanceof IndexError) return [];
      throw error;
    }
  });
}

/** The first index that both texts name, as a walk along both finds it. */
export function commonIndex(a: string, b: string, completions: number): number | undefined {
  const left = intervalsOf(a, completions);
  const right = intervalsOf(b, completions);
  for (let i = 0, j = 0; i < left.length && j < right.length; ) {
    const x = left[i] as Interval;
    const y = right[j] as Interval;
    if (x.first <= y.last && y.first <= x.last) return Math.max(x.first, y.first);
    if (x.first <= y.first) i++;
    else j++;
  }
  return undefined;
}
