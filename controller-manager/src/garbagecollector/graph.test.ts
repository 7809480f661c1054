import type { OwnerReference } from "@coracle/shared/api/types/meta-v1";
import { describe, expect, it } from "vitest";
import { type GraphNode, OwnerGraph } from "./graph.ts";

interface Facts {
  namespace?: string;
  owners?: (Partial<OwnerReference> & { uid: string })[];
  finalizers?: string[];
  deleting?: boolean;
}

const node = (uid: string, facts: Facts = {}): GraphNode => ({
  resource: "configmaps",
  metadata: {
    name: uid,
    namespace: facts.namespace ?? "n",
    uid,
    resourceVersion: "1",
    creationTimestamp: "",
    finalizers: facts.finalizers,
    deletionTimestamp: facts.deleting ? "2026-01-01T00:00:00Z" : undefined,
    ownerReferences: facts.owners?.map((owner) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      name: owner.uid,
      ...owner,
    })),
  },
});

const owned = (uid: string, owner: string, blockOwnerDeletion = false) =>
  node(uid, { owners: [{ uid: owner, blockOwnerDeletion }] });

describe("OwnerGraph", () => {
  it("has a dependent examined when its owner goes, and not before", () => {
    const graph = new OwnerGraph();
    expect(graph.observe(node("owner")).examine).toEqual([]);
    expect(graph.observe(owned("a", "owner")).examine).toEqual([]);
    expect(graph.observe(owned("a", "owner")).examine).toEqual([]);
    expect(graph.remove("owner").examine).toEqual(["a"]);
    expect(graph.remove("owner").examine).toEqual([]);
  });

  it("has an object examined whose owner has not been seen", () => {
    const graph = new OwnerGraph();
    expect(graph.observe(owned("a", "unseen")).examine).toEqual(["a"]);
    expect(graph.observe(node("unseen")).examine).toEqual([]);
    expect(graph.dependentsOf("unseen")).toHaveLength(1);
  });

  it.each<[string, Partial<OwnerReference>]>([
    ["kind", { kind: "Secret" }],
    ["group", { apiVersion: "apps/v1" }],
    ["name", { name: "another" }],
  ])("has a reference examined that names the right uid and the wrong %s", (_what, wrong) => {
    const bad = node("a", { owners: [{ uid: "owner", ...wrong }] });
    const ownerFirst = new OwnerGraph();
    ownerFirst.observe(node("owner"));
    expect(ownerFirst.observe(bad).examine).toEqual(["a"]);
    const ownerLast = new OwnerGraph();
    ownerLast.observe(bad);
    expect(ownerLast.observe(node("owner")).examine).toEqual(["a"]);
  });

  it("tells of owners in another namespace", () => {
    const graph = new OwnerGraph();
    graph.observe(node("owner", { namespace: "elsewhere" }));
    const effects = graph.observe(owned("a", "owner"));
    expect(effects.examine).toEqual(["a"]);
    expect(effects.misplaced.map(({ dependent }) => dependent.metadata.uid)).toEqual(["a"]);
  });

  it("has dependents and owner examined when foreground deletion starts, and the owner when one goes", () => {
    const graph = new OwnerGraph();
    graph.observe(node("owner", { finalizers: ["foregroundDeletion"] }));
    graph.observe(owned("a", "owner", true));
    graph.observe(owned("b", "owner"));
    const starts = node("owner", { finalizers: ["foregroundDeletion"], deleting: true });
    expect(graph.observe(starts).examine).toEqual(["a", "b", "owner"]);
    expect(graph.observe(starts).examine).toEqual([]);
    expect(graph.blockingDependentsOf("owner").map((n) => n.metadata.uid)).toEqual(["a"]);
    expect(graph.observe(owned("late", "owner")).examine).toEqual(["late"]);
    expect(graph.remove("a").examine).toEqual(["owner"]);
  });

  it("has an owner examined when a dependent blocks it no more", () => {
    const graph = new OwnerGraph();
    graph.observe(node("owner"));
    graph.observe(owned("a", "owner", true));
    expect(graph.observe(owned("a", "owner", false)).examine).toEqual(["owner"]);
    graph.observe(owned("a", "owner", true));
    expect(graph.observe(node("a")).examine).toEqual(["owner"]);
    expect(graph.dependentsOf("owner")).toEqual([]);
  });

  it("orphans once, when deletion with that finalizer starts", () => {
    const graph = new OwnerGraph();
    graph.observe(node("owner"));
    const starts = node("owner", { finalizers: ["orphan"], deleting: true });
    expect(graph.observe(starts)).toMatchObject({ examine: [], orphan: ["owner"] });
    expect(graph.observe(starts).orphan).toEqual([]);
  });
});
