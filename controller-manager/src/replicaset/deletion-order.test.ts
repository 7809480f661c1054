import { describe, expect, it } from "vitest";
import { rankForDeletion } from "./deletion-order.ts";
import { type PodFacts, pod, START } from "./fixture.ts";

const NOW = START + 3600_000;
const node = "n1";
const ready = { node, readySince: 0 };
const cost = (value: string) => ({
  annotations: { "controller.kubernetes.io/pod-deletion-cost": value },
});

/** Names of the two, the one to go first first, from either order. */
function order(first: PodFacts, second: PodFacts, neighbours: Record<string, number> = {}) {
  const a = pod("a", first);
  const b = pod("b", second);
  const rank = (pods: (typeof a)[]) =>
    rankForDeletion(pods, (p) => neighbours[p.spec.nodeName ?? ""] ?? 0, NOW)
      .map(({ metadata }) => metadata.name)
      .join("");
  const result = rank([a, b]);
  expect(rank([b, a])).toBe(result);
  return result;
}

describe("rankForDeletion", () => {
  it.each<[string, PodFacts, PodFacts]>([
    ["unassigned before assigned", {}, { node }],
    ["pending before unknown", { node, phase: "Pending" }, { node, phase: "Unknown" }],
    ["unknown before running", { node, phase: "Unknown" }, { node }],
    ["not ready before ready", { node }, ready],
    ["cheap before expensive", { ...ready, ...cost("-5") }, { ...ready, ...cost("5") }],
    ["a bad cost is none", { ...ready, ...cost("x") }, { ...ready, ...cost("1") }],
    ["ready for a short time before long", { node, readySince: 3500 }, { node, readySince: 0 }],
    ["more restarts before fewer", { ...ready, restarts: 3 }, { ...ready, restarts: 1 }],
    ["younger before older", { ...ready, created: 3500 }, { ...ready, created: 0 }],
    ["of about the same age, by uid", { ...ready, created: 10 }, { ...ready, created: 5 }],
  ])("%s", (_name, first, second) => {
    expect(order(first, second)).toBe("ab");
  });

  it("prefers nodes with many related Pods", () => {
    const facts = { readySince: 0 };
    expect(order({ ...facts, node: "n1" }, { ...facts, node: "n2" }, { n1: 3, n2: 1 })).toBe("ab");
    expect(order({ ...facts, node: "n1" }, { ...facts, node: "n2" }, { n1: 1, n2: 3 })).toBe("ba");
  });
});
