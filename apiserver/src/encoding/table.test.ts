import type { KubernetesObject } from "@coracle/shared/api/resources";
import { describe, expect, it } from "vitest";
import { encodePartialObjectList, encodeTable } from "./table.ts";

const resource = {
  fact: { version: "v1", resource: "serviceaccounts", kind: "ServiceAccount" },
  behaviour: { cells: (object: KubernetesObject) => [object.metadata.name, "1s"] },
};
const object = {
  kind: "ServiceAccount",
  apiVersion: "v1",
  metadata: { name: "a", uid: "u" },
  secrets: [],
} as unknown as KubernetesObject;

const table = (includeObject: string, columns = true) =>
  encodeTable({
    resource,
    objects: [object],
    now: 0,
    includeObject,
    metadata: { resourceVersion: "7", continue: "" },
    version: "v1",
    columns,
  });

describe("encodeTable", () => {
  it("has columns, cells and the object's metadata", () => {
    const { rows, columnDefinitions, ...rest } = table("Metadata");
    expect(rest).toEqual({
      kind: "Table",
      apiVersion: "meta.k8s.io/v1",
      metadata: { resourceVersion: "7" },
    });
    expect(columnDefinitions?.map(({ name, format }) => [name, format])).toEqual([
      ["Name", "name"],
      ["Age", ""],
    ]);
    expect(rows).toEqual([
      {
        cells: ["a", "1s"],
        object: {
          kind: "PartialObjectMetadata",
          apiVersion: "meta.k8s.io/v1",
          metadata: object.metadata,
        },
      },
    ]);
  });

  it("includes as much of the object as is asked for", () => {
    expect(table("").rows[0]?.object).toMatchObject({ kind: "PartialObjectMetadata" });
    expect(table("None").rows[0]?.object).toBeNull();
    expect(table("Object").rows[0]?.object).toBe(object);
    expect(() => table("Foo")).toThrow(
      "Unable to convert to Table as requested: includeObject: Invalid value: \"Foo\": must be 'Metadata', 'Object', 'None', or empty",
    );
  });

  it("leaves the columns out when told", () => {
    expect(table("None", false).columnDefinitions).toBeNull();
  });
});

describe("encodePartialObjectList", () => {
  it("keeps kind and version on every item", () => {
    expect(encodePartialObjectList([object], { resourceVersion: "7" }, "v1beta1")).toEqual({
      kind: "PartialObjectMetadataList",
      apiVersion: "meta.k8s.io/v1beta1",
      metadata: { resourceVersion: "7" },
      items: [
        {
          kind: "PartialObjectMetadata",
          apiVersion: "meta.k8s.io/v1beta1",
          metadata: object.metadata,
        },
      ],
    });
  });
});
