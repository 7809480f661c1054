// Defaults of an autoscaler (upstream: pkg/apis/autoscaling/v2/defaults.go).
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerBehavior,
  HPAScalingPolicy,
  HPAScalingRules,
  MetricSpec,
} from "@coracle/shared/api/types/autoscaling-v2";

const PERIOD_SECONDS = 15;

const percent = (): HPAScalingPolicy => ({
  type: "Percent",
  value: 100,
  periodSeconds: PERIOD_SECONDS,
});
const pods = (): HPAScalingPolicy => ({ type: "Pods", value: 4, periodSeconds: PERIOD_SECONDS });

/** What is scaled by where nothing is said. */
export const defaultMetric = (): MetricSpec => ({
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } },
});

/** `given` with what it lacks, in the order of the type's fields. */
function completed(given: HPAScalingRules | undefined, rules: HPAScalingRules): HPAScalingRules {
  const { stabilizationWindowSeconds, selectPolicy, policies, tolerance } = {
    ...rules,
    ...given,
  };
  return {
    ...(stabilizationWindowSeconds === undefined ? {} : { stabilizationWindowSeconds }),
    ...(selectPolicy === undefined ? {} : { selectPolicy }),
    ...(policies === undefined ? {} : { policies }),
    ...(tolerance === undefined ? {} : { tolerance }),
  };
}

const isComplete = ({ selectPolicy, policies }: HPAScalingRules): boolean =>
  selectPolicy !== undefined && policies !== undefined;

/** Mutates. */
export function setBehaviorDefaults(behavior: HorizontalPodAutoscalerBehavior): void {
  const { scaleUp, scaleDown } = behavior;
  const upIsComplete = scaleUp?.stabilizationWindowSeconds !== undefined && isComplete(scaleUp);
  if (upIsComplete && scaleDown !== undefined && isComplete(scaleDown)) return;
  delete behavior.scaleUp;
  delete behavior.scaleDown;
  behavior.scaleUp = completed(scaleUp, {
    stabilizationWindowSeconds: 0,
    selectPolicy: "Max",
    policies: [pods(), percent()],
  });
  behavior.scaleDown = completed(scaleDown, { selectPolicy: "Max", policies: [percent()] });
}

/** Mutates. */
export function setAutoscalerDefaults({ spec }: HorizontalPodAutoscaler): void {
  spec.minReplicas ??= 1;
  if ((spec.metrics?.length ?? 0) === 0) spec.metrics = [defaultMetric()];
  if (spec.behavior !== undefined) setBehaviorDefaults(spec.behavior);
}
