// autoscaling/v1 of an autoscaler: CPU in a field of its own, everything else in annotations (upstream:
// pkg/apis/autoscaling/v1/conversion.go). Stored is v2.
import { resources } from "@coracle/shared/api/resources";
import type * as v1 from "@coracle/shared/api/types/autoscaling-v1";
import type * as v2 from "@coracle/shared/api/types/autoscaling-v2";
import type { KindVersion } from "../../registry/resource-table.ts";
import type { AnyObject } from "../../registry/served-resource.ts";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { goJson, inForm, readStruct, readStructs } from "./go-json.ts";
import { horizontalPodAutoscalerBehaviour } from "./horizontalpodautoscaler.ts";
import { defaultMetric, setBehaviorDefaults } from "./horizontalpodautoscaler-defaults.ts";
import { metricToV1, metricToV2, statusToV1, statusToV2 } from "./metric-conversion.ts";
import {
  BEHAVIOR,
  CONDITIONS,
  CURRENT_METRICS,
  dropRoundTripAnnotations,
  METRICS,
} from "./round-trip-annotations.ts";

const V1 = "io.k8s.api.autoscaling.v1";
const V2 = "io.k8s.api.autoscaling.v2";
const KIND = "HorizontalPodAutoscaler";

/** The share of CPU that v1 has a field for. */
const cpuShare = ({ type, resource }: v2.MetricSpec): number | undefined =>
  type === "Resource" && resource?.name === "cpu" ? resource.target.averageUtilization : undefined;

function metricsOf({ metadata, spec }: v1.HorizontalPodAutoscaler): v2.MetricSpec[] {
  const share = spec.targetCPUUtilizationPercentage;
  const target = { type: "Utilization", averageUtilization: share };
  const own: v2.MetricSpec[] =
    share === undefined ? [] : [{ type: "Resource", resource: { name: "cpu", target } }];
  const annotation = metadata.annotations?.[METRICS] ?? "[]";
  const others = readStructs<v1.MetricSpec>(annotation, `${V1}.MetricSpec`) ?? [];
  const metrics = [...others.map(metricToV2), ...own];
  return metrics.length === 0 ? [defaultMetric()] : metrics;
}

/** With the defaults of v2, but for policies: rules without any are refused, which v2 fills in. */
function behaviorOf({ metadata }: v1.HorizontalPodAutoscaler) {
  const annotation = metadata.annotations?.[BEHAVIOR];
  if (annotation === undefined) return undefined;
  const type = `${V2}.HorizontalPodAutoscalerBehavior`;
  const behavior = readStruct<v2.HorizontalPodAutoscalerBehavior>(annotation, type);
  if (behavior === undefined || Object.keys(behavior).length === 0) return undefined;
  for (const rules of Object.values(behavior) as v2.HPAScalingRules[]) rules.policies ??= [];
  setBehaviorDefaults(behavior);
  return behavior;
}

function statusOf(
  autoscaler: v1.HorizontalPodAutoscaler,
): Partial<v2.HorizontalPodAutoscalerStatus> {
  const { metadata, status } = autoscaler;
  const { observedGeneration, lastScaleTime, currentReplicas, desiredReplicas } = status ?? {};
  const share = status?.currentCPUUtilizationPercentage;
  const current = { averageUtilization: share };
  const own: v2.MetricStatus[] | undefined =
    share === undefined ? undefined : [{ type: "Resource", resource: { name: "cpu", current } }];
  const annotated = readStructs<v1.MetricStatus>(
    metadata.annotations?.[CURRENT_METRICS] ?? "",
    `${V1}.MetricStatus`,
  );
  return {
    observedGeneration,
    lastScaleTime,
    currentReplicas,
    desiredReplicas,
    currentMetrics: annotated?.map(statusToV2) ?? own,
    conditions: readStructs(
      metadata.annotations?.[CONDITIONS] ?? "",
      `${V2}.HorizontalPodAutoscalerCondition`,
    ),
  };
}

/** Takes parts of an object, too: apply converts what is left when a manager's fields are taken away. */
export function toV2(given: v1.HorizontalPodAutoscaler): v2.HorizontalPodAutoscaler {
  const autoscaler = inForm<v1.HorizontalPodAutoscaler>(given, `${V1}.${KIND}`);
  const { scaleTargetRef, minReplicas, maxReplicas } = autoscaler.spec;
  const metadata = { ...autoscaler.metadata };
  dropRoundTripAnnotations(metadata);
  const metrics = metricsOf(autoscaler);
  const behavior = behaviorOf(autoscaler);
  return inForm(
    {
      kind: KIND,
      apiVersion: "autoscaling/v2",
      metadata,
      spec: { scaleTargetRef, minReplicas, maxReplicas, metrics, behavior },
      status: statusOf(autoscaler),
    },
    `${V2}.${KIND}`,
  );
}

/** As the fields of upstream's internal type are named, which has no names for JSON. */
function shownRules(rules: v2.HPAScalingRules | undefined): unknown {
  if (rules === undefined) return null;
  return {
    StabilizationWindowSeconds: rules.stabilizationWindowSeconds ?? null,
    SelectPolicy: rules.selectPolicy ?? null,
    Policies:
      rules.policies?.map(({ type, value, periodSeconds }) => ({
        Type: type,
        Value: value,
        PeriodSeconds: periodSeconds,
      })) ?? null,
    Tolerance: rules.tolerance ?? null,
  };
}

function annotationsFor({ spec, status }: v2.HorizontalPodAutoscaler): Record<string, string> {
  const annotations: Record<string, string> = {};
  const list = (key: string, items: readonly unknown[], type: string) => {
    if (items.length === 0) return;
    annotations[key] = goJson(items.map((item) => inForm(item, `${V1}.${type}`)));
  };
  const others = (spec.metrics ?? []).filter((metric) => cpuShare(metric) === undefined);
  list(METRICS, others.map(metricToV1), "MetricSpec");
  list(CURRENT_METRICS, (status.currentMetrics ?? []).map(statusToV1), "MetricStatus");
  list(CONDITIONS, status.conditions ?? [], "HorizontalPodAutoscalerCondition");
  const { behavior } = spec;
  if (behavior !== undefined) {
    annotations[BEHAVIOR] = goJson({
      ScaleUp: shownRules(behavior.scaleUp),
      ScaleDown: shownRules(behavior.scaleDown),
    });
  }
  return annotations;
}

/** That of the last metric that has one. */
function currentShare({ currentMetrics }: v2.HorizontalPodAutoscalerStatus): number | undefined {
  const shares = (currentMetrics ?? []).map(({ type, resource }) =>
    type === "Resource" && resource?.name === "cpu"
      ? resource.current.averageUtilization
      : undefined,
  );
  return shares.filter((share) => share !== undefined).at(-1);
}

/** Takes parts of an object, too. */
export function toV1(given: v2.HorizontalPodAutoscaler): v1.HorizontalPodAutoscaler {
  const autoscaler = inForm<v2.HorizontalPodAutoscaler>(given, `${V2}.${KIND}`);
  const { spec, status } = autoscaler;
  const metadata = { ...autoscaler.metadata };
  dropRoundTripAnnotations(metadata);
  const added = annotationsFor(autoscaler);
  if (Object.keys(added).length > 0) metadata.annotations = { ...metadata.annotations, ...added };
  const { observedGeneration, lastScaleTime, currentReplicas, desiredReplicas } = status;
  return inForm(
    {
      kind: KIND,
      apiVersion: "autoscaling/v1",
      metadata,
      spec: {
        scaleTargetRef: spec.scaleTargetRef,
        minReplicas: spec.minReplicas,
        maxReplicas: spec.maxReplicas,
        targetCPUUtilizationPercentage: spec.metrics
          ?.map(cpuShare)
          .find((share) => share !== undefined),
      },
      status: {
        observedGeneration,
        lastScaleTime,
        currentReplicas,
        desiredReplicas,
        currentCPUUtilizationPercentage: currentShare(status),
      },
    },
    `${V1}.${KIND}`,
  );
}

/** Goes through the stored form and back, as upstream does before it looks at who owns what. */
function setDefaults(autoscaler: v1.HorizontalPodAutoscaler): void {
  autoscaler.spec.minReplicas ??= 1;
  const { metadata, spec, status } = toV1(toV2(autoscaler));
  Object.assign(autoscaler, { metadata, spec, status });
}

const stored = horizontalPodAutoscalerBehaviour as unknown as ResourceBehaviour<AnyObject>;

export const horizontalPodAutoscalerV1: KindVersion = {
  row: { ...resources["horizontalpodautoscalers.autoscaling"], version: "v1" },
  stored: "horizontalpodautoscalers.autoscaling",
  behaviour: {
    ...stored,
    setDefaults: (object) => setDefaults(object as unknown as v1.HorizontalPodAutoscaler),
    rowMetadata(metadata) {
      const shown = { ...metadata };
      dropRoundTripAnnotations(shown);
      return shown;
    },
    cells: (object, now) =>
      horizontalPodAutoscalerBehaviour.cells(
        toV2(object as unknown as v1.HorizontalPodAutoscaler),
        now,
      ),
  },
  toStored: (object) =>
    toV2(object as unknown as v1.HorizontalPodAutoscaler) as unknown as AnyObject,
  fromStored: (object) =>
    toV1(object as unknown as v2.HorizontalPodAutoscaler) as unknown as AnyObject,
};
