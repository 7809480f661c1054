import type { ObjectMeta } from "@coracle/shared/api/types/meta-v1";
import { describe, expect, it } from "vitest";
import type { GraphNode } from "./graph.ts";
import { type CollectionPlan, type OwnerState, planCollection } from "./plan.ts";

const node = (finalizers: string[] = [], deleting = false): GraphNode => ({
  resource: "pods",
  metadata: {
    finalizers,
    deletionTimestamp: deleting ? "2026-01-01T00:00:00Z" : undefined,
  } as ObjectMeta,
});

const remove = (policy: "Background" | "Foreground" | "Orphan", unblockOwners = false) =>
  ({ type: "delete", policy, unblockOwners }) as const;
const waiting = node(["foregroundDeletion"], true);

describe("planCollection", () => {
  it.each<[OwnerState[], GraphNode, GraphNode[], CollectionPlan]>([
    [["solid"], node(), [], { type: "keep" }],
    [["solid", "dangling"], node(), [], { type: "dropOwners", uids: ["1"] }],
    [["waiting", "solid", "dangling"], node(), [], { type: "dropOwners", uids: ["0", "2"] }],
    [["dangling"], node(), [], remove("Background")],
    [["dangling", "dangling"], node(), [node()], remove("Background")],
    [["dangling"], node(["orphan"]), [node()], remove("Orphan")],
    [["dangling"], node(["foregroundDeletion"]), [], remove("Foreground")],
    [["waiting"], node(), [], remove("Background")],
    [["waiting"], node(), [node()], remove("Foreground")],
    [["waiting", "dangling"], node(), [waiting], remove("Foreground", true)],
  ])("owners %j", (states, subject, dependents, plan) => {
    const owners = states.map((state, i) => ({
      state,
      reference: { apiVersion: "v1", kind: "ConfigMap", name: "o", uid: String(i) },
    }));
    expect(planCollection(subject, owners, dependents)).toEqual(plan);
  });
});
