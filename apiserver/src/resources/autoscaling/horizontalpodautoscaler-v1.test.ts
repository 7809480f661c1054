import type * as v1 from "@coracle/shared/api/types/autoscaling-v1";
import type * as v2 from "@coracle/shared/api/types/autoscaling-v2";
import { describe, expect, it } from "vitest";
import { toV1, toV2 } from "./horizontalpodautoscaler-v1.ts";

const metadata = {
  name: "a",
  uid: "",
  resourceVersion: "",
  creationTimestamp: "2026-01-01T00:00:00Z",
};
const scaleTargetRef = { kind: "Deployment", name: "web", apiVersion: "apps/v1" };
const PREFIX = "autoscaling.alpha.kubernetes.io/";

const autoscaler = (
  spec: Partial<v2.HorizontalPodAutoscalerSpec>,
  status: Partial<v2.HorizontalPodAutoscalerStatus> = {},
) =>
  ({
    metadata,
    spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 3, ...spec },
    status: { desiredReplicas: 0, ...status },
  }) as v2.HorizontalPodAutoscaler;

const inV1 = (annotations: Record<string, string>, spec: object = {}) =>
  ({
    metadata: { ...metadata, annotations },
    spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 3, ...spec },
  }) as unknown as v1.HorizontalPodAutoscaler;

const memory: v2.MetricSpec = {
  type: "Resource",
  resource: { name: "memory", target: { type: "AverageValue", averageValue: "1Gi" } },
};
const cpu: v2.MetricSpec = {
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } },
};

describe("v2 → v1", () => {
  it("has a field for CPU and an annotation for the rest", () => {
    const { metadata: made, spec } = toV1(autoscaler({ metrics: [cpu, memory] }));
    expect(spec.targetCPUUtilizationPercentage).toBe(50);
    expect(made.annotations).toEqual({
      [`${PREFIX}metrics`]:
        '[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1Gi"}}]',
    });
  });

  it("writes behavior under the names of upstream's internal type", () => {
    const behavior = {
      scaleDown: { policies: [{ type: "Pods", value: 1, periodSeconds: 2 }], selectPolicy: "Min" },
    };
    const { annotations } = toV1(autoscaler({ metrics: [cpu], behavior })).metadata;
    expect(annotations?.[`${PREFIX}behavior`]).toBe(
      '{"ScaleUp":null,"ScaleDown":{"StabilizationWindowSeconds":null,"SelectPolicy":"Min","Policies":[{"Type":"Pods","Value":1,"PeriodSeconds":2}],"Tolerance":null}}',
    );
  });

  it("escapes as Go does", () => {
    const conditions = [{ type: "T", status: "True", message: "a<b & c>d" }];
    const { annotations } = toV1(autoscaler({}, { conditions })).metadata;
    expect(annotations?.[`${PREFIX}conditions`]).toContain("a\\u003cb \\u0026 c\\u003ed");
  });
});

describe("v1 → v2", () => {
  it("comes back as it was, CPU last", () => {
    const given = autoscaler({ metrics: [cpu, memory] });
    const { metadata: made, spec } = toV2(toV1(given));
    expect(spec.metrics).toEqual([memory, cpu]);
    expect(made.annotations).toBeUndefined();
  });

  it.each([
    ["no JSON", "{"],
    ["another type", '{"a":1}'],
    ["a member of another type", '[{"type":1}]'],
  ])("an annotation that is %s counts as none", (_, text) => {
    const { spec } = toV2(inV1({ [`${PREFIX}metrics`]: text }));
    expect(spec.metrics?.map(({ resource }) => resource?.target.averageUtilization)).toEqual([80]);
  });

  it("reads member names in any case", () => {
    const text = '{"scaledown":{"POLICIES":[{"type":"Pods","value":1,"periodSeconds":2}]}}';
    const { behavior } = toV2(inV1({ [`${PREFIX}behavior`]: text })).spec;
    expect(behavior?.scaleDown?.policies).toEqual([{ type: "Pods", value: 1, periodSeconds: 2 }]);
    expect(behavior?.scaleUp?.policies).toHaveLength(2);
  });

  it("leaves rules without policies for validation to refuse", () => {
    const { behavior } = toV2(inV1({ [`${PREFIX}behavior`]: '{"ScaleUp":{}}' })).spec;
    expect(behavior?.scaleUp?.policies).toBeUndefined();
  });

  it("takes a part of an object", () => {
    expect(toV2({ metadata } as v1.HorizontalPodAutoscaler).spec.maxReplicas).toBe(0);
    expect(toV1({ metadata } as v2.HorizontalPodAutoscaler).spec.maxReplicas).toBe(0);
  });
});
