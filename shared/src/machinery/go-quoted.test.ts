import { describe, expect, it } from "vitest";
import { goQuoted } from "./go-quoted.ts";

/** What Go's strconv.Quote prints. */
const cases: readonly [text: string, quoted: string][] = [
  ["", '""'],
  ["a-b c", '"a-b c"'],
  ['a"b\\c', '"a\\"b\\\\c"'],
  ["\u0007\b\f\n\r\t\v", '"\\a\\b\\f\\n\\r\\t\\v"'],
  ["\u0000\u007f\u001b", '"\\x00\\x7f\\x1b"'],
  ["ä😀\ufffd", '"ä😀\ufffd"'],
  ["\u00a0\u2028\ufeff\u200b", '"\\u00a0\\u2028\\ufeff\\u200b"'],
  ["\u{e0001}\ue000\u0378", '"\\U000e0001\\ue000\\u0378"'],
];

describe("goQuoted", () => {
  it.each(cases)("%j", (text, quoted) => {
    expect(goQuoted(text)).toBe(quoted);
  });
});
