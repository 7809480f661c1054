import type { ManagedFieldsEntry } from "@coracle/shared/api/types/meta-v1";
import { describe, expect, it } from "vitest";
import { parentManagedFields, scaleManagedFields } from "./scale-fields.ts";

const T = "2026-01-01T00:00:00Z";
const entry = (
  manager: string,
  operation: string,
  apiVersion: string,
  fieldsV1: object,
  more: object = {},
): ManagedFieldsEntry => ({
  manager,
  operation,
  apiVersion,
  time: T,
  fieldsType: "FieldsV1",
  fieldsV1: fieldsV1 as ManagedFieldsEntry["fieldsV1"],
  ...more,
});
const replicas = { "f:spec": { "f:replicas": {} } };

describe("managedFields of a Scale", () => {
  const parent = [
    entry("applier", "Apply", "apps/v1", { "f:spec": { "f:paused": {}, "f:replicas": {} } }),
    entry("other", "Update", "apps/v1", { "f:metadata": { "f:labels": {} } }),
  ];

  it("are the owners of the replicas", () => {
    expect(scaleManagedFields(parent, "apps/v1")).toEqual([
      entry("applier", "Apply", "autoscaling/v1", replicas),
    ]);
  });

  it("lose nothing when the Scale keeps its owner", () => {
    const scale = scaleManagedFields(parent, "apps/v1");
    expect(parentManagedFields(parent, scale, "apps/v1")).toEqual(parent);
  });

  it("move the replicas to the one who scaled", () => {
    const scale = [
      entry("kubectl", "Update", "autoscaling/v1", replicas, { subresource: "scale" }),
    ];
    const { time: _time, ...scaler } = entry("kubectl", "Update", "apps/v1", replicas, {
      subresource: "scale",
    });
    expect(parentManagedFields(parent, scale, "apps/v1")).toEqual([
      entry("applier", "Apply", "apps/v1", { "f:spec": { "f:paused": {} } }),
      scaler,
      parent[1],
    ]);
  });
});
