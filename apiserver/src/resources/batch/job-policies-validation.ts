// The policies of a Job: when a failed Pod counts, when some successes are enough, when a Pod is replaced.
import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
  SuccessPolicyRule,
} from "@coracle/shared/api/types/batch-v1";
import {
  duplicate,
  invalidValue,
  invalidWithoutValue,
  notSupported,
  required,
  tooLong,
  tooMany,
} from "@coracle/shared/machinery/field-error";
import { isQualifiedName } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { invalidTexts, nonNegative } from "../field-rules.ts";
import { countIndexes, IndexError } from "./index-intervals.ts";

const RULES_MAX = 20;
const EXIT_CODES_MAX = 255;
const PATTERNS_MAX = 20;
const SUCCEEDED_INDEXES_BYTES_MAX = 64 * 1024;

const ACTIONS = ["Count", "FailIndex", "FailJob", "Ignore"];
const OPERATORS = ["In", "NotIn"];
const STATUSES = ["False", "True", "Unknown"];

/** As Go prints a list of strings. */
const listed = (values: readonly string[]): string =>
  `valid values: [${values.map((value) => JSON.stringify(value)).join(" ")}]`;

/** `Required` when empty, `Unsupported` when not among `supported`. */
function validateChoice(
  value: string | undefined,
  supported: readonly string[],
  field: string,
): FieldError[] {
  if (!value) return [required(field, listed(supported))];
  return supported.includes(value) ? [] : [notSupported(field, value, supported)];
}

export function validatePodFailurePolicy(spec: JobSpec, path: string): FieldError[] {
  const rules = spec.podFailurePolicy?.rules ?? [];
  const errors: FieldError[] = [];
  if (rules.length > RULES_MAX) errors.push(tooMany(`${path}.rules`, rules.length, RULES_MAX));
  const { containers, initContainers } = spec.template.spec ?? {};
  const all = [...(containers ?? []), ...(initContainers ?? [])];
  const names = new Set(all.map(({ name }) => name));
  rules.forEach((rule, i) => {
    errors.push(...validateFailureRule(spec, rule, names, `${path}.rules[${i}]`));
  });
  return errors;
}

function validateFailureRule(
  spec: JobSpec,
  { action, onExitCodes, onPodConditions = [] }: PodFailurePolicyRule,
  containerNames: ReadonlySet<string>,
  path: string,
): FieldError[] {
  const errors = validateChoice(action, ACTIONS, `${path}.action`);
  if (action === "FailIndex" && spec.backoffLimitPerIndex === undefined) {
    const detail = "requires the backoffLimitPerIndex to be set";
    errors.push(invalidValue(`${path}.action`, action, detail));
  }
  if (onExitCodes !== undefined) {
    errors.push(...validateExitCodes(onExitCodes, containerNames, `${path}.onExitCodes`));
  }
  errors.push(...validatePatterns(onPodConditions, `${path}.onPodConditions`));
  if (onExitCodes !== undefined && onPodConditions.length > 0) {
    const detail = "specifying both OnExitCodes and OnPodConditions is not supported";
    errors.push(invalidWithoutValue(path, detail));
  }
  if (onExitCodes === undefined && onPodConditions.length === 0) {
    const detail = "specifying one of OnExitCodes and OnPodConditions is required";
    errors.push(invalidWithoutValue(path, detail));
  }
  return errors;
}

function validatePatterns(
  patterns: readonly PodFailurePolicyOnPodConditionsPattern[],
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (patterns.length > PATTERNS_MAX) errors.push(tooMany(path, patterns.length, PATTERNS_MAX));
  patterns.forEach(({ type = "", status }, i) => {
    errors.push(
      ...invalidTexts(`${path}[${i}].type`, type, isQualifiedName(type)),
      ...validateChoice(status, STATUSES, `${path}[${i}].status`),
    );
  });
  return errors;
}

function validateExitCodes(
  { operator, containerName, values: given }: PodFailurePolicyOnExitCodesRequirement,
  containerNames: ReadonlySet<string>,
  path: string,
): FieldError[] {
  const values = given ?? [];
  const errors = validateChoice(operator, OPERATORS, `${path}.operator`);
  if (containerName !== undefined && !containerNames.has(containerName)) {
    const detail = "must be one of the container or initContainer names in the pod template";
    errors.push(invalidValue(`${path}.containerName`, containerName, detail));
  }
  const field = `${path}.values`;
  if (values.length === 0) {
    errors.push(invalidValue(field, given, "at least one value is required"));
  } else if (values.length > EXIT_CODES_MAX) {
    errors.push(tooMany(field, values.length, EXIT_CODES_MAX));
  }
  const seen = new Set<number>();
  values.forEach((value, i) => {
    if (operator === "In" && value === 0) {
      errors.push(invalidValue(`${field}[${i}]`, value, "must not be 0 for the In operator"));
    }
    if (seen.has(value)) errors.push(duplicate(`${field}[${i}]`, value));
    seen.add(value);
  });
  if (values.some((value, i) => i > 0 && (values[i - 1] as number) > value)) {
    errors.push(invalidValue(field, values, "must be ordered"));
  }
  return errors;
}

export function validateSuccessPolicy(spec: JobSpec, path: string): FieldError[] {
  const rules = spec.successPolicy?.rules ?? [];
  const field = `${path}.rules`;
  const errors: FieldError[] = [];
  if (rules.length === 0) {
    const detail = "at least one rules must be specified when the successPolicy is specified";
    errors.push(required(field, detail));
  }
  if (rules.length > RULES_MAX) errors.push(tooMany(field, rules.length, RULES_MAX));
  rules.forEach((rule, i) => {
    errors.push(...validateSuccessRule(rule, spec.completions ?? 0, `${field}[${i}]`));
  });
  return errors;
}

function validateSuccessRule(
  { succeededCount, succeededIndexes }: SuccessPolicyRule,
  completions: number,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (succeededCount === undefined && succeededIndexes === undefined) {
    const detail = "at least one of succeededCount or succeededIndexes must be specified";
    errors.push(required(path, detail));
  }
  let total = 0;
  if (succeededIndexes !== undefined) {
    const field = `${path}.succeededIndexes`;
    if (Buffer.byteLength(succeededIndexes) > SUCCEEDED_INDEXES_BYTES_MAX) {
      errors.push(tooLong(field, SUCCEEDED_INDEXES_BYTES_MAX));
    }
    try {
      total = countIndexes(succeededIndexes, completions);
    } catch (error) {
      if (!(error instanceof IndexError)) throw error;
      const detail = `error parsing succeededIndexes: ${error.message}`;
      errors.push(invalidValue(field, succeededIndexes, detail));
    }
  }
  if (succeededCount === undefined) return errors;
  const field = `${path}.succeededCount`;
  errors.push(...nonNegative(succeededCount, field));
  if (succeededCount > completions) {
    const detail = `must be less than or equal to ${completions} (the number of specified completions)`;
    errors.push(invalidValue(field, succeededCount, detail));
  }
  if (succeededIndexes !== undefined && succeededCount > total) {
    const detail = `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`;
    errors.push(invalidValue(field, succeededCount, detail));
  }
  return errors;
}

export function validatePodReplacementPolicy(spec: JobSpec, path: string): FieldError[] {
  const policy = spec.podReplacementPolicy;
  const supported =
    spec.podFailurePolicy === undefined ? ["Failed", "TerminatingOrFailed"] : ["Failed"];
  if (policy === undefined || supported.includes(policy)) return [];
  return [notSupported(path, policy, supported)];
}
