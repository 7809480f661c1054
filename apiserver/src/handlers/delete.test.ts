import { describe, expect, it } from "vitest";
import type { AnyObject, ServedResource } from "../registry/served-resource.ts";
import { decide } from "./delete.ts";

const NOW = Date.UTC(2026, 0, 1);
const plain = { behaviour: {} } as ServedResource;
const graceful = {
  behaviour: { graceful: { gracePeriodSeconds: (_pod: unknown, asked = 30) => asked } },
} as unknown as ServedResource;

function object(
  metadata: Partial<AnyObject["metadata"]> = {},
  rest: Partial<AnyObject> = {},
): AnyObject {
  return {
    kind: "Thing",
    metadata: { name: "x", uid: "u", resourceVersion: "1", creationTimestamp: "", ...metadata },
    ...rest,
  };
}

describe("decide", () => {
  it("removes at once what nothing holds", () => {
    expect(decide(plain, object(), {}, NOW).kind).toBe("remove");
  });

  it("marks what a finalizer holds, and keeps it when it is marked already", () => {
    const first = decide(plain, object({ finalizers: ["a/b"] }), {}, NOW);
    expect(first).toMatchObject({
      kind: "write",
      object: {
        metadata: { deletionTimestamp: "2026-01-01T00:00:00Z", deletionGracePeriodSeconds: 0 },
      },
    });
    const marked = first.kind === "write" ? first.object : object();
    expect(decide(plain, marked, {}, NOW + 5_000)).toEqual({ kind: "keep" });
  });

  it("turns the policy into finalizers", () => {
    const finalizers = (options: Parameters<typeof decide>[2], before?: string[]) => {
      const decision = decide(plain, object({ finalizers: before }), options, NOW);
      return decision.kind === "keep" ? "kept" : (decision.object.metadata.finalizers ?? []);
    };
    expect(finalizers({ propagationPolicy: "Foreground" })).toEqual(["foregroundDeletion"]);
    expect(finalizers({ propagationPolicy: "Orphan" }, ["a/b", "foregroundDeletion"])).toEqual([
      "a/b",
      "orphan",
    ]);
    const background = { propagationPolicy: "Background" };
    expect(decide(plain, object({ finalizers: ["orphan"] }), background, NOW).kind).toBe("remove");
    expect(finalizers({ orphanDependents: true })).toEqual(["orphan"]);
  });

  it("gives a Pod its grace period, which only becomes shorter", () => {
    const first = decide(graceful, object({ generation: 1 }), {}, NOW);
    expect(first).toMatchObject({
      kind: "write",
      object: {
        metadata: {
          deletionTimestamp: "2026-01-01T00:00:30Z",
          deletionGracePeriodSeconds: 30,
          generation: 2,
        },
      },
    });
    const marked = first.kind === "write" ? first.object : object();
    expect(decide(graceful, marked, { gracePeriodSeconds: 60 }, NOW)).toEqual({ kind: "keep" });
    expect(decide(graceful, marked, { gracePeriodSeconds: 5 }, NOW + 1_000)).toMatchObject({
      kind: "write",
      object: {
        metadata: { deletionTimestamp: "2026-01-01T00:00:05Z", deletionGracePeriodSeconds: 5 },
      },
    });
    expect(decide(graceful, marked, { gracePeriodSeconds: 0 }, NOW).kind).toBe("mark and remove");
  });

  it("keeps a namespace until its own finalizers are gone", () => {
    const namespace = object({}, { kind: "Namespace", spec: { finalizers: ["kubernetes"] } });
    expect(decide(plain, namespace, {}, NOW)).toMatchObject({
      kind: "write",
      object: { status: { phase: "Terminating" } },
    });
  });

  it("does not change what it is given", () => {
    const given = object({ finalizers: ["a/b"] });
    const before = structuredClone(given);
    decide(graceful, given, { propagationPolicy: "Foreground" }, NOW);
    expect(given).toEqual(before);
  });
});
