import { describe, expect, it } from "vitest";
import { selectorOfRequirements } from "./requirement.ts";
import {
  everything,
  formatLabelSelector,
  nothing,
  parseLabelSelector,
  selectorOf,
  selectorOfLabels,
} from "./selector.ts";

const UNABLE = "unable to parse requirement: ";
const OPERATORS = "in, notin, =, ==, !=, gt, lt";
const QUALIFIED =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

describe("the string form", () => {
  it.each([
    ["", ""],
    ["a", "a"],
    ["! a", "!a"],
    ["a=b,", undefined],
    ["b=1,a==2", "a==2,b=1"],
    ["a in (y, x),!c", "a in (x,y),!c"],
    ["a notin (in,notin)", "a notin (in,notin)"],
    ["in in (in)", "in in (in)"],
    ["a in ()", "a in ()"],
    ["a in (,b,,)", "a in (,b)"],
    ["a=", "a="],
    ["a>1,a<3", "a>1,a<3"],
  ])("%s", (text, printed) => {
    if (printed === undefined) expect(() => parseLabelSelector(text)).toThrow();
    else expect(parseLabelSelector(text).toString()).toBe(printed);
  });

  // Every text below is what a 1.36 API server answers to the same query.
  it.each([
    ["a b", `${UNABLE}found 'b', expected: ${OPERATORS}`],
    ["a=b,", "found '', expected: identifier after ','"],
    ["a!", `${UNABLE}found '!', expected: ${OPERATORS}`],
    ["a in", `${UNABLE}found '' expected: '('`],
    ["a in (", `${UNABLE}found '', expected: ',', ')' or identifier`],
    ["a in (b", `${UNABLE}found '', expected: ',' or ')'`],
    ["a in (b,", `${UNABLE}found '', expected: ',', or identifier`],
    ["!", `${UNABLE}found '', expected: identifier`],
    ["(a)", "found '(', expected: !, identifier, or 'end of string'"],
    ["a=b c", "found 'c', expected: ',' or 'end of string'"],
    ["a===b", `${UNABLE}found '=', expected: identifier`],
    [
      "a>x",
      `${UNABLE}values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`,
    ],
    ["-a=b", `${UNABLE}<nil>: Invalid value: "-a": name part ${QUALIFIED}`],
    [
      "a=-b",
      `${UNABLE}values[0][a]: Invalid value: "-b": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
    ],
    ["a\0b", `${UNABLE}found 'b', expected: ${OPERATORS}`],
  ])("%j is refused", (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(message);
  });
});

describe("matching", () => {
  it.each([
    ["a", { a: "" }, true],
    ["a", {}, false],
    ["!a", { a: "1" }, false],
    ["!a", undefined, true],
    ["a=1", { a: "1" }, true],
    ["a!=1", {}, true],
    ["a!=1", { a: "1" }, false],
    ["a in (1,2)", { a: "2" }, true],
    ["a notin (1,2)", { a: "2" }, false],
    ["a>1", { a: "2" }, true],
    ["a>1", { a: "x" }, false],
    ["a<5", { a: "-6" }, true],
    ["a=1,b=2", { a: "1" }, false],
    ["toString", {}, false],
  ])("%s on %j: %s", (text, labels, expected) => {
    expect(parseLabelSelector(text).matches(labels as Record<string, string> | undefined)).toBe(
      expected,
    );
  });
  it("nothing and everything", () => {
    expect(nothing.matches({})).toBe(false);
    expect(everything.matches(undefined)).toBe(true);
    expect(selectorOfRequirements([])).toBe(everything);
    expect(selectorOfLabels({ b: "1", a: "" }).toString()).toBe("a=,b=1");
  });
});

describe("LabelSelector objects", () => {
  it("joins labels and expressions by key", () => {
    const selector = selectorOf({
      matchLabels: { c: "1" },
      matchExpressions: [
        { key: "d", operator: "DoesNotExist" },
        { key: "a", operator: "In", values: ["y", "x"] },
        { key: "b", operator: "Exists" },
      ],
    });
    expect(selector.toString()).toBe("a in (x,y),b,c=1,!d");
  });
  it("absent selects nothing, empty everything", () => {
    expect(selectorOf(undefined)).toBe(nothing);
    expect(selectorOf({}).isEmpty()).toBe(true);
  });
  it("refuses unknown operators and empty sets", () => {
    expect(() => selectorOf({ matchExpressions: [{ key: "a", operator: "Is" }] })).toThrow(
      '"Is" is not a valid label selector operator',
    );
    expect(() => selectorOf({ matchExpressions: [{ key: "a", operator: "In" }] })).toThrow(
      "for 'in', 'notin' operators, values set can't be empty",
    );
  });
  it("is shown in tables", () => {
    expect(formatLabelSelector(undefined)).toBe("<none>");
    expect(formatLabelSelector({ matchLabels: { a: "b" } })).toBe("a=b");
    expect(formatLabelSelector({ matchLabels: { "-": "b" } })).toBe("<error>");
  });
});
