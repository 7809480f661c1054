import { describe, expect, it } from "vitest";
import { escapeFieldValue, parseFieldSelector } from "./field-selector.ts";

describe("field selectors", () => {
  it.each([
    ["", ""],
    [",", ""],
    ["=", ""],
    ["metadata.name==x", "metadata.name=x"],
    ["z=1,a!=2", "a!=2,z=1"],
    ["a=x\\,y", "a=x\\,y"],
    ["a=", "a="],
  ])("%s", (text, printed) => {
    expect(parseFieldSelector(text).toString()).toBe(printed);
  });
  it.each([
    ["metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
    ["a=x,y", "invalid selector: 'a=x,y'; can't understand 'y'"],
    ["a=b=c", "invalid field selector: unescaped character in value: 61"],
    ["a=b\\", "invalid field selector: invalid escape sequence: \\"],
    ["a=b\\x", "invalid field selector: invalid escape sequence: \\x"],
  ])("%s is refused", (text, message) => {
    expect(() => parseFieldSelector(text)).toThrow(message);
  });
  it("matches, an absent field counting as empty", () => {
    const selector = parseFieldSelector("spec.nodeName=,status.phase!=Failed");
    expect(selector.matches({ "status.phase": "Pending" })).toBe(true);
    expect(selector.matches({ "spec.nodeName": "n" })).toBe(false);
    expect(selector.matches({ "status.phase": "Failed" })).toBe(false);
    expect(parseFieldSelector("").isEmpty()).toBe(true);
  });
  it("knows the exact value asked for", () => {
    expect(parseFieldSelector("metadata.name=x").exactValue("metadata.name")).toBe("x");
    expect(parseFieldSelector("metadata.name!=x").exactValue("metadata.name")).toBeUndefined();
    const odd = "a,b=\\c";
    expect(parseFieldSelector(`f=${escapeFieldValue(odd)}`).exactValue("f")).toBe(odd);
  });
});
