// Rules of DaemonSets (upstream: pkg/apis/apps/validation).
import type {
  DaemonSet,
  DaemonSetUpdateStrategy,
  RollingUpdateDaemonSet,
} from "@coracle/shared/api/types/apps-v1";
import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { validateLabelSelector } from "../core/pod/label-selector-validation.ts";
import { validatePodTemplateSpec } from "../core/pod/pod-template-validation.ts";
import { decrementedCollisions, immutableField, nonNegative } from "../field-rules.ts";
import { repeatMetadataUpdate } from "../metadata-validation.ts";
import { amountOf, compiled, percentOf, validateIntOrPercent } from "./rollout.ts";

export function validateDaemonSetSpec({ spec }: DaemonSet): FieldError[] {
  const { selector, template } = spec;
  const errors: FieldError[] = [];
  validateLabelSelector(selector, "spec.selector", errors);
  const labels = template.metadata?.labels;
  if (compiled(selector)?.matches(labels) === false) {
    const detail = "`selector` does not match template `labels`";
    errors.push(invalidValue("spec.template.metadata.labels", labels ?? null, detail));
  }
  if (selector != null) {
    const { matchLabels = {}, matchExpressions = [] } = selector;
    if (Object.keys(matchLabels).length + matchExpressions.length === 0) {
      const detail = "empty selector is invalid for daemonset";
      errors.push(invalidValue("spec.selector", selector, detail));
    }
  }
  errors.push(...validatePodTemplateSpec(template, "spec.template"));
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {};
  if (restartPolicy !== "Always") {
    const field = "spec.template.spec.restartPolicy";
    errors.push(notSupported(field, restartPolicy ?? "", ["Always"]));
  }
  if (activeDeadlineSeconds !== undefined) {
    const detail = "activeDeadlineSeconds in DaemonSet is not Supported";
    errors.push(forbiddenField("spec.template.spec.activeDeadlineSeconds", detail));
  }
  errors.push(
    ...nonNegative(spec.minReadySeconds, "spec.minReadySeconds"),
    ...validateUpdateStrategy(spec.updateStrategy ?? {}),
    ...nonNegative(spec.revisionHistoryLimit, "spec.revisionHistoryLimit"),
  );
  return errors;
}

function validateUpdateStrategy(strategy: DaemonSetUpdateStrategy): FieldError[] {
  const { type, rollingUpdate } = strategy;
  if (type === "OnDelete") return [];
  const field = "spec.updateStrategy";
  if (type !== "RollingUpdate") {
    return [notSupported(field, shownStrategy(strategy), ["RollingUpdate", "OnDelete"])];
  }
  if (rollingUpdate === undefined) return [required(`${field}.rollingUpdate`)];
  return validateRollingUpdate(rollingUpdate, `${field}.rollingUpdate`);
}

/** As upstream's internal type prints. */
function shownStrategy({ type, rollingUpdate }: DaemonSetUpdateStrategy): unknown {
  if (rollingUpdate === undefined) return { Type: type ?? "", RollingUpdate: null };
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate;
  return {
    Type: type ?? "",
    RollingUpdate: { MaxUnavailable: maxUnavailable, MaxSurge: maxSurge },
  };
}

function validateRollingUpdate(
  { maxUnavailable, maxSurge }: RollingUpdateDaemonSet,
  field: string,
): FieldError[] {
  const errors = [
    ...validateIntOrPercent(maxUnavailable, `${field}.maxUnavailable`),
    ...validateIntOrPercent(maxSurge, `${field}.maxSurge`),
  ];
  for (const [name, value] of Object.entries({ maxUnavailable, maxSurge })) {
    if ((percentOf(value) ?? 0) <= 100) continue;
    errors.push(invalidValue(`${field}.${name}`, value, "must not be greater than 100%"));
  }
  const unavailable = amountOf(maxUnavailable) !== 0;
  const surges = amountOf(maxSurge) !== 0;
  if (unavailable && surges) {
    const detail = "may not be set when maxUnavailable is non-zero";
    errors.push(invalidValue(`${field}.maxSurge`, maxSurge, detail));
  } else if (!unavailable && !surges) {
    errors.push(required(`${field}.maxUnavailable`, "cannot be 0 when maxSurge is 0"));
  }
  return errors;
}

export const validateDaemonSetUpdate = (daemonSet: DaemonSet, old: DaemonSet): FieldError[] => [
  ...repeatMetadataUpdate(daemonSet.metadata, old.metadata),
  ...immutableField(daemonSet.spec.selector, old.spec.selector, "spec.selector"),
  ...validateDaemonSetSpec(daemonSet),
];

const COUNTS = [
  "currentNumberScheduled",
  "numberMisscheduled",
  "desiredNumberScheduled",
  "numberReady",
  "observedGeneration",
  "updatedNumberScheduled",
  "numberAvailable",
  "numberUnavailable",
  "collisionCount",
] as const;

export const validateDaemonSetStatusUpdate = (
  { metadata, status }: DaemonSet,
  old: DaemonSet,
): FieldError[] => [
  ...repeatMetadataUpdate(metadata, old.metadata),
  ...COUNTS.flatMap((name) => nonNegative(status[name], `status.${name}`)),
  ...decrementedCollisions(status, old.status),
];
