import type { Node, Pod } from "@coracle/shared/api/types/core-v1";
import { seededRandom } from "@coracle/shared/runtime/random";
import { describe, expect, it } from "vitest";
import { SchedulerCache } from "./cache.ts";
import { SchedulingCycle } from "./cycle.ts";
import { podFacts } from "./pod-facts.ts";
import { defaultProfile } from "./profile.ts";

let uids = 0;
const metadata = (name: string, namespace?: string, labels?: Record<string, string>) => ({
  name,
  namespace,
  labels,
  uid: `uid-${uids++}`,
  resourceVersion: "1",
  creationTimestamp: "2026-01-01T00:00:00Z",
});

function node(
  name: string,
  cpu: string,
  memory: string,
  spec: Node["spec"] = {},
  labels = {},
): Node {
  const allocatable = { cpu, memory, pods: "110" };
  return { metadata: metadata(name, undefined, labels), spec, status: { allocatable } };
}

function pod(
  name: string,
  requests: Record<string, string>[],
  spec: Partial<Pod["spec"]> = {},
): Pod {
  const containers = requests.map((list, i) => ({ name: `c${i}`, resources: { requests: list } }));
  return { metadata: metadata(name, "default"), spec: { containers, ...spec }, status: {} };
}

function cluster(...nodes: Node[]): SchedulerCache {
  const cache = new SchedulerCache();
  for (const one of nodes) cache.putNode(one);
  return cache;
}

const decide = (cache: SchedulerCache, wanted: Pod, seed = 1) =>
  new SchedulingCycle(defaultProfile, seededRandom(seed)).decide(podFacts(wanted), cache.nodes);

describe("filters", () => {
  it("places a Pod by the sum of its containers, whole or not at all", () => {
    const cache = cluster(node("a", "4", "1280Mi"), node("b", "4", "2Gi"));
    const whole = pod("app", [{ memory: "1Gi" }, { memory: "512Mi" }]);
    expect(decide(cache, whole)).toMatchObject({ kind: "fits", node: "b" });
  });

  it("names each shortfall with upstream's words", () => {
    const cache = cluster(
      node("a", "1", "2Gi"),
      node("b", "1", "2Gi", { unschedulable: true }),
      node("c", "1", "2Gi", { taints: [{ key: "a", value: "b", effect: "NoSchedule" }] }),
    );
    expect(decide(cache, pod("big", [{ cpu: "1500m", memory: "3Gi" }]))).toMatchObject({
      message:
        "0/3 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
    });
    expect(decide(cache, pod("sel", [{}], { nodeSelector: { a: "b" } }))).toMatchObject({
      message:
        "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
    });
  });

  it("says that room taken by others could be freed", () => {
    const cache = cluster(node("a", "1", "2Gi"));
    cache.assume(podFacts(pod("first", [{ cpu: "800m" }])), "a");
    const decision = decide(cache, pod("second", [{ cpu: "800m" }]));
    expect(decision).toMatchObject({
      message:
        "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
    });
    expect(decision.kind === "does not fit" && [...decision.retryOn]).toEqual([
      "NodeAdded",
      "NodeAllocatableChanged",
      "PodRemoved",
    ]);
  });

  it("counts Pods against the node's limit and extended resources", () => {
    const full = node("a", "4", "4Gi");
    full.status.allocatable = { cpu: "4", memory: "4Gi", pods: "1", "example.com/gpu": "1" };
    const cache = cluster(full);
    expect(decide(cache, pod("gpus", [{ "example.com/gpu": "2" }]))).toMatchObject({
      message: expect.stringContaining("1 Insufficient example.com/gpu."),
    });
    cache.assume(podFacts(pod("only", [{}])), "a");
    expect(decide(cache, pod("more", [{}]))).toMatchObject({
      message: expect.stringContaining("1 Too many pods."),
    });
  });

  it.each([
    ["In", ["x", "y"], true],
    ["NotIn", ["x"], false],
    ["Exists", undefined, true],
    ["DoesNotExist", undefined, false],
    ["Gt", ["1"], false],
  ])("required node affinity %s %s → %s", (operator, values, fits) => {
    const cache = cluster(node("a", "4", "4Gi", {}, { zone: "x" }));
    const matchExpressions = [{ key: "zone", operator: operator as "In", values }];
    const required = { nodeSelectorTerms: [{ matchExpressions }] };
    const affinity = {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required },
    };
    expect(decide(cache, pod("p", [{}], { affinity })).kind === "fits").toBe(fits);
  });

  it.each([
    [{ key: "k", operator: "Equal", value: "v", effect: "NoSchedule" }, true],
    [{ key: "k", operator: "Exists" }, true],
    [{ operator: "Exists" }, true],
    [{ key: "k", operator: "Equal", value: "w" }, false],
    [{ key: "k", operator: "Exists", effect: "NoExecute" }, false],
  ] as const)("toleration %o → %s", (toleration, fits) => {
    const taints = [{ key: "k", value: "v", effect: "NoSchedule" as const }];
    const cache = cluster(node("a", "4", "4Gi", { taints }));
    const decision = decide(cache, pod("p", [{}], { tolerations: [toleration] }));
    expect(decision.kind === "fits").toBe(fits);
  });

  it("has words for an empty cluster", () => {
    expect(decide(cluster(), pod("p", [{}]))).toMatchObject({
      message: "no nodes available to schedule pods",
    });
  });
});

describe("scores", () => {
  it("prefers the emptier node", () => {
    const cache = cluster(node("a", "4", "4Gi"), node("b", "4", "4Gi"));
    cache.assume(podFacts(pod("first", [{ cpu: "1", memory: "1Gi" }])), "a");
    for (let seed = 0; seed < 10; seed++) {
      const decision = decide(cache, pod("next", [{ cpu: "1", memory: "1Gi" }]), seed);
      expect(decision).toMatchObject({ node: "b", feasible: 2 });
    }
  });

  it("prefers the node on which cpu and memory stay balanced", () => {
    const cache = cluster(node("cpu", "8", "4Gi"), node("even", "4", "8Gi"));
    const decision = decide(cache, pod("p", [{ cpu: "2", memory: "4Gi" }]));
    expect(decision).toMatchObject({ node: "even" });
  });

  it("avoids soft taints and follows preferred affinity", () => {
    const taints = [{ key: "k", effect: "PreferNoSchedule" as const }];
    const soft = cluster(node("a", "4", "4Gi", { taints }), node("b", "4", "4Gi"));
    expect(decide(soft, pod("p", [{}]))).toMatchObject({ node: "b" });
    const cache = cluster(node("a", "4", "4Gi"), node("b", "4", "4Gi", {}, { disk: "ssd" }));
    const preference = {
      matchExpressions: [{ key: "disk", operator: "In" as const, values: ["ssd"] }],
    };
    const preferred = [{ weight: 1, preference }];
    const affinity = {
      nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred },
    };
    expect(decide(cache, pod("p", [{}], { affinity }))).toMatchObject({ node: "b" });
  });

  it("spreads over equal nodes", () => {
    const cache = cluster(node("a", "4", "4Gi"), node("b", "4", "4Gi"));
    const cycle = new SchedulingCycle(defaultProfile, seededRandom(7));
    const chosen = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const decision = cycle.decide(podFacts(pod(`p${i}`, [{}])), cache.nodes);
      if (decision.kind === "fits") chosen.add(decision.node);
    }
    expect([...chosen].sort()).toEqual(["a", "b"]);
  });
});

describe("cache", () => {
  it("keeps the sums over a node that goes and comes back, and over confirmed assumptions", () => {
    const cache = cluster(node("a", "2", "4Gi"));
    const first = podFacts(pod("first", [{ cpu: "1500m" }]));
    cache.assume(first, "a");
    cache.confirm(first, "a");
    cache.removeNode("a");
    expect(decide(cache, pod("p", [{}]))).toMatchObject({ kind: "does not fit" });
    cache.putNode(node("a", "2", "4Gi"));
    expect(decide(cache, pod("p", [{ cpu: "1" }]))).toMatchObject({ kind: "does not fit" });
    expect(cache.remove(first.uid)).toBe(true);
    expect(decide(cache, pod("p", [{ cpu: "1" }]))).toMatchObject({ node: "a" });
  });

  it("a row given to another node starts from nothing", () => {
    const cache = cluster(node("a", "2", "4Gi"), node("b", "2", "4Gi"));
    cache.assume(podFacts(pod("first", [{ cpu: "2" }])), "a");
    cache.removeNode("a");
    cache.putNode(node("c", "2", "4Gi"));
    cache.assume(podFacts(pod("second", [{ cpu: "2" }])), "b");
    expect(decide(cache, pod("p", [{ cpu: "2" }]))).toMatchObject({ node: "c" });
  });
});
