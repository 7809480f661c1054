// The difference of two texts as upstream prints it in an error: unified, three lines of context, no file names. The lines
// are matched as Python's difflib does (Ratcliff and Obershelp, popular lines left aside), of which go-difflib is a port:
// another algorithm would print another text.

const CONTEXT = 3;
/** From this many lines on, a line that makes up more than 1 % of the text starts no match. */
const POPULAR_FROM = 200;

interface Match {
  a: number;
  b: number;
  size: number;
}

interface Code {
  tag: "equal" | "replace" | "delete" | "insert";
  a0: number;
  a1: number;
  b0: number;
  b1: number;
}

const linesOf = (text: string): string[] => text.split("\n").map((line) => `${line}\n`);

function positionsOf(lines: readonly string[]): Map<string, number[]> {
  const positions = new Map<string, number[]>();
  lines.forEach((line, i) => {
    const list = positions.get(line);
    if (list) list.push(i);
    else positions.set(line, [i]);
  });
  if (lines.length < POPULAR_FROM) return positions;
  const max = Math.floor(lines.length / 100) + 1;
  for (const [line, list] of positions) if (list.length > max) positions.delete(line);
  return positions;
}

class Matcher {
  readonly #a: readonly string[];
  readonly #b: readonly string[];
  readonly #positions: Map<string, number[]>;

  constructor(a: readonly string[], b: readonly string[]) {
    this.#a = a;
    this.#b = b;
    this.#positions = positionsOf(b);
  }

  /** The longest run of equal lines; of equals the first in a, then the first in b. */
  #longest(a0: number, a1: number, b0: number, b1: number): Match {
    let best: Match = { a: a0, b: b0, size: 0 };
    let lengths = new Map<number, number>();
    for (let i = a0; i < a1; i++) {
      const next = new Map<number, number>();
      for (const j of this.#positions.get(this.#a[i] as string) ?? []) {
        if (j < b0) continue;
        if (j >= b1) break;
        const size = (lengths.get(j - 1) ?? 0) + 1;
        next.set(j, size);
        if (size > best.size) best = { a: i - size + 1, b: j - size + 1, size };
      }
      lengths = next;
    }
    let { a, b, size } = best;
    while (a > a0 && b > b0 && this.#a[a - 1] === this.#b[b - 1]) {
      a--;
      b--;
      size++;
    }
    while (a + size < a1 && b + size < b1 && this.#a[a + size] === this.#b[b + size]) size++;
    return { a, b, size };
  }

  #collect(a0: number, a1: number, b0: number, b1: number, found: Match[]): void {
    const match = this.#longest(a0, a1, b0, b1);
    if (match.size === 0) return;
    const { a, b, size } = match;
    if (a0 < a && b0 < b) this.#collect(a0, a, b0, b, found);
    found.push(match);
    if (a + size < a1 && b + size < b1) this.#collect(a + size, a1, b + size, b1, found);
  }

  /** Runs that touch are one. */
  #matches(): Match[] {
    const found: Match[] = [];
    this.#collect(0, this.#a.length, 0, this.#b.length, found);
    const merged: Match[] = [];
    for (const match of found) {
      const last = merged[merged.length - 1];
      if (last && last.a + last.size === match.a && last.b + last.size === match.b) {
        last.size += match.size;
      } else {
        merged.push({ ...match });
      }
    }
    merged.push({ a: this.#a.length, b: this.#b.length, size: 0 });
    return merged;
  }

  codes(): Code[] {
    const codes: Code[] = [];
    let a0 = 0;
    let b0 = 0;
    for (const { a, b, size } of this.#matches()) {
      const removes = a0 < a;
      const adds = b0 < b;
      if (removes || adds) {
        const tag = removes && adds ? "replace" : removes ? "delete" : "insert";
        codes.push({ tag, a0, a1: a, b0, b1: b });
      }
      a0 = a + size;
      b0 = b + size;
      if (size > 0) codes.push({ tag: "equal", a0: a, a1: a0, b0: b, b1: b0 });
    }
    return codes;
  }
}

/** Changes with the context around them; an equal run longer than two contexts parts two groups. */
function groupsOf(codes: readonly Code[]): Code[][] {
  const groups: Code[][] = [];
  let group: Code[] = [];
  codes.forEach((code, i) => {
    let { tag, a0, a1, b0, b1 } = code;
    if (tag === "equal") {
      if (i === 0) {
        a0 = Math.max(a0, a1 - CONTEXT);
        b0 = Math.max(b0, b1 - CONTEXT);
      }
      if (i === codes.length - 1) {
        a1 = Math.min(a1, a0 + CONTEXT);
        b1 = Math.min(b1, b0 + CONTEXT);
      }
      if (a1 - a0 > 2 * CONTEXT) {
        group.push({ tag, a0, a1: a0 + CONTEXT, b0, b1: b0 + CONTEXT });
        groups.push(group);
        group = [];
        a0 = a1 - CONTEXT;
        b0 = b1 - CONTEXT;
      }
    }
    group.push({ tag, a0, a1, b0, b1 });
  });
  if (group.length > 1 || (group[0] && group[0].tag !== "equal")) groups.push(group);
  return groups;
}

function rangeOf(start: number, stop: number): string {
  const length = stop - start;
  if (length === 1) return `${start + 1}`;
  return `${length === 0 ? start : start + 1},${length}`;
}

/** "" when the texts are equal. */
export function unifiedDiff(from: string, to: string): string {
  const a = linesOf(from);
  const b = linesOf(to);
  let text = "";
  for (const group of groupsOf(new Matcher(a, b).codes())) {
    const first = group[0] as Code;
    const last = group[group.length - 1] as Code;
    text += `@@ -${rangeOf(first.a0, last.a1)} +${rangeOf(first.b0, last.b1)} @@\n`;
    for (const { tag, a0, a1, b0, b1 } of group) {
      if (tag === "equal") {
        for (const line of a.slice(a0, a1)) text += ` ${line}`;
        continue;
      }
      for (const line of a.slice(a0, a1)) text += `-${line}`;
      for (const line of b.slice(b0, b1)) text += `+${line}`;
    }
  }
  return text;
}
