import { expect, it } from "vitest";
import { warningHeaders } from "./warning-headers.ts";

it("gives each text once, quoted", () => {
  expect(warningHeaders(['a "b" \\', "", 'a "b" \\'])).toEqual(['299 - "a \\"b\\" \\\\"']);
});

it("cuts texts short once all together are longer than 4,096 characters", () => {
  const texts = Array.from({ length: 20 }, (_, i) => `${i}${"x".repeat(300)}`);
  const headers = warningHeaders(texts);
  expect(headers).toHaveLength(16);
  expect(headers.map(({ length }) => length)).toEqual(headers.map(() => '299 - ""'.length + 256));
});

it("leaves out what has control characters, and writes others than ASCII as UTF-8", () => {
  expect(warningHeaders(["a\nb", "a\u0085", "ä"])).toEqual(['299 - "Ã¤"']);
});
