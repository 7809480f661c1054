import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyMergePatch } from "./merge-patch.ts";

describe("applyMergePatch", () => {
  it.each([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: { b: "c", d: "e" } }, { a: { b: null, f: 1 } }, { a: { d: "e", f: 1 } }],
    [{ a: [{ b: "c" }] }, { a: [1, null] }, { a: [1, null] }],
    [{ a: 1 }, { a: { b: { c: null } } }, { a: { b: {} } }],
    [{}, { a: [{ b: null, c: 1 }] }, { a: [{ c: 1 }] }],
  ])("%j with %j gives %j", (document, patch, expected) => {
    const before = structuredClone([document, patch]);
    expect(applyMergePatch(document, patch)).toEqual(expected);
    expect([document, patch]).toEqual(before);
  });

  it("shares what it does not touch", () => {
    const document = { metadata: { name: "p" }, spec: { x: 1 } };
    const patched = applyMergePatch(document, { metadata: { labels: { a: "b" } } });
    expect((patched as typeof document).spec).toBe(document.spec);
  });

  it.each([
    [
      [],
      "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
    ],
    [
      "x",
      "error decoding patch: json: cannot unmarshal string into Go value of type map[string]interface {}",
    ],
    [null, "Invalid JSON Patch"],
  ])("refuses %j", (patch, message) => {
    expect(() => applyMergePatch({}, patch)).toThrow(message);
  });

  it("applying twice is applying once, and no null is left in objects", () => {
    // No lists: upstream leaves the nulls within a list that takes an object's place.
    const { json } = fc.letrec<{ json: Record<string, unknown> }>((tie) => ({
      json: fc.dictionary(
        fc.constantFrom("a", "b", "c"),
        fc.oneof({ maxDepth: 4 }, fc.constant(null), fc.integer(), fc.string(), tie("json")),
      ),
    }));
    fc.assert(
      fc.property(json, json, (document, patch) => {
        const once = applyMergePatch(document, patch);
        expect(applyMergePatch(once, patch)).toEqual(once);
        for (const name in patch) {
          if (patch[name] === null) expect(once).not.toHaveProperty(name);
        }
      }),
    );
  });
});
