import type { ReplicaSet } from "@coracle/shared/api/types/apps-v1";
import { describe, expect, it } from "vitest";
import { replicaSet } from "../deployment/fixture.ts";
import { pod, START } from "./fixture.ts";
import { computeStatus, nextAvailableAfterMs, sameStatus } from "./status.ts";

const subject = (replicas: number, minReadySeconds = 0): ReplicaSet => {
  const made = replicaSet("web", { replicas });
  return { ...made, spec: { ...made.spec, minReadySeconds } };
};
const label = { app: "web", "pod-template-hash": "hash-web" };
const at = (seconds: number) => START + seconds * 1000;

describe("computeStatus", () => {
  it("counts each Pod where it belongs", () => {
    const pods = [
      pod("pending", { phase: "Pending", labels: label }),
      pod("ready", { readySince: 0, labels: label }),
      pod("fresh", { readySince: 55 }),
      pod("done", { phase: "Succeeded" }),
      pod("leaving", { readySince: 0, deleting: true }),
      pod("left", { phase: "Failed", deleting: true }),
    ];
    expect(computeStatus(subject(3, 10), pods, undefined, at(60))).toMatchObject({
      replicas: 3,
      fullyLabeledReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 1,
      terminatingReplicas: 1,
    });
    expect(nextAvailableAfterMs(subject(3, 10), pods, at(60))).toBe(5000);
    expect(nextAvailableAfterMs(subject(3), pods, at(60))).toBeUndefined();
    expect(computeStatus(subject(3, 10), pods, undefined, at(65)).availableReplicas).toBe(2);
    expect(nextAvailableAfterMs(subject(3, 10), pods, at(65))).toBeUndefined();
  });

  it("keeps the first failure until an attempt succeeds", () => {
    const first = computeStatus(subject(1), [], new Error("quota"), at(0));
    expect(first.conditions).toEqual([
      {
        type: "ReplicaFailure",
        status: "True",
        reason: "FailedCreate",
        message: "quota",
        lastTransitionTime: "2026-01-01T00:00:00Z",
      },
    ]);
    const failing = { ...subject(1), status: first };
    expect(computeStatus(failing, [], new Error("other"), at(9)).conditions).toEqual(
      first.conditions,
    );
    expect(computeStatus(failing, [], undefined, at(9)).conditions).toEqual([]);
    const tooMany = computeStatus(subject(0), [pod("a")], new Error("no"), at(0));
    expect(tooMany.conditions?.[0]?.reason).toBe("FailedDelete");
  });
});

describe("sameStatus", () => {
  it("takes absent counts for zero, but not that of terminating Pods", () => {
    const empty = computeStatus(subject(0), [], undefined, START);
    expect(sameStatus({ replicas: 0, observedGeneration: 1, terminatingReplicas: 0 }, empty)).toBe(
      true,
    );
    expect(sameStatus({ replicas: 0, observedGeneration: 1 }, empty)).toBe(false);
    expect(sameStatus({ replicas: 0, terminatingReplicas: 0 }, empty)).toBe(false);
  });
});
