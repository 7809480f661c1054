import { resources } from "@coracle/shared/api/resources";
import { describe, expect, it } from "vitest";
import { decodeObject } from "./decode.ts";
import { encodeObject, headLength, objectHead, typeLength } from "./encode.ts";

describe("encodeObject", () => {
  const { object } = decodeObject(
    Buffer.from('{"metadata":{"resourceVersion":"5","name":"a"},"data":{"a":"<&>"}}'),
    "application/json",
    { group: "", version: "v1", kind: "ConfigMap" },
    "Warn",
  );
  const text = encodeObject(object).toString();

  it("begins with the head, has no resource version, and escapes as Go does", () => {
    expect(text).toBe(
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"data":{"a":"\\u003c\\u0026\\u003e"}}',
    );
  });

  it("leaves the object itself alone", () => {
    expect(object.metadata.resourceVersion).toBe("5");
  });

  it("knows where to splice", () => {
    const head = headLength(resources.configmaps);
    expect(text.slice(0, head)).toBe(objectHead("ConfigMap", "v1"));
    expect(text.slice(typeLength(resources.configmaps)).startsWith('"metadata":{')).toBe(true);
  });
});
