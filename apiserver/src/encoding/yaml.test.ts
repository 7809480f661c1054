import { describe, expect, it } from "vitest";
import { plainJson } from "./json-document.ts";
import { encodeYaml } from "./yaml.ts";
import { readYaml } from "./yaml-document.ts";

describe("encodeYaml", () => {
  it("sorts keys and does not indent lists", () => {
    const text = encodeYaml({ kind: "A", apiVersion: "v1", items: [{ b: 1, a: [[]] }] }).toString();
    expect(text).toBe("apiVersion: v1\nitems:\n- a:\n  - []\n  b: 1\nkind: A\n");
  });

  it.each([
    ["plain", "a: plain\n"],
    ["y", 'a: "y"\n'],
    ["1", 'a: "1"\n'],
    ["", 'a: ""\n'],
    ["1:30", 'a: "1:30"\n'],
    ["2026-11-21T00:54:24Z", 'a: "2026-11-21T00:54:24Z"\n'],
    [".inf", 'a: ".inf"\n'],
    ["a: b", "a: 'a: b'\n"],
    ["#x", "a: '#x'\n"],
    [".", "a: .\n"],
    ["x\ny\n", "a: |\n  x\n  y\n"],
    ["x\ny", "a: |-\n  x\n  y\n"],
    ["tab\tx", 'a: "tab\\tx"\n'],
  ])("quotes %j as goyaml does", (value, want) => {
    expect(encodeYaml({ a: value }).toString()).toBe(want);
    expect(plainJson(readYaml(want).node)).toEqual({ a: value });
  });
});

describe("readYaml", () => {
  it("resolves words as goyaml does", () => {
    const text =
      "{a: 0777, b: 0o17, c: 0x1F, d: 1_000, e: +12, f: 1e3, g: .5, h: ~, i: off, j: '5', k: 08}";
    expect(plainJson(readYaml(text).node)).toEqual({
      ...{ a: 511, b: 15, c: 31, d: 1000, e: 12, f: 1000, g: 0.5, h: null, i: false, j: "5" },
      k: 8,
    });
  });

  it("takes integers of 64 bits, larger ones as floats, and what is too large for those as text", () => {
    const [large, huge] = ["1".repeat(30), "9".repeat(400)];
    const text = `{a: -0x8000000000000000, b: ${large}, c: 1_5.5, d: ${huge}, e: 1e400, f: 0x${large}}`;
    expect(plainJson(readYaml(text).node)).toEqual({
      ...{ a: -(2 ** 63), b: Number(large), c: 15.5, d: huge, e: "1e400", f: `0x${large}` },
    });
  });

  it("follows anchors and merge keys", () => {
    const text = "base: &base {x: 1, z: 2}\ncopy: *base\nmore: {<<: *base, z: 3}";
    expect(plainJson(readYaml(text).node)).toMatchObject({
      copy: { x: 1, z: 2 },
      more: { x: 1, z: 3 },
    });
  });

  it.each([
    ["a: [1", "yaml: line 1: did not find expected ',' or ']'"],
    ["a: 1\n b: 2", "yaml: line 2: mapping values are not allowed in this context"],
    ["a: 1\nb", "yaml: line 3: could not find expected ':'"],
    ["- a\nb: c", "yaml: line 1: did not find expected '-' indicator"],
    ["a: - b", "yaml: block sequence entries are not allowed in this context"],
    ["a: @x", "yaml: found character that cannot start any token"],
    ["a:\n   b: c\n  d: e", "yaml: line 2: did not find expected key"],
    ["a: 'x", "yaml: found unexpected end of stream"],
    ["a: .inf", "json: unsupported value: +Inf"],
    ["a: \u0001", "yaml: control characters are not allowed"],
  ])("refuses %j in goyaml's words", (text, want) => expect(() => readYaml(text)).toThrow(want));
});
