// Rules of the specification of Jobs and of the template in CronJobs (upstream: pkg/apis/batch/validation).
import type { Job, JobSpec } from "@coracle/shared/api/types/batch-v1";
import {
  invalidValue,
  notSupported,
  required,
  tooLong,
} from "@coracle/shared/machinery/field-error";
import { isDns1123Label } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { compiled } from "../apps/rollout.ts";
import { validateLabelSelector } from "../core/pod/label-selector-validation.ts";
import { validatePodTemplateSpec } from "../core/pod/pod-template-validation.ts";
import { validateDomainPrefixedPath } from "../domain-prefixed-path.ts";
import { nonNegative } from "../field-rules.ts";
import { shownSuccessPolicy } from "./job-internal-form.ts";
import {
  validatePodFailurePolicy,
  validatePodReplacementPolicy,
  validateSuccessPolicy,
} from "./job-policies-validation.ts";
import { validateGeneratedSelector } from "./job-selector.ts";

const INDEXED_PARALLELISM_MAX = 100_000;
const FAILED_INDEXES_MAX = 100_000;
const COMPLETIONS_SOFT_MAX = 100_000;
/** Of parallelism and of failed indexes where completions are above their soft limit. */
const MAX_WITH_MANY_COMPLETIONS = 10_000;
const MANAGED_BY_BYTES_MAX = 63;

export const validateJob = (job: Job): FieldError[] => validateWholeJob(job, true);

/** `prefixedLabels`: whether the labels that carry a prefix have to be there. */
export function validateWholeJob(job: Job, prefixedLabels: boolean): FieldError[] {
  const { spec } = job;
  const { name = "" } = job.metadata;
  const errors = [
    ...validateGeneratedSelector(job, prefixedLabels),
    ...validateSpecWithSelector(spec),
  ];
  const { completions = 0 } = spec;
  if (spec.completionMode === "Indexed" && completions > 0) {
    // Pods are named after their index.
    const longest = `${name}-${completions - 1}`;
    if (isDns1123Label(longest).length > 0) {
      const detail = `will not able to create pod with invalid DNS label: ${longest}`;
      errors.push(invalidValue("metadata.name", name, detail));
    }
  }
  return errors;
}

export function validateSpecWithSelector(spec: JobSpec): FieldError[] {
  const errors = validateJobSpec(spec, "spec");
  if (spec.selector == null) errors.push(required("spec.selector"));
  else validateLabelSelector(spec.selector, "spec.selector", errors);
  const labels = spec.template.metadata?.labels;
  if (compiled(spec.selector)?.matches(labels) === false) {
    const detail = "`selector` does not match template `labels`";
    errors.push(invalidValue("spec.template.metadata.labels", labels ?? null, detail));
  }
  return errors;
}

/** All but the selector, which a template has none of. */
export function validateJobSpec(spec: JobSpec, path: string): FieldError[] {
  const errors = [
    ...validateNumbers(spec, path),
    ...validateManagedBy(spec.managedBy, `${path}.managedBy`),
    ...validateCompletionMode(spec, path),
  ];
  if (spec.podFailurePolicy !== undefined) {
    errors.push(...validatePodFailurePolicy(spec, `${path}.podFailurePolicy`));
  }
  if (spec.successPolicy !== undefined) {
    const field = `${path}.successPolicy`;
    if (spec.completionMode === "Indexed") errors.push(...validateSuccessPolicy(spec, field));
    else {
      const shown = shownSuccessPolicy(spec.successPolicy);
      errors.push(invalidValue(field, shown, "requires indexed completion mode"));
    }
  }
  errors.push(
    ...validatePodReplacementPolicy(spec, `${path}.podReplacementPolicy`),
    ...validatePodTemplateSpec(spec.template, `${path}.template`),
    ...validateRestartPolicy(spec, `${path}.template.spec.restartPolicy`),
  );
  return errors;
}

const NUMBERS = [
  "parallelism",
  "completions",
  "activeDeadlineSeconds",
  "backoffLimit",
  "ttlSecondsAfterFinished",
  "backoffLimitPerIndex",
  "maxFailedIndexes",
] as const;

function validateNumbers(spec: JobSpec, path: string): FieldError[] {
  const errors = NUMBERS.flatMap((name) => nonNegative(spec[name], `${path}.${name}`));
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    const detail = "when maxFailedIndexes is specified";
    errors.push(required(`${path}.backoffLimitPerIndex`, detail));
  }
  return errors;
}

function validateManagedBy(managedBy: string | undefined, field: string): FieldError[] {
  if (managedBy === undefined) return [];
  const errors = validateDomainPrefixedPath(managedBy, field);
  if (Buffer.byteLength(managedBy) > MANAGED_BY_BYTES_MAX) {
    errors.push(tooLong(field, MANAGED_BY_BYTES_MAX));
  }
  return errors;
}

function validateCompletionMode(spec: JobSpec, path: string): FieldError[] {
  const { completionMode, backoffLimitPerIndex, maxFailedIndexes } = spec;
  if (completionMode === "Indexed") return validateIndexed(spec, path);
  if (completionMode !== undefined && completionMode !== "NonIndexed") {
    const supported = ["NonIndexed", "Indexed"];
    return [notSupported(`${path}.completionMode`, completionMode, supported)];
  }
  const errors: FieldError[] = [];
  for (const [name, value] of Object.entries({ backoffLimitPerIndex, maxFailedIndexes })) {
    if (value === undefined) continue;
    errors.push(invalidValue(`${path}.${name}`, value, "requires indexed completion mode"));
  }
  return errors;
}

function validateIndexed(spec: JobSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { completions, parallelism = 0, maxFailedIndexes } = spec;
  const many = completions !== undefined && completions > COMPLETIONS_SOFT_MAX;
  const atMost = (field: string, value: number, max: number, when: string) => {
    if (value <= max) return;
    const detail = `must be less than or equal to ${max}${when}`;
    errors.push(invalidValue(`${path}.${field}`, value, detail));
  };
  if (completions === undefined) {
    errors.push(required(`${path}.completions`, "when completion mode is Indexed"));
  }
  const whenIndexed = " when completion mode is Indexed";
  atMost("parallelism", parallelism, INDEXED_PARALLELISM_MAX, whenIndexed);
  if (maxFailedIndexes !== undefined) {
    if (completions !== undefined && maxFailedIndexes > completions) {
      const detail = "must be less than or equal to completions";
      errors.push(invalidValue(`${path}.maxFailedIndexes`, maxFailedIndexes, detail));
    }
    atMost("maxFailedIndexes", maxFailedIndexes, FAILED_INDEXES_MAX, "");
  }
  if (!many || spec.backoffLimitPerIndex === undefined) return errors;
  if (maxFailedIndexes === undefined) {
    const detail = `must be specified when completions is above ${COMPLETIONS_SOFT_MAX}`;
    errors.push(required(`${path}.maxFailedIndexes`, detail));
  }
  const whenMany = ` when completions are above ${COMPLETIONS_SOFT_MAX} and used with backoff limit per index`;
  atMost("parallelism", parallelism, MAX_WITH_MANY_COMPLETIONS, whenMany);
  atMost("maxFailedIndexes", maxFailedIndexes ?? 0, MAX_WITH_MANY_COMPLETIONS, whenMany);
  return errors;
}

function validateRestartPolicy(
  { template, podFailurePolicy }: JobSpec,
  field: string,
): FieldError[] {
  const policy = template.spec?.restartPolicy;
  if (!policy || policy === "Always") {
    return [required(field, 'valid values: "OnFailure", "Never"')];
  }
  if (policy !== "OnFailure" && policy !== "Never") {
    return [notSupported(field, policy, ["OnFailure", "Never"])];
  }
  if (podFailurePolicy === undefined || policy === "Never") return [];
  const detail = 'only "Never" is supported when podFailurePolicy is specified';
  return [invalidValue(field, policy, detail)];
}
