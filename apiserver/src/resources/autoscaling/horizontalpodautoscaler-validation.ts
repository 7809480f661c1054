// An autoscaler's spec and status (upstream: pkg/apis/autoscaling/validation, and the options of the registry's strategy).
import type {
  HorizontalPodAutoscaler,
  HPAScalingPolicy,
  HPAScalingRules,
  MetricSpec,
} from "@coracle/shared/api/types/autoscaling-v2";
import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import { signOf } from "@coracle/shared/machinery/quantity";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { nonNegative } from "../field-rules.ts";
import { apiVersionFinding, validateMetric, validateReference } from "./metric-validation.ts";

const PERIOD_SECONDS_MAX = 1800;
const STABILIZATION_SECONDS_MAX = 3600;
const SELECT_POLICIES = ["Disabled", "Max", "Min"];
const POLICY_TYPES = ["Percent", "Pods"];

function validatePolicy(policy: HPAScalingPolicy, path: string): FieldError[] {
  const { type = "", value = 0, periodSeconds = 0 } = policy;
  const errors: FieldError[] = [];
  const positive = "must be greater than zero";
  if (!POLICY_TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, POLICY_TYPES));
  if (value <= 0) errors.push(invalidValue(`${path}.value`, value, positive));
  const field = `${path}.periodSeconds`;
  if (periodSeconds <= 0) errors.push(invalidValue(field, periodSeconds, positive));
  if (periodSeconds > PERIOD_SECONDS_MAX) {
    const detail = `must be less than or equal to ${PERIOD_SECONDS_MAX}`;
    errors.push(invalidValue(field, periodSeconds, detail));
  }
  return errors;
}

function validateRules(rules: HPAScalingRules | undefined, path: string): FieldError[] {
  if (rules === undefined) return [];
  const { stabilizationWindowSeconds: seconds = 0, selectPolicy, policies = [], tolerance } = rules;
  const errors: FieldError[] = [];
  const field = `${path}.stabilizationWindowSeconds`;
  if (seconds < 0) {
    errors.push(invalidValue(field, seconds, "must be greater than or equal to zero"));
  }
  if (seconds > STABILIZATION_SECONDS_MAX) {
    const detail = `must be less than or equal to ${STABILIZATION_SECONDS_MAX}`;
    errors.push(invalidValue(field, seconds, detail));
  }
  if (selectPolicy !== undefined && !SELECT_POLICIES.includes(selectPolicy)) {
    errors.push(notSupported(`${path}.selectPolicy`, selectPolicy, SELECT_POLICIES));
  }
  if (policies.length === 0) {
    errors.push(required(`${path}.policies`, "must specify at least one Policy"));
  }
  errors.push(...policies.flatMap((item, i) => validatePolicy(item, `${path}.policies[${i}]`)));
  if (tolerance !== undefined && signOf(tolerance) < 0) {
    const detail = "must be greater than or equal to 0";
    errors.push(invalidValue(`${path}.tolerance`, tolerance, detail));
  }
  return errors;
}

/** As findings name it: absent is 0. */
function validateReplicas({ spec }: HorizontalPodAutoscaler): FieldError[] {
  const { minReplicas, maxReplicas = 0 } = spec;
  const errors: FieldError[] = [];
  if (minReplicas !== undefined && minReplicas < 1) {
    const detail = "must be greater than or equal to 1";
    errors.push(invalidValue("spec.minReplicas", minReplicas, detail));
  }
  const field = "spec.maxReplicas";
  if (maxReplicas === 0) errors.push(required(field, "must be set and greater than 0"));
  else if (maxReplicas < 0) {
    errors.push(invalidValue(field, maxReplicas, "must be greater than or equal to 1"));
  }
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    const detail = "must be greater than or equal to `minReplicas`";
    errors.push(invalidValue(field, maxReplicas, detail));
  }
  return errors;
}

function validateMetrics(metrics: readonly MetricSpec[], minReplicas: number | undefined) {
  const finding = (apiVersion: string) => apiVersionFinding(apiVersion, true);
  const errors = metrics.flatMap((metric, i) =>
    validateMetric(metric, `spec.metrics[${i}]`, finding),
  );
  const worksAtZero = metrics.some(({ type }) => type === "Object" || type === "External");
  if (minReplicas === 0 && !worksAtZero) {
    const detail =
      "must specify at least one Object or External metric to support scaling to zero replicas";
    errors.push(forbiddenField("spec.metrics", detail));
  }
  return errors;
}

/** The version of a target that an update leaves as it is is not judged. */
export function validateAutoscaler(
  autoscaler: HorizontalPodAutoscaler,
  old?: HorizontalPodAutoscaler,
): FieldError[] {
  const { scaleTargetRef: target, metrics = [], minReplicas, behavior } = autoscaler.spec;
  const before = old?.spec.scaleTargetRef;
  const isSame = target.apiVersion === before?.apiVersion && target.kind === before?.kind;
  const isCore = target.kind === "ReplicationController";
  return [
    ...validateReplicas(autoscaler),
    ...validateReference(target, "spec.scaleTargetRef", (apiVersion) =>
      before !== undefined && isSame ? undefined : apiVersionFinding(apiVersion, isCore),
    ),
    ...validateMetrics(metrics, minReplicas),
    ...validateRules(behavior?.scaleUp, "spec.behavior.scaleUp"),
    ...validateRules(behavior?.scaleDown, "spec.behavior.scaleDown"),
  ];
}

export const validateAutoscalerStatus = ({ status }: HorizontalPodAutoscaler): FieldError[] => [
  ...nonNegative(status.currentReplicas, "status.currentReplicas"),
  ...nonNegative(status.desiredReplicas, "status.desiredReplicas"),
];
