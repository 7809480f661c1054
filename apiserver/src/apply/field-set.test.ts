import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeFields,
  difference,
  EMPTY,
  type FieldSet,
  has,
  intersection,
  pathsOf,
  recursiveDifference,
  setOfPaths,
  union,
} from "./field-set.ts";
import { compareElements, pathText } from "./path-element.ts";

const element = fc.constantFrom(
  "f:a",
  "f:b",
  "f:b2",
  'k:{"name":"x"}',
  'k:{"name":"x-1"}',
  'k:{"port":80,"protocol":"TCP"}',
  'k:{"port":443}',
  'v:"s"',
  "v:1",
  "i:2",
  "i:10",
);
const path = fc.array(element, { minLength: 1, maxLength: 4 });
const paths = fc.array(path, { maxLength: 8 });
const texts = (set: FieldSet) => new Set(pathsOf(set).map((p) => p.join(" ")));
const textsOf = (list: string[][]) => new Set(list.map((p) => p.join(" ")));

describe("field sets", () => {
  it("hold exactly the paths put in, in order", () => {
    fc.assert(
      fc.property(paths, (list) => {
        const set = setOfPaths(list);
        expect(texts(set)).toEqual(textsOf(list));
        for (const p of list) expect(has(set, p)).toBe(true);
        expect(JSON.stringify(decodeFields(set))).toBe(JSON.stringify(set));
      }),
    );
  });

  it("are decoded from any order into the canonical one", () => {
    fc.assert(
      fc.property(paths, (list) => {
        const reversed = (node: FieldSet): FieldSet =>
          Object.fromEntries(
            Object.entries(node)
              .reverse()
              .map(([k, v]) => [k, reversed(v)]),
          );
        const set = setOfPaths(list);
        expect(JSON.stringify(decodeFields(reversed(set)))).toBe(JSON.stringify(set));
      }),
    );
  });

  it("unite, intersect and subtract as sets of paths", () => {
    fc.assert(
      fc.property(paths, paths, (left, right) => {
        const [a, b] = [setOfPaths(left), setOfPaths(right)];
        const [ta, tb] = [textsOf(left), textsOf(right)];
        expect(texts(union(a, b))).toEqual(new Set([...ta, ...tb]));
        expect(texts(intersection(a, b))).toEqual(new Set([...ta].filter((p) => tb.has(p))));
        expect(texts(difference(a, b))).toEqual(new Set([...ta].filter((p) => !tb.has(p))));
        const below = [...ta].filter(
          (p) => ![...tb].some((other) => p === other || p.startsWith(`${other} `)),
        );
        expect(texts(recursiveDifference(a, b))).toEqual(new Set(below));
      }),
    );
  });

  it("stay the same object when nothing changes", () => {
    const set = setOfPaths([["f:a", "f:b"], ["f:c"]]);
    expect(union(set, setOfPaths([["f:c"]]))).toBe(set);
    expect(difference(set, setOfPaths([["f:x"]]))).toBe(set);
    expect(difference(set, set)).toEqual(EMPTY);
  });
});

describe("path elements", () => {
  it("are ordered by kind, then by value", () => {
    const sorted = [
      "f:a",
      "f:b",
      'k:{"name":"a"}',
      'k:{"name":"a-b"}',
      'k:{"port":9}',
      'k:{"port":80}',
      'k:{"port":80,"protocol":"TCP"}',
      "v:2",
      "v:10",
      'v:"a"',
      "v:true",
      "i:9",
      "i:10",
    ];
    expect(sorted.toReversed().sort(compareElements)).toEqual(sorted);
  });

  it("read as upstream prints them", () => {
    expect(pathText(["f:spec", 'k:{"name":"c","port":80}', 'v:"x"', "i:3"])).toBe(
      '.spec[name="c",port=80][="x"][3]',
    );
  });

  it.each(["x", "foo", "f", "k:{", "v:", "i:x"])("refuse %j", (text) => {
    expect(() => decodeFields({ [text]: {} })).toThrow();
  });

  it("of a kind unknown are dropped", () => {
    expect(decodeFields({ "f:a": {}, "x:b": {} })).toEqual({ "f:a": {} });
  });
});
