import type { Node, Pod, Taint } from "@coracle/shared/api/types/core-v1";
import { describe, expect, it } from "vitest";
import { START } from "../replicaset/fixture.ts";
import { EvictionRate, evictionIntervalMs } from "./eviction-rate.ts";
import { silentConditions, wantedTaints } from "./health.ts";
import { toleratedMs } from "./taint-eviction.ts";

const node = (conditions: Record<string, string>, spec: Node["spec"] = {}): Node => ({
  metadata: {
    name: "n",
    uid: "n",
    resourceVersion: "1",
    creationTimestamp: "2026-01-01T00:00:00Z",
  },
  spec,
  status: {
    conditions: Object.entries(conditions).map(([type, status]) => ({ type, status })),
  },
});
const show = (taints: Taint[] | undefined) =>
  taints?.map(({ key, effect }) => `${key.replace("node.kubernetes.io/", "")}:${effect}`);

describe("a node that is silent", () => {
  it("has conditions that nobody knows", () => {
    const conditions = silentConditions(
      node({ Ready: "True", NetworkUnavailable: "False" }),
      START,
    );
    expect(conditions?.map(({ type, status, reason }) => [type, status, reason])).toEqual([
      ["Ready", "Unknown", "NodeStatusUnknown"],
      ["NetworkUnavailable", "False", undefined],
      ["MemoryPressure", "Unknown", "NodeStatusNeverUpdated"],
      ["DiskPressure", "Unknown", "NodeStatusNeverUpdated"],
      ["PIDPressure", "Unknown", "NodeStatusNeverUpdated"],
    ]);
    const silent = { ...node({}), status: { conditions } };
    expect(silentConditions(silent, START)).toBeUndefined();
  });
});

describe("the taints of a node", () => {
  it("follow its conditions", () => {
    const unready = node({ Ready: "Unknown", DiskPressure: "True" }, { unschedulable: true });
    expect(show(wantedTaints(unready, true, START))).toEqual([
      "disk-pressure:NoSchedule",
      "unreachable:NoSchedule",
      "unschedulable:NoSchedule",
      "unreachable:NoExecute",
    ]);
    expect(show(wantedTaints(node({ Ready: "False" }), false, START))).toEqual([
      "not-ready:NoSchedule",
    ]);
    expect(wantedTaints(node({ Ready: "True" }), false, START)).toBeUndefined();
  });

  it("leave those of others alone", () => {
    const own: Taint = { key: "mine", effect: "NoExecute" };
    const stale: Taint = { key: "node.kubernetes.io/unreachable", effect: "NoExecute" };
    const ready = node({ Ready: "True" }, { taints: [own, stale] });
    expect(wantedTaints(ready, false, START)).toEqual([own]);
  });
});

describe("evictions from unready nodes", () => {
  const nodes = (ready: number, unready: number) => [
    ...Array.from({ length: ready }, () => node({ Ready: "True" })),
    ...Array.from({ length: unready }, () => node({ Ready: "Unknown" })),
  ];

  it("stop when most or all nodes are unready", () => {
    expect(evictionIntervalMs(nodes(9, 1))).toBe(10_000);
    expect(evictionIntervalMs(nodes(1, 2))).toBe(10_000);
    expect(evictionIntervalMs(nodes(0, 3))).toBeUndefined();
    expect(evictionIntervalMs(nodes(10, 30))).toBeUndefined();
    expect(evictionIntervalMs(nodes(20, 60))).toBe(100_000);
  });

  it("come one after the other", () => {
    const rate = new EvictionRate();
    expect([rate.take(10_000, 0), rate.take(10_000, 4000), rate.take(10_000, 10_000)]).toEqual([
      0, 6000, 0,
    ]);
  });

  it("wait as long as the Pod tolerates each taint", () => {
    const taint = (key: string): Taint => ({ key, effect: "NoExecute" });
    const pod = {
      spec: {
        containers: [],
        tolerations: [
          { key: "a", operator: "Exists", tolerationSeconds: 300 },
          { key: "b", operator: "Exists", tolerationSeconds: 20 },
          { key: "c", operator: "Exists" },
        ],
      },
    } as unknown as Pod;
    expect(toleratedMs(pod, [taint("a"), taint("b")])).toBe(20_000);
    expect(toleratedMs(pod, [taint("c")])).toBe(Number.POSITIVE_INFINITY);
    expect(toleratedMs(pod, [taint("a"), taint("d")])).toBe(0);
  });
});
