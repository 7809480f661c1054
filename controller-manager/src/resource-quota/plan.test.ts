import type { KubernetesObject } from "@coracle/shared/api/resources";
import type { ResourceQuota } from "@coracle/shared/api/types/core-v1";
import { evaluatorOf } from "@coracle/shared/machinery/quota/evaluators";
import { describe, expect, test } from "vitest";
import { type CountedKind, planStatus } from "./plan.ts";

const NOW = Date.UTC(2026, 0, 1);

const quotaOf = (hard: object, status: object = {}): ResourceQuota =>
  ({ metadata: { name: "q", namespace: "ns" }, spec: { hard }, status }) as ResourceQuota;

function kind(resource: string, count: number | undefined): CountedKind {
  const evaluator = evaluatorOf({ group: "", resource });
  if (evaluator === undefined) throw new Error(`${resource} is not counted`);
  const object = { metadata: { name: "x" }, spec: { containers: [] } };
  const objects =
    count === undefined
      ? undefined
      : Array.from({ length: count }, () => object as unknown as KubernetesObject);
  return { evaluator, objects };
}

describe("a quota's status", () => {
  test("is filled in", () => {
    const quota = quotaOf({ pods: "5", configmaps: "3" });
    expect(planStatus(quota, [kind("pods", 2), kind("configmaps", 0)], NOW)).toEqual({
      hard: { pods: "5", configmaps: "3" },
      used: { pods: "2", configmaps: "0" },
    });
  });

  test("is left alone when it is right", () => {
    const status = { hard: { pods: "5" }, used: { pods: "2" } };
    expect(planStatus(quotaOf({ pods: "5" }, status), [kind("pods", 2)], NOW)).toBeUndefined();
    expect(planStatus(quotaOf({}), [], NOW)).toBeUndefined();
  });

  test("follows the spec and forgets what is no longer limited", () => {
    const status = { hard: { pods: "5", secrets: "1" }, used: { pods: "2", secrets: "1" } };
    expect(planStatus(quotaOf({ pods: "7" }, status), [kind("pods", 2)], NOW)).toEqual({
      hard: { pods: "7" },
      used: { pods: "2" },
    });
  });

  test("keeps what cannot be counted yet, and leaves out what never was", () => {
    const status = { hard: { pods: "5" }, used: { pods: "4" } };
    const quota = quotaOf({ pods: "5", configmaps: "1", secrets: "1" }, status);
    const kinds = [kind("pods", undefined), kind("configmaps", 1), kind("secrets", undefined)];
    expect(planStatus(quota, kinds, NOW)).toEqual({
      hard: { pods: "5", configmaps: "1", secrets: "1" },
      used: { pods: "4", configmaps: "1" },
    });
  });
});
