import type { DaemonSet, DaemonSetUpdateStrategy } from "@coracle/shared/api/types/apps-v1";
import type { Node, Pod, Taint } from "@coracle/shared/api/types/core-v1";
import { describe, expect, it } from "vitest";
import { type PodFacts, pod, START } from "../replicaset/fixture.ts";
import { HASH_LABEL, podFor, podsByNode } from "./placement.ts";
import { type DaemonView, planDaemons } from "./plan.ts";
import { planReplacement } from "./rolling-update.ts";
import { computeStatus } from "./status.ts";

const node = (name: string, taints: Taint[] = []): Node => ({
  kind: "Node",
  apiVersion: "v1",
  metadata: { name, uid: name, resourceVersion: "1", creationTimestamp: "" },
  spec: { taints },
  status: {},
});
const daemonSet = (strategy: DaemonSetUpdateStrategy = { type: "OnDelete" }): DaemonSet => ({
  kind: "DaemonSet",
  apiVersion: "apps/v1",
  metadata: {
    name: "d",
    namespace: "default",
    uid: "uid-d",
    resourceVersion: "1",
    generation: 2,
    creationTimestamp: "",
  },
  spec: {
    selector: {},
    template: { spec: { containers: [{ name: "c", image: "i" }] } },
    updateStrategy: strategy,
  },
  status: {
    currentNumberScheduled: 0,
    numberMisscheduled: 0,
    desiredNumberScheduled: 0,
    numberReady: 0,
  },
});
const rolling = (rollingUpdate: { maxSurge?: number; maxUnavailable?: number }) =>
  ({ type: "RollingUpdate", rollingUpdate }) as const;
/** Named `<node>/<hash>`. */
const daemon = (on: string, hash: string, facts: PodFacts = { readySince: 1 }): Pod =>
  pod(`${on}/${hash}`, { node: on, labels: { [HASH_LABEL]: hash }, ...facts });
const view = (nodes: Node[], pods: Pod[], subject = daemonSet()): DaemonView => ({
  daemonSet: subject,
  nodes,
  byNode: podsByNode(pods),
  hash: "new",
  nowMs: START + 60_000,
});
const namesOf = (plan: { create: string[]; delete: Pod[] }) => ({
  create: plan.create,
  delete: plan.delete.map(({ metadata }) => metadata.name),
});
const plan = (...args: Parameters<typeof view>) => namesOf(planDaemons(view(...args), () => true));
const replacement = (...args: Parameters<typeof view>) => namesOf(planReplacement(view(...args)));

describe("daemons", () => {
  const noExecute: Taint = { key: "k", effect: "NoExecute" };
  const noSchedule: Taint = { key: "k", effect: "NoSchedule" };

  it("run once on each node that they tolerate", () => {
    const nodes = [node("a"), node("b", [noSchedule]), node("c", [noExecute]), node("d")];
    const pods = [daemon("b", "new"), daemon("c", "new"), daemon("d", "new")];
    expect(plan(nodes, pods)).toEqual({ create: ["a"], delete: ["c/new"] });
    const unschedulable = {
      key: "node.kubernetes.io/unschedulable",
      effect: "NoSchedule",
    } as const;
    expect(plan([node("a", [unschedulable])], []).create).toEqual(["a"]);
  });

  it("go when a node has more than one, the younger first", () => {
    const pods = [
      daemon("a", "new", { created: 2 }),
      pod("oldest", { node: "a", created: 1, labels: {} }),
    ];
    expect(plan([node("a")], pods)).toEqual({ create: [], delete: ["a/new"] });
  });

  it("are bound to their node by affinity", () => {
    const made = podFor(daemonSet(), "a", "new") as Pod;
    expect(made.spec.nodeName).toBeUndefined();
    expect(podsByNode([made]).get("a")).toEqual([made]);
    expect(made.spec.tolerations).toHaveLength(6);
  });

  it("are told of and deleted when they have ended", () => {
    const ended = daemon("a", "new", { phase: "Failed" });
    const retries = planDaemons(view([node("a")], [ended]), () => true);
    expect(retries.ended).toEqual([{ pod: ended, node: "a" }]);
    const waits = planDaemons(view([node("a")], [ended]), () => false);
    expect([waits.ended, waits.create]).toEqual([[], []]);
  });
});

describe("a rolling update of daemons", () => {
  const nodes = ["a", "b", "c"].map((name) => node(name));

  it("takes away as many as may be unavailable, the useless ones first", () => {
    const pods = [daemon("a", "old"), daemon("b", "old", {}), daemon("c", "old")];
    const one = daemonSet(rolling({ maxUnavailable: 1 }));
    expect(replacement(nodes, pods, one).delete).toEqual(["b/old"]);
    const two = daemonSet(rolling({ maxUnavailable: 2 }));
    expect(replacement(nodes, pods, two).delete).toEqual(["b/old", "a/old"]);
    const waiting = [daemon("a", "new", {}), daemon("b", "old"), daemon("c", "old")];
    expect(replacement(nodes, waiting, one).delete).toEqual([]);
  });

  it("puts new ones beside the old ones first, with surge", () => {
    const subject = daemonSet(rolling({ maxSurge: 1, maxUnavailable: 0 }));
    const old = [daemon("a", "old"), daemon("b", "old"), daemon("c", "old")];
    expect(replacement(nodes, old, subject)).toEqual({ create: ["a"], delete: [] });
    const beside = [...old, daemon("a", "new", {})];
    expect(replacement(nodes, beside, subject)).toEqual({ create: [], delete: [] });
    const available = [...old, daemon("a", "new")];
    expect(replacement(nodes, available, subject)).toEqual({ create: ["b"], delete: ["a/old"] });
  });

  it("is counted in the status", () => {
    const pods = [daemon("a", "new"), daemon("b", "old", {})];
    expect(computeStatus(view(nodes, pods), true)).toMatchObject({
      desiredNumberScheduled: 3,
      currentNumberScheduled: 2,
      numberReady: 1,
      updatedNumberScheduled: 1,
      numberAvailable: 1,
      numberUnavailable: 2,
      observedGeneration: 2,
    });
  });
});
