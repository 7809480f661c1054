// What the kinds with a Pod template share: selector and template, counts, the rules of a rolling update.
import type { DeploymentStrategy } from "@coracle/shared/api/types/apps-v1";
import type { PodTemplateSpec } from "@coracle/shared/api/types/core-v1";
import type { LabelSelector } from "@coracle/shared/api/types/meta-v1";
import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import { isValidPercent } from "@coracle/shared/machinery/names";
import { type Selector, SelectorError, selectorOf } from "@coracle/shared/machinery/selector";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { dropDisabledSpecFields } from "../core/pod/disabled-fields.ts";
import { validateLabelSelector } from "../core/pod/label-selector-validation.ts";
import { validatePodTemplateSpec } from "../core/pod/pod-template-validation.ts";
import { podTemplateWarnings } from "../core/pod/pod-warnings.ts";
import { invalidTexts, nonNegative } from "../field-rules.ts";

/** Undefined where the selector is invalid. */
export function compiled(selector: LabelSelector | undefined): Selector | undefined {
  try {
    return selectorOf(selector);
  } catch (error) {
    if (error instanceof SelectorError) return undefined;
    throw error;
  }
}

/** spec.selector and spec.template, which have to fit each other. */
export function validateSelectorAndTemplate(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec,
): FieldError[] {
  const errors: FieldError[] = [];
  if (selector === undefined || selector === null) errors.push(required("spec.selector"));
  else {
    validateLabelSelector(selector, "spec.selector", errors);
    const labels = Object.keys(selector.matchLabels ?? {}).length;
    if (labels + (selector.matchExpressions?.length ?? 0) === 0) {
      const detail = "empty selector is invalid for deployment";
      errors.push(invalidValue("spec.selector", {}, detail));
    }
  }
  const matcher = compiled(selector);
  if (matcher === undefined) {
    errors.push(invalidValue("spec.selector", selector, "invalid label selector"));
    return errors;
  }
  const labels = template.metadata?.labels;
  if (!matcher.isEmpty() && !matcher.matches(labels)) {
    const detail = "`selector` does not match template `labels`";
    errors.push(invalidValue("spec.template.metadata.labels", labels ?? null, detail));
  }
  errors.push(...validatePodTemplateSpec(template, "spec.template"));
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {};
  if (restartPolicy !== "Always") {
    const field = "spec.template.spec.restartPolicy";
    errors.push(notSupported(field, restartPolicy ?? "", ["Always"]));
  }
  if (activeDeadlineSeconds !== undefined) {
    const detail = "activeDeadlineSeconds in ReplicaSet is not Supported";
    errors.push(forbiddenField("spec.template.spec.activeDeadlineSeconds", detail));
  }
  return errors;
}

export type IntOrPercent = number | string | undefined;

export const percentOf = (value: IntOrPercent): number | undefined =>
  typeof value === "string" && isValidPercent(value).length === 0
    ? Number.parseInt(value, 10)
    : undefined;

/** The number, or that before the percent sign; 0 where it is neither. */
export const amountOf = (value: IntOrPercent): number => {
  const number = percentOf(value) ?? Number(value ?? 0);
  return Number.isInteger(number) ? number : 0;
};

export function validateIntOrPercent(value: IntOrPercent, field: string): FieldError[] {
  return typeof value === "string"
    ? invalidTexts(field, value, isValidPercent(value))
    : nonNegative(value, field);
}

/** As upstream's internal type prints. */
function shownStrategy({ type, rollingUpdate }: DeploymentStrategy): unknown {
  if (rollingUpdate === undefined) return { Type: type ?? "", RollingUpdate: null };
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate;
  return {
    Type: type ?? "",
    RollingUpdate: { MaxUnavailable: maxUnavailable, MaxSurge: maxSurge },
  };
}

export function validateStrategy(strategy: DeploymentStrategy): FieldError[] {
  const { type, rollingUpdate } = strategy;
  const field = "spec.strategy.rollingUpdate";
  if (type === "Recreate") {
    if (rollingUpdate === undefined) return [];
    return [forbiddenField(field, "may not be specified when strategy `type` is 'Recreate'")];
  }
  if (type !== "RollingUpdate") {
    const supported = ["Recreate", "RollingUpdate"];
    return [notSupported("spec.strategy", shownStrategy(strategy), supported)];
  }
  if (rollingUpdate === undefined) {
    return [required(field, "this should be defaulted and never be nil")];
  }
  const { maxUnavailable, maxSurge } = rollingUpdate;
  const errors = [
    ...validateIntOrPercent(maxUnavailable, `${field}.maxUnavailable`),
    ...validateIntOrPercent(maxSurge, `${field}.maxSurge`),
  ];
  if (amountOf(maxUnavailable) === 0 && amountOf(maxSurge) === 0) {
    const detail = "may not be 0 when `maxSurge` is 0";
    errors.push(invalidValue(`${field}.maxUnavailable`, maxUnavailable, detail));
  }
  if ((percentOf(maxUnavailable) ?? 0) > 100) {
    const detail = "must not be greater than 100%";
    errors.push(invalidValue(`${field}.maxUnavailable`, maxUnavailable, detail));
  }
  return errors;
}

/** Counts of a status: none negative, none above `replicas`. */
export function validateCounts(
  status: Readonly<Record<string, unknown>>,
  counts: readonly string[],
  boundedByReplicas: readonly string[],
): FieldError[] {
  const count = (name: string) => (status[name] as number | undefined) ?? 0;
  const errors = counts.flatMap((name) => nonNegative(count(name), `status.${name}`));
  for (const name of boundedByReplicas) {
    if (count(name) <= count("replicas")) continue;
    const detail = "cannot be greater than status.replicas";
    errors.push(invalidValue(`status.${name}`, count(name), detail));
  }
  if (count("availableReplicas") > count("readyReplicas")) {
    const detail = "cannot be greater than readyReplicas";
    errors.push(invalidValue("status.availableReplicas", count("availableReplicas"), detail));
  }
  return errors;
}

const PLAIN_NAME =
  "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended";

/** Upstream prints the list of findings as Go does. */
export const nameWarning = (findings: readonly string[]): string[] =>
  findings.length === 0 ? [] : [`${PLAIN_NAME}: [${findings.join(" ")}]`];

export function dropDisabledTemplateFields(template: PodTemplateSpec | undefined): void {
  if (template?.spec !== undefined) dropDisabledSpecFields(template.spec);
}

export const templateWarnings = (template: PodTemplateSpec | undefined): string[] =>
  template === undefined ? [] : podTemplateWarnings(template, "spec.template");

/** CONTAINERS and IMAGES of wide tables. */
export function containerCells(template: PodTemplateSpec | undefined): [string, string] {
  const containers = template?.spec?.containers ?? [];
  return [
    containers.map(({ name }) => name).join(","),
    containers.map(({ image }) => image ?? "").join(","),
  ];
}

/** A map of labels as tables print it. */
export function labelsCell(labels: Readonly<Record<string, string>> | undefined): string {
  const keys = Object.keys(labels ?? {}).sort();
  return keys.length === 0 ? "<none>" : keys.map((key) => `${key}=${labels?.[key]}`).join(",");
}
