import { StatusError } from "@coracle/shared/machinery/status-error";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyJsonPatch, type JsonPatchOptions } from "./json-patch.ts";

const document = {
  metadata: { name: "p", finalizers: ["a", "b"], labels: { "x/y": "1", t: "2" } },
  spec: { containers: [{ name: "c", image: "nginx" }] },
};

function failure(patch: unknown, options?: JsonPatchOptions): StatusError {
  try {
    applyJsonPatch(document, patch, options);
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error("the patch applied");
}

describe("applyJsonPatch", () => {
  it.each([
    [[{ op: "add", path: "/metadata/finalizers/-", value: "c" }], ["a", "b", "c"]],
    [[{ op: "add", path: "/metadata/finalizers/-1", value: "c" }], ["a", "b", "c"]],
    [[{ op: "add", path: "/metadata/finalizers/1", value: "c" }], ["a", "c", "b"]],
    [[{ op: "remove", path: "/metadata/finalizers/-1" }], ["a"]],
    [[{ op: "replace", path: "/metadata/finalizers/0", value: "z" }], ["z", "b"]],
    [[{ op: "move", from: "/metadata/finalizers/0", path: "/metadata/finalizers/1" }], ["b", "a"]],
    [[{ op: "copy", from: "/metadata/name", path: "/metadata/finalizers/0" }], ["p", "a", "b"]],
  ])("changes a list: %j", (patch, expected) => {
    const patched = applyJsonPatch(document, patch) as typeof document;
    expect(patched.metadata.finalizers).toEqual(expected);
    expect(document.metadata.finalizers).toEqual(["a", "b"]);
  });

  it("shares what it does not touch", () => {
    const patched = applyJsonPatch(document, [
      { op: "add", path: "/metadata/labels/x~1y", value: "3" },
    ]) as typeof document;
    expect(patched.metadata.labels["x/y"]).toBe("3");
    expect(patched.spec).toBe(document.spec);
    expect(patched.metadata.finalizers).toBe(document.metadata.finalizers);
  });

  it("copies deeply, so that the two places change apart", () => {
    const patched = applyJsonPatch(document, [
      { op: "add", path: "/spec/containers/0/image", value: "x" },
      { op: "copy", from: "/spec/containers/0", path: "/spec/containers/-" },
      { op: "replace", path: "/spec/containers/1/name", value: "d" },
    ]) as typeof document;
    expect(patched.spec.containers).toEqual([
      { name: "c", image: "x" },
      { name: "d", image: "x" },
    ]);
  });

  it("replaces a missing member and takes a missing one for null", () => {
    const patch = [
      { op: "test", path: "/metadata/nope", value: null },
      { op: "replace", path: "/metadata/nope", value: 1 },
      { op: "test", path: "/metadata/nope", value: 1 },
    ];
    expect(applyJsonPatch(document, patch)).toMatchObject({ metadata: { nope: 1 } });
  });

  it("treats __proto__ as any member", () => {
    const patched = applyJsonPatch({ data: {} }, [
      { op: "add", path: "/data/__proto__", value: "v" },
      { op: "test", path: "/data/constructor", value: null },
    ]);
    expect(JSON.stringify(patched)).toBe('{"data":{"__proto__":"v"}}');
  });

  it.each([
    [[{ op: "test", path: "/metadata/name", value: "q" }]],
    [[{ op: "remove", path: "/metadata/nope" }]],
    [[{ op: "remove", path: "/metadata/finalizers/2" }]],
    [[{ op: "add", path: "/metadata/nope/x", value: 1 }]],
    [[{ op: "add", path: "", value: {} }]],
    [[{ op: "add", path: "/metadata/finalizers/x", value: 1 }]],
    [[{ op: "replace", path: "", value: 3 }]],
    [[{ op: "frobnicate", path: "/a" }]],
    [[null]],
  ])("says 422 when %j does not apply", (patch) => {
    const { status } = failure(patch);
    expect(status).toMatchObject({
      code: 422,
      reason: "Invalid",
      message: "the server rejected our request due to an error in our request",
      details: {},
    });
  });

  it.each([
    [
      {},
      "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
    ],
    [
      [1],
      "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp",
    ],
    [
      [{ op: 1 }],
      "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string",
    ],
  ])("says 400 when %j is no patch", (patch, message) => {
    expect(failure(patch).status).toMatchObject({ code: 400, reason: "BadRequest", message });
  });

  it("uses other words without validation", () => {
    expect(failure({}, { fieldValidation: "Ignore" }).message).toBe(
      "json: cannot unmarshal object into Go value of type jsonpatch.Patch",
    );
  });

  it("refuses more than 10,000 operations", () => {
    const test = { op: "test", path: "/metadata/name", value: "p" };
    expect(failure(Array(10_001).fill(test)).status).toMatchObject({
      code: 413,
      reason: "RequestEntityTooLarge",
      message:
        "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001",
    });
  });

  it("reports unknown members", () => {
    const strictErrors: string[] = [];
    applyJsonPatch(document, [{ op: "test", path: "/metadata/name", value: "p", extra: 1 }], {
      strictErrors,
    });
    expect(strictErrors).toEqual(['json patch unknown field "[0].extra"']);
  });

  it("replacing every member by its own value changes nothing", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const patch = Object.keys(object).map((name) => ({
          op: "replace",
          path: `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`,
          value: object[name],
        }));
        expect(applyJsonPatch(object, patch)).toEqual(object);
      }),
    );
  });
});
