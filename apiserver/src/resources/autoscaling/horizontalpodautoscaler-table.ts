import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from "@coracle/shared/api/types/autoscaling-v2";
import { age } from "../age.ts";

const UNKNOWN = "<unknown>";
/** How Go prints the quantity that a nil pointer points to. */
const NO_QUANTITY = "<nil>";
const SHOWN_MAX = 2;

const percentOf = (share: number | undefined, otherwise: string): string =>
  share === undefined ? otherwise : `${share}%`;

/** Of an Object or External metric: `5/10`, or `5/10 (avg)` per Pod. */
function valueText(target: MetricTarget, current: MetricValueStatus | undefined): string {
  if (target.averageValue !== undefined) {
    return `${current?.averageValue ?? UNKNOWN}/${target.averageValue} (avg)`;
  }
  const value = current === undefined ? UNKNOWN : (current.value ?? NO_QUANTITY);
  return `${value}/${target.value ?? NO_QUANTITY}`;
}

function resourceText(
  name: string,
  target: MetricTarget,
  current: MetricValueStatus | undefined,
): string {
  if (target.averageValue !== undefined) {
    const value = current === undefined ? UNKNOWN : (current.averageValue ?? NO_QUANTITY);
    return `${name}: ${value}/${target.averageValue}`;
  }
  const share = percentOf(current?.averageUtilization, UNKNOWN);
  return `${name}: ${share}/${percentOf(target.averageUtilization, "<auto>")}`;
}

function metricText(spec: MetricSpec, status: MetricStatus | undefined): string {
  const { object, pods, resource, containerResource, external } = spec;
  if (spec.type === "External" && external) {
    return valueText(external.target, status?.external?.current);
  }
  if (spec.type === "Object" && object) return valueText(object.target, status?.object?.current);
  if (spec.type === "Pods" && pods) {
    const current = status?.pods?.current;
    const value = current === undefined ? UNKNOWN : (current.averageValue ?? NO_QUANTITY);
    return `${value}/${pods.target.averageValue ?? NO_QUANTITY}`;
  }
  if (spec.type === "Resource" && resource) {
    return resourceText(resource.name, resource.target, status?.resource?.current);
  }
  if (spec.type === "ContainerResource" && containerResource) {
    const current = status?.containerResource?.current;
    return resourceText(containerResource.name, containerResource.target, current);
  }
  return "<unknown type>";
}

function metricsCell({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec.metrics ?? [];
  if (metrics.length === 0) return "<none>";
  const texts = metrics.map((metric, i) => metricText(metric, status.currentMetrics?.[i]));
  const shown = texts.slice(0, SHOWN_MAX).join(", ");
  return texts.length > SHOWN_MAX ? `${shown} + ${texts.length - SHOWN_MAX} more...` : shown;
}

export function autoscalerCells(autoscaler: HorizontalPodAutoscaler, now: number): unknown[] {
  const { metadata, spec, status } = autoscaler;
  const { kind, name } = spec.scaleTargetRef;
  return [
    metadata.name,
    `${kind}/${name}`,
    metricsCell(autoscaler),
    spec.minReplicas === undefined ? "<unset>" : String(spec.minReplicas),
    spec.maxReplicas,
    status.currentReplicas ?? 0,
    age(metadata.creationTimestamp, now),
  ];
}
