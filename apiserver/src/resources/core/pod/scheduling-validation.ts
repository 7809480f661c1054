// What steers scheduling besides affinity: tolerations, spreading, gates (upstream: ValidateTolerations,
// validateTopologySpreadConstraints, validateSchedulingGates).
import type {
  PodSchedulingGate,
  Toleration,
  TopologySpreadConstraint,
} from "@coracle/shared/api/types/core-v1";
import {
  duplicate,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import { isValidLabelValue } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { validateLabelKeys } from "./affinity-validation.ts";
import { checkQualifiedName } from "./findings.ts";
import { validateLabelSelector } from "./label-selector-validation.ts";

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

export function validateTolerations(
  tolerations: readonly Toleration[],
  path: string,
  errors: FieldError[],
): void {
  for (let i = 0; i < tolerations.length; i++) {
    const {
      key = "",
      operator,
      value = "",
      effect = "",
      tolerationSeconds,
    } = tolerations[i] as Toleration;
    const at = `${path}[${i}]`;
    if (key !== "") checkQualifiedName(errors, `${at}.key`, key);
    else if (operator !== "Exists") {
      const detail =
        'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      errors.push(invalidValue(`${at}.operator`, operator ?? "", detail));
    }
    if (tolerationSeconds !== undefined && effect !== "NoExecute") {
      const detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
      errors.push(invalidValue(`${at}.effect`, effect, detail));
    }
    checkOperator(operator, value, `${at}.operator`, errors);
    if (effect !== "" && !EFFECTS.includes(effect)) {
      errors.push(notSupported(`${at}.effect`, effect, EFFECTS));
    }
  }
}

function checkOperator(
  operator: string | undefined,
  value: string,
  field: string,
  errors: FieldError[],
): void {
  if (!operator || operator === "Equal") {
    const texts = isValidLabelValue(value);
    if (texts.length > 0) errors.push(invalidValue(field, value, texts.join(";")));
  } else if (operator === "Exists") {
    if (value === "") return;
    errors.push(invalidValue(field, value, "value must be empty when `operator` is 'Exists'"));
  } else if (operator === "Lt" || operator === "Gt") {
    // Known, but behind a gate that is off.
    errors.push(notSupported(field, operator, ["Equal", "Exists", "Lt", "Gt"]));
  } else {
    errors.push(notSupported(field, operator, ["Equal", "Exists"]));
  }
}

export function validateSpreadConstraints(
  constraints: readonly TopologySpreadConstraint[],
  path: string,
  errors: FieldError[],
): void {
  constraints.forEach((constraint, i) => {
    const at = `${path}[${i}]`;
    const { maxSkew = 0, topologyKey = "", labelSelector } = constraint;
    const action: string = constraint.whenUnsatisfiable ?? "";
    checkPositive(maxSkew, `${at}.maxSkew`, errors);
    if (topologyKey === "") errors.push(required(`${at}.topologyKey`, "can not be empty"));
    if (action !== "DoNotSchedule" && action !== "ScheduleAnyway") {
      const supported = ["DoNotSchedule", "ScheduleAnyway"];
      errors.push(notSupported(`${at}.whenUnsatisfiable`, action, supported));
    }
    const repeated = constraints
      .slice(i + 1)
      .some((o) => (o.topologyKey ?? "") === topologyKey && (o.whenUnsatisfiable ?? "") === action);
    if (repeated) {
      const field = `${at}.{topologyKey, whenUnsatisfiable}`;
      errors.push(duplicate(field, `{${topologyKey}, ${action}}`));
    }
    const { minDomains } = constraint;
    if (minDomains !== undefined) {
      checkPositive(minDomains, `${at}.minDomains`, errors);
      if (action !== "DoNotSchedule") {
        const detail = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`;
        errors.push(invalidValue(`${at}.minDomains`, minDomains, detail));
      }
    }
    for (const field of ["nodeAffinityPolicy", "nodeTaintsPolicy"] as const) {
      const policy = constraint[field];
      if (policy === undefined || policy === "Honor" || policy === "Ignore") continue;
      errors.push(notSupported(`${at}.${field}`, policy, ["Honor", "Ignore"]));
    }
    validateLabelKeys({ matching: constraint.matchLabelKeys }, labelSelector, at, errors);
    validateLabelSelector(labelSelector, `${at}.labelSelector`, errors);
  });
}

function checkPositive(value: number, field: string, errors: FieldError[]): void {
  if (value <= 0) errors.push(invalidValue(field, value, "must be greater than zero"));
}

export function validateSchedulingGates(
  gates: readonly PodSchedulingGate[],
  path: string,
  errors: FieldError[],
): void {
  const seen = new Set<string>();
  gates.forEach(({ name = "" }, i) => {
    checkQualifiedName(errors, `${path}[${i}]`, name);
    if (seen.has(name)) errors.push(duplicate(`${path}[${i}]`, name));
    seen.add(name);
  });
}
