import { describe, expect, it } from "vitest";
import { encodeParts } from "../encoding/encode.ts";
import { ParsedObjects } from "./parsed-objects.ts";
import type { AnyObject } from "./served-resource.ts";

const MIB = 2 ** 20;

const object = (name: string, text = ""): AnyObject =>
  ({
    kind: "ConfigMap",
    apiVersion: "v1",
    metadata: { name },
    data: { text },
  }) as unknown as AnyObject;

function remembered(objects: readonly AnyObject[]): ParsedObjects {
  const parsed = new ParsedObjects({});
  for (const one of objects) parsed.set(one.metadata.name, 7, one, encodeParts(one));
  return parsed;
}

describe("ParsedObjects", () => {
  const stored = Buffer.from(`{"metadata":{"name":"a"}}`);

  it("gives what was written, with its version", () => {
    const { object: found, encoded } = remembered([object("a", "x")]).get("a", 7, stored);
    expect(found).toMatchObject({ metadata: { resourceVersion: "7" }, data: { text: "x" } });
    expect(encoded).toBeDefined();
  });

  it("parses what is of another version", () => {
    expect(remembered([object("a", "x")]).get("a", 8, stored).encoded).toBeUndefined();
  });

  it("forgets what was deleted", () => {
    const parsed = remembered([object("a")]);
    parsed.delete("a");
    expect(parsed.get("a", 7, stored).encoded).toBeUndefined();
  });

  it("forgets the oldest when there is too much", () => {
    const names = Array.from({ length: 9 }, (_, i) => `o${i}`);
    const parsed = remembered(names.map((name) => object(name, "x".repeat(MIB))));
    const kept = names.filter((name) => parsed.get(name, 7, stored).encoded !== undefined);
    expect(kept).toEqual(names.slice(2));
  });
});

describe("ParsedObjects of tests", () => {
  const set = (written: AnyObject, stored = written) =>
    new ParsedObjects({ frozen: true }).set("a", 7, written, encodeParts(stored));
  const zero = (value: unknown) => ({ ...object("a"), value: [value] }) as AnyObject;

  it("take a zero with a sign for one", () => {
    expect(() => set(zero(-0))).not.toThrow();
  });

  it("refuse a value that is not what is stored", () => {
    expect(() => set(zero(1), zero(2))).toThrow("the value is not what is stored");
    expect(() => set(zero({ a: undefined }))).toThrow("the value is not what is stored");
  });
});

describe("encodeParts", () => {
  it("gives bytes that keep no other memory with them", () => {
    const { bytes } = encodeParts(object("a"));
    expect(bytes.buffer.byteLength).toBe(bytes.length);
  });
});
