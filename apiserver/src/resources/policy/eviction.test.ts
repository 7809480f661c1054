import type { Pod } from "@coracle/shared/api/types/core-v1";
import type {
  PodDisruptionBudget,
  PodDisruptionBudgetStatus,
} from "@coracle/shared/api/types/policy-v1";
import { describe, expect, it } from "vitest";
import {
  budgetsOf,
  countDisruption,
  markEvicted,
  refusalOf,
  sparesUnready,
  standingOf,
} from "./eviction.ts";

const NOW = Date.UTC(2026, 0, 1);
const TIME = "2026-01-01T00:00:00Z";
const metadata = { name: "x", uid: "", resourceVersion: "", creationTimestamp: "" };

const pod = (status: Pod["status"], extra: object = {}): Pod => ({
  metadata: { ...metadata, labels: { app: "web" }, ...extra },
  spec: { containers: [] },
  status,
});

const budget = (
  status: PodDisruptionBudgetStatus,
  spec: PodDisruptionBudget["spec"] = {},
): PodDisruptionBudget => ({
  metadata: { ...metadata, name: "b", generation: 1 },
  spec,
  status: { observedGeneration: 1, ...status },
});

const ready = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } as const;
const unready = { phase: "Running", conditions: [{ type: "Ready", status: "False" }] } as const;

describe("whether budgets matter", () => {
  it.each<[string, Pod, string]>([
    ["running", pod({ ...ready } as never), "guarded"],
    ["no phase yet", pod({}), "guarded"],
    ["pending", pod({ phase: "Pending" }), "pending"],
    ["finished", pod({ phase: "Succeeded" }), "gone"],
    ["failed", pod({ phase: "Failed" }), "gone"],
    ["on its way out", pod({ phase: "Pending" }, { deletionTimestamp: TIME }), "gone"],
  ])("%s: %s", (_, given, standing) => {
    expect(standingOf(given)).toBe(standing);
  });

  it("only those whose selector matches", () => {
    const all = [
      budget({}, { selector: { matchLabels: { app: "web" } } }),
      budget({}, { selector: { matchLabels: { app: "db" } } }),
      budget({}, { selector: {} }),
      budget({}),
    ];
    expect(budgetsOf(pod({}), all)).toEqual([all[0], all[2]]);
  });

  it.each<[string, Pod, PodDisruptionBudget, boolean]>([
    ["a ready Pod", pod(ready as never), budget({ currentHealthy: 2, desiredHealthy: 1 }), false],
    [
      "enough others",
      pod(unready as never),
      budget({ currentHealthy: 1, desiredHealthy: 1 }),
      true,
    ],
    ["too few others", pod(unready as never), budget({ desiredHealthy: 1 }), false],
    ["none desired", pod(unready as never), budget({ currentHealthy: 1 }), false],
    [
      "a budget that minds no unready Pods",
      pod(unready as never),
      budget({ desiredHealthy: 1 }, { unhealthyPodEvictionPolicy: "AlwaysAllow" }),
      true,
    ],
  ])("%s goes uncounted: %s", (_, given, by, spared) => {
    expect(sparesUnready(given, by)).toBe(spared);
  });
});

describe("a refusal", () => {
  it("tells when to come again only while the budget is not yet judged", () => {
    const early = refusalOf(budget({ observedGeneration: 0, disruptionsAllowed: 1 }));
    expect(early?.status.details?.retryAfterSeconds).toBe(10);
    expect(early?.code).toBe(429);
    const late = refusalOf(budget({ currentHealthy: 1, desiredHealthy: 2 }));
    expect(late?.status.details?.retryAfterSeconds).toBeUndefined();
    expect(late?.status.details?.causes).toEqual([
      {
        reason: "DisruptionBudget",
        message: "The disruption budget b needs 2 healthy pods and has 1 currently",
      },
    ]);
  });

  it("is final for a broken budget", () => {
    expect(refusalOf(budget({ disruptionsAllowed: -1 }))?.code).toBe(403);
    const disruptedPods = Object.fromEntries(
      Array.from({ length: 2001 }, (_, i) => [`p${i}`, TIME]),
    );
    expect(refusalOf(budget({ disruptionsAllowed: 1, disruptedPods }))?.code).toBe(403);
  });

  it("is none while disruptions are allowed", () => {
    expect(refusalOf(budget({ disruptionsAllowed: 1 }))).toBeUndefined();
  });
});

describe("what is written", () => {
  it("the last allowed disruption closes the budget", () => {
    const given = budget({ disruptionsAllowed: 2, disruptedPods: { b: TIME } });
    countDisruption(given, "a", NOW);
    expect(Object.keys(given.status.disruptedPods ?? {})).toEqual(["a", "b"]);
    expect(given.status).toMatchObject({ disruptionsAllowed: 1 });
    expect(given.status.conditions).toBeUndefined();
    countDisruption(given, "c", NOW);
    expect(given.status.disruptionsAllowed).toBe(0);
    expect(given.status.conditions).toEqual([
      {
        type: "DisruptionAllowed",
        status: "False",
        observedGeneration: 1,
        lastTransitionTime: TIME,
        reason: "InsufficientPods",
        message: "",
      },
    ]);
  });

  it("a Pod is marked once: the time of the first eviction stays", () => {
    const given = pod(ready as never);
    markEvicted(given, NOW);
    markEvicted(given, NOW + 60_000);
    expect(given.status.conditions).toHaveLength(2);
    expect(given.status.conditions?.[1]).toMatchObject({
      type: "DisruptionTarget",
      reason: "EvictionByEvictionAPI",
      lastTransitionTime: TIME,
    });
  });
});
