import type { PodDisruptionBudget } from "@coracle/shared/api/types/policy-v1";
import { formatTime } from "@coracle/shared/runtime/clock";
import { describe, expect, it } from "vitest";
import { pod, START } from "../replicaset/fixture.ts";
import { computeStatus, disruptedPods, expectedPods, failedStatus } from "./status.ts";

const budget = (
  spec: PodDisruptionBudget["spec"],
  disrupted: Record<string, string> = {},
): PodDisruptionBudget => ({
  metadata: {
    name: "b",
    namespace: "default",
    uid: "uid-b",
    resourceVersion: "1",
    generation: 3,
    creationTimestamp: "",
  },
  spec,
  status: { disruptedPods: disrupted },
});
const pods = ["a", "b", "c"].map((name) => pod(name, { readySince: 1 }));
const scale = () => ({ count: 5, unmanaged: [] });
const status = (subject: PodDisruptionBudget, of = pods) =>
  computeStatus(
    subject,
    of,
    expectedPods(subject, of, scale),
    disruptedPods(subject, of, START),
    START,
  );

describe("a disruption budget", () => {
  it("counts what there is for a number, and what is wanted for a share", () => {
    expect(status(budget({ minAvailable: 2 }))).toMatchObject({
      expectedPods: 3,
      desiredHealthy: 2,
      currentHealthy: 3,
      disruptionsAllowed: 1,
    });
    expect(expectedPods(budget({ minAvailable: "50%" }), pods, scale).desired).toBe(3);
    expect(expectedPods(budget({ maxUnavailable: "30%" }), pods, scale).desired).toBe(3);
    expect(expectedPods(budget({ maxUnavailable: 9 }), pods, scale).desired).toBe(0);
  });

  it("says whether anything may be disrupted", () => {
    const [condition] = status(budget({ minAvailable: 2 })).conditions ?? [];
    expect(condition).toMatchObject({ status: "True", reason: "SufficientPods" });
    const [other] = status(budget({ minAvailable: 3 })).conditions ?? [];
    expect(other).toMatchObject({ status: "False", reason: "InsufficientPods" });
    expect(status(budget({ minAvailable: 0 }), []).disruptionsAllowed).toBe(0);
  });

  it("does not count Pods whose eviction was granted, for two minutes", () => {
    const granted = (secondsAgo: number) => ({ a: formatTime(START - secondsAgo * 1000) });
    const fresh = budget({ minAvailable: 2 }, granted(20));
    expect(status(fresh)).toMatchObject({ currentHealthy: 2, disruptedPods: granted(20) });
    expect(disruptedPods(fresh, pods, START).recheckAfterMs).toBe(100_000);
    const stale = budget({ minAvailable: 2 }, granted(121));
    expect(status(stale)).toMatchObject({ currentHealthy: 3, disruptedPods: {} });
    expect(disruptedPods(stale, pods, START).overdue).toEqual([pods[0]]);
  });

  it("allows nothing when it cannot be computed", () => {
    expect(failedStatus(budget({}), new Error("no scale"), START)).toMatchObject({
      disruptionsAllowed: 0,
      conditions: [{ status: "False", reason: "SyncFailed", message: "no scale" }],
    });
  });
});
