import type {
  Deployment,
  DeploymentCondition,
  DeploymentStatus,
} from "@coracle/shared/api/types/apps-v1";
import { describe, expect, it } from "vitest";
import { deployment, replicaSet } from "./fixture.ts";
import {
  computeRolloutStatus,
  computeStatus,
  pausedConditions,
  progressCheckAfterMs,
} from "./status.ts";

const START = Date.UTC(2026, 0, 1);
const at = (seconds: number) => START + seconds * 1000;
const time = (seconds: number) => new Date(at(seconds)).toISOString().replace(".000", "");

const progressing = (
  status: string,
  reason: string,
  seconds = 0,
  message = "",
): DeploymentCondition => ({
  type: "Progressing",
  status,
  reason,
  message,
  lastUpdateTime: time(seconds),
  lastTransitionTime: time(seconds),
});

const withStatus = (
  replicas: number,
  status: DeploymentStatus,
  spec: Partial<Deployment["spec"]> = {},
) => deployment(replicas, spec, { status });

const texts = (status: DeploymentStatus) =>
  (status.conditions ?? []).map((c) => `${c.type} ${c.status} ${c.reason}: ${c.message}`);

const AVAILABLE = "Available True MinimumReplicasAvailable: Deployment has minimum availability.";
const UNAVAILABLE =
  "Available False MinimumReplicasUnavailable: Deployment does not have minimum availability.";

describe("computeStatus", () => {
  it("sums up its ReplicaSets", () => {
    const current = replicaSet("new", { replicas: 2, available: 1 });
    const old = replicaSet("old", { replicas: 3, actual: 4, available: 2 });
    const status = computeStatus(deployment(4), current, [old, current], START);
    expect(status).toMatchObject({
      observedGeneration: 1,
      replicas: 6,
      updatedReplicas: 2,
      readyReplicas: 3,
      availableReplicas: 3,
      unavailableReplicas: 2,
      terminatingReplicas: 0,
    });
    expect(texts(status)).toEqual([AVAILABLE]);
  });

  it("is unavailable below the minimum, and never counts below zero", () => {
    const current = replicaSet("new", { replicas: 1, available: 2 });
    const status = computeStatus(deployment(4), current, [current], START);
    expect(status.unavailableReplicas).toBe(0);
    expect(texts(status)).toEqual([UNAVAILABLE]);
  });

  it("does not know how many are terminating if one ReplicaSet does not tell", () => {
    const silent = replicaSet("old", { replicas: 1 });
    delete silent.status.terminatingReplicas;
    expect(computeStatus(deployment(1), undefined, [silent], START).terminatingReplicas).toBe(
      undefined,
    );
    delete silent.status.observedGeneration;
    expect(computeStatus(deployment(1), undefined, [silent], START).terminatingReplicas).toBe(0);
  });
});

describe("progress", () => {
  const old = replicaSet("old", { replicas: 1, available: 1 });

  it("is renewed, without a transition, whenever something moves", () => {
    const before = withStatus(2, {
      replicas: 2,
      updatedReplicas: 1,
      conditions: [progressing("True", "NewReplicaSetCreated")],
    });
    const current = replicaSet("new", { replicas: 2, available: 0 });
    const status = computeRolloutStatus(before, current, [current], at(30));
    expect(status.conditions?.at(-1)).toEqual({
      type: "Progressing",
      status: "True",
      reason: "ReplicaSetUpdated",
      message: 'ReplicaSet "new" is progressing.',
      lastUpdateTime: time(30),
      lastTransitionTime: time(0),
    });
  });

  it("ends when all Pods are new and available", () => {
    const before = withStatus(1, { conditions: [progressing("True", "ReplicaSetUpdated")] });
    const current = replicaSet("new", { replicas: 1, available: 1 });
    const done =
      'Progressing True NewReplicaSetAvailable: ReplicaSet "new" has successfully progressed.';
    const status = computeRolloutStatus(before, current, [current], START);
    expect(texts(status)).toContain(done);
    const still = computeRolloutStatus(before, current, [current, old], START);
    expect(texts(still)).not.toContain(done);
  });

  it("is not estimated again once it has ended", () => {
    const ended = progressing("True", "NewReplicaSetAvailable");
    const before = withStatus(2, { replicas: 2, updatedReplicas: 2, conditions: [ended] });
    const current = replicaSet("new", { replicas: 2, available: 0 });
    const status = computeRolloutStatus(before, current, [current], at(100_000));
    expect(status.conditions?.[0]).toEqual(ended);
  });

  it("times out after the deadline, and only then", () => {
    const before = withStatus(1, {
      replicas: 1,
      updatedReplicas: 1,
      conditions: [progressing("True", "ReplicaSetUpdated")],
    });
    const current = replicaSet("new", { replicas: 1, available: 0 });
    const reasonAt = (seconds: number) =>
      texts(computeRolloutStatus(before, current, [current], at(seconds))).find((text) =>
        text.startsWith("Progressing"),
      );
    expect(reasonAt(600)).toContain("True ReplicaSetUpdated");
    expect(reasonAt(601)).toBe(
      'Progressing False ProgressDeadlineExceeded: ReplicaSet "new" has timed out progressing.',
    );
  });

  it("is not told without a deadline", () => {
    const conditions = [progressing("True", "ReplicaSetUpdated")];
    const before = withStatus(1, { conditions }, { progressDeadlineSeconds: 2 ** 31 - 1 });
    const current = replicaSet("new", { replicas: 1, available: 1 });
    expect(texts(computeRolloutStatus(before, current, [current], START))).toEqual([AVAILABLE]);
  });

  it("shows and hides the failure of a ReplicaSet", () => {
    const current = replicaSet("new", { replicas: 1, actual: 0 });
    const failure = {
      type: "ReplicaFailure",
      status: "True",
      reason: "FailedCreate",
      message: "no",
    };
    current.status.conditions = [{ ...failure, lastTransitionTime: time(5) }];
    const failed = computeRolloutStatus(withStatus(1, {}), current, [current], START);
    expect(texts(failed)).toEqual([UNAVAILABLE, "ReplicaFailure True FailedCreate: no"]);
    current.status.conditions = [];
    const recovered = computeRolloutStatus(withStatus(1, failed), current, [current], START);
    expect(texts(recovered)).toEqual([UNAVAILABLE]);
  });

  it("is checked one second after the deadline", () => {
    const conditions = (reason: string) => [progressing("True", reason)];
    const check = (reason: string) =>
      progressCheckAfterMs(withStatus(1, { conditions: conditions(reason) }), at(180));
    expect(check("ReplicaSetUpdated")).toBe(421_000);
    expect(check("ProgressDeadlineExceeded")).toBeUndefined();
    expect(check("NewReplicaSetAvailable")).toBeUndefined();
  });
});

describe("pausedConditions", () => {
  it.each<[boolean, string, string]>([
    [true, "ReplicaSetUpdated", "DeploymentPaused"],
    [true, "DeploymentPaused", "DeploymentPaused"],
    [true, "ProgressDeadlineExceeded", "ProgressDeadlineExceeded"],
    [false, "DeploymentPaused", "DeploymentResumed"],
    [false, "ReplicaSetUpdated", "ReplicaSetUpdated"],
  ])("paused %s after %s: %s", (paused, before, after) => {
    const conditions = [progressing("True", before)];
    const subject = withStatus(1, { conditions }, { paused });
    expect(pausedConditions(subject, START)?.map(({ reason }) => reason)).toEqual([after]);
  });
});
