import { describe, expect, it } from "vitest";
import { decodeValue } from "./decode.ts";
import { diagnoseUnstructured, goPrint } from "./diagnose-unstructured.ts";

const DEPLOYMENT = "io.k8s.api.apps.v1.Deployment";
const error = (value: object, typeName = DEPLOYMENT) => diagnoseUnstructured(value, typeName).error;

describe("errors of the unstructured converter", () => {
  it.each([
    [{ spec: { replicas: "x" } }, "unrecognized type: int32"],
    [{ spec: { replicas: 1.5 } }, "cannot convert float64 to int32"],
    [{ spec: { paused: 1 } }, "unrecognized type: bool"],
    [{ metadata: { name: 5 } }, "cannot convert int64 to string"],
    [{ metadata: { labels: ["a"] } }, "cannot restore map from slice"],
    [{ metadata: { labels: { a: true } } }, "unrecognized type: string"],
    [{ spec: { template: { spec: { containers: {} } } } }, "cannot restore slice from map"],
    [{ spec: "x" }, "cannot restore struct from: string"],
    [
      { metadata: { creationTimestamp: 5 } },
      "json: cannot unmarshal number into Go value of type string",
    ],
    [
      { spec: { strategy: { rollingUpdate: { maxSurge: true } } } },
      "json: cannot unmarshal bool into Go value of type int32",
    ],
  ])("%j: %s", (value, want) => expect(error(value)).toBe(want));

  it("sorts unknown fields", () => {
    expect(diagnoseUnstructured({ spec: { b: 1 }, a: 1, metadata: {} }, DEPLOYMENT).strict).toEqual(
      ['unknown field "a"', 'unknown field "spec.b"'],
    );
  });

  it("shows the patch as Go prints it", () => {
    expect(goPrint({ spec: { replicas: "x", a: [1, null, { b: true }] } })).toBe(
      "map[spec:map[a:[1 <nil> map[b:true]] replicas:x]]",
    );
    const patch = { spec: { replicas: "x" } };
    expect(() =>
      decodeValue(patch, DEPLOYMENT, "Strict", { type: "strategic", patch, strict: [] }),
    ).toThrow(
      ' "" is invalid: patch: Invalid value: "map[spec:map[replicas:x]]": unrecognized type: int32',
    );
  });

  it("cuts an integer that is too large for its field, as upstream's converter", () => {
    const patch = { spec: { replicas: 2 ** 31 } };
    const origin = { type: "strategic" as const, patch, strict: [] };
    const cut = (replicas: number) =>
      decodeValue({ spec: { replicas } }, DEPLOYMENT, "Strict", origin).object;
    expect(cut(2 ** 31)).toMatchObject({ spec: { replicas: -(2 ** 31) } });
    expect(cut(2 ** 32 + 5)).toMatchObject({ spec: { replicas: 5 } });
  });

  it("reports repeated keys of the patch with the unknown fields of the result", () => {
    const origin = { type: "merge" as const, patch: {}, strict: ['duplicate field "spec"'] };
    expect(decodeValue({ foo: 1 }, DEPLOYMENT, "Warn", origin).warnings).toEqual([
      'duplicate field "spec"',
      'unknown field "foo"',
    ]);
  });
});
