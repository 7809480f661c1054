import type { ObjectMeta } from "@coracle/shared/api/types/meta-v1";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import { describe, expect, it } from "vitest";
import {
  repeatMetadataUpdate,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from "./metadata-validation.ts";

const metadata = (more: Partial<ObjectMeta> = {}): ObjectMeta => ({
  name: "a",
  namespace: "d",
  uid: "u",
  resourceVersion: "1",
  creationTimestamp: "2026-01-01T00:00:00Z",
  ...more,
});

const fields = (errors: { field: string; message: string }[]) =>
  errors.map(({ field, message }) => `${field}: ${message}`);

describe("create", () => {
  const judge = (more: Partial<ObjectMeta>, namespaced = true) =>
    fields(validateObjectMeta(metadata(more), namespaced, isDns1123Subdomain));

  it("finds nothing wrong", () => {
    const labels = { "a.b/c": "", d: "E_f" };
    expect(judge({ labels, annotations: { "A.B/C": "any\nthing" } })).toEqual([]);
  });
  it("wants a name and the right scope", () => {
    expect(judge({ name: "" })).toEqual([
      "metadata.name: Required value: name or generateName is required",
    ]);
    expect(judge({ namespace: undefined })).toEqual(["metadata.namespace: Required value"]);
    expect(judge({}, false)).toEqual(["metadata.namespace: Forbidden: not allowed on this type"]);
    expect(judge({ namespace: "a.b" })).toEqual([
      'metadata.namespace: Invalid value: "a.b": must not contain dots',
    ]);
  });
  it("bounds annotations as a whole", () => {
    const annotations = { a: "x".repeat(256 * 1024 - 1) };
    expect(judge({ annotations })).toEqual([]);
    expect(judge({ annotations: { ...annotations, b: "" } })).toEqual([
      "metadata.annotations: Too long: may not be more than 262144 bytes",
    ]);
  });
  it("judges a label again after it has forgotten it", () => {
    for (let i = 0; i < 5000; i++) judge({ labels: { [`key-${i}`]: `value-${i}` } });
    expect(judge({ labels: { "key-1": "value-1", "-": "" } })).toHaveLength(1);
  });
});

describe("update", () => {
  const judge = (more: Partial<ObjectMeta>, old: Partial<ObjectMeta> = {}) =>
    fields(validateObjectMetaUpdate(metadata(more), metadata(old)));

  it("finds nothing wrong", () => {
    expect(judge({ labels: { a: "b" }, generation: 2 }, { generation: 1 })).toEqual([]);
  });
  it("lets nobody change who an object is", () => {
    expect(judge({ uid: "v", deletionTimestamp: "2026-01-02T00:00:00Z" })).toEqual([
      'metadata.uid: Invalid value: "v": field is immutable',
      'metadata.deletionTimestamp: Invalid value: "2026-01-02T00:00:00Z": field is immutable',
    ]);
    expect(
      judge({ deletionGracePeriodSeconds: undefined }, { deletionGracePeriodSeconds: 3 }),
    ).toEqual(["metadata.deletionGracePeriodSeconds: Invalid value: null: field is immutable"]);
    expect(judge({ generation: 1 }, { generation: 2 })).toEqual([
      "metadata.generation: Invalid value: 1: must not be decremented",
    ]);
    expect(judge({ resourceVersion: "" })).toEqual([
      'metadata.resourceVersion: Invalid value: "": must be specified for an update',
    ]);
  });
  it("takes no new finalizer for an object that is being deleted", () => {
    const old = { deletionTimestamp: "2026-01-01T00:00:01Z", finalizers: ["a/b"] };
    expect(judge({ ...old, finalizers: [] }, old)).toEqual([]);
    expect(judge({ ...old, finalizers: ["x/z", "a/b", "x/y"] }, old)).toEqual([
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"x/y", "x/z"}',
    ]);
  });
  it("judges finalizer names where kinds do", () => {
    const errors = repeatMetadataUpdate(metadata({ finalizers: ["orphan", "foo"] }), metadata());
    expect(fields(errors)).toEqual([
      'metadata.finalizers[1]: Invalid value: "foo": name is neither a standard finalizer name nor is it fully qualified',
    ]);
  });
});
