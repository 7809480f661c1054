import type { KubernetesObject } from "@coracle/shared/api/resources";
import { describe, expect, it } from "vitest";
import { revertTimes } from "./revert-times.ts";

const object = (time: string, data: Record<string, string>, fieldsV1: object = { "f:data": {} }) =>
  ({
    metadata: {
      name: "c",
      resourceVersion: time,
      managedFields: [{ manager: "a", operation: "Apply", apiVersion: "v1", time, fieldsV1 }],
    },
    data,
  }) as unknown as KubernetesObject;

describe("revertTimes", () => {
  it("takes the old times back when nothing else differs", () => {
    const live = object("1", { a: "1" });
    const updated = object("2", { a: "1" });
    revertTimes(live, updated);
    expect(updated.metadata.managedFields).toBe(live.metadata.managedFields);
  });

  it.each([
    ["the object", object("2", { a: "2" })],
    ["the fields owned", object("2", { a: "1" }, { "f:data": { "f:a": {} } })],
  ])("keeps the new times when %s differs", (_what, updated) => {
    revertTimes(object("1", { a: "1" }), updated);
    expect(updated.metadata.managedFields?.[0]?.time).toBe("2");
  });
});
