import type { PodDisruptionBudget } from "@coracle/shared/api/types/policy-v1";
import { invalidValue, notSupported } from "@coracle/shared/machinery/field-error";
import { isPathSegmentName, isValidPercent } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { validateConditions } from "../condition-validation.ts";
import { validateLabelSelector } from "../core/pod/label-selector-validation.ts";
import { semanticEqual } from "../core/pod/semantic-equal.ts";
import { invalidTexts, nonNegative } from "../field-rules.ts";

const EVICTION_POLICIES = ["AlwaysAllow", "IfHealthyBudget"];

/** With it, v1beta1 told a selector that matches all from one that matches nothing. */
const RESERVED_KEY = "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match";

/** Upstream keeps the key only where it is all that the selector says. */
function dropReservedKey({ spec: { selector } }: PodDisruptionBudget): void {
  const expressions = selector?.matchExpressions ?? [];
  if (selector === undefined || !expressions.some(({ key }) => key === RESERVED_KEY)) return;
  const [{ operator } = { operator: "" }] = expressions;
  const isAll = expressions.length === 1 && selector.matchLabels === undefined;
  if (isAll && operator === "Exists" && expressions[0]?.values === undefined) return;
  selector.matchExpressions = expressions.filter(({ key }) => key !== RESERVED_KEY);
  if (selector.matchExpressions.length === 0) delete selector.matchExpressions;
}

/** As upstream's internal type prints. */
const shownSpec = ({ spec }: PodDisruptionBudget) => ({
  MinAvailable: spec.minAvailable ?? null,
  Selector: spec.selector ?? null,
  MaxUnavailable: spec.maxUnavailable ?? null,
  UnhealthyPodEvictionPolicy: spec.unhealthyPodEvictionPolicy ?? null,
});

function validateAmount(value: number | string | undefined, field: string): FieldError[] {
  if (typeof value !== "string") return nonNegative(value, field);
  const texts = isValidPercent(value);
  if (texts.length > 0) return invalidTexts(field, value, texts);
  if (Number.parseInt(value, 10) <= 100) return [];
  return [invalidValue(field, value, "must not be greater than 100%")];
}

function validateSpec(budget: PodDisruptionBudget): FieldError[] {
  const { minAvailable, maxUnavailable, unhealthyPodEvictionPolicy: policy } = budget.spec;
  const errors: FieldError[] = [];
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const detail = "minAvailable and maxUnavailable cannot be both set";
    errors.push(invalidValue("spec", shownSpec(budget), detail));
  }
  errors.push(
    ...validateAmount(minAvailable, "spec.minAvailable"),
    ...validateAmount(maxUnavailable, "spec.maxUnavailable"),
  );
  validateLabelSelector(budget.spec.selector, "spec.selector", errors);
  if (policy !== undefined && !EVICTION_POLICIES.includes(policy)) {
    errors.push(notSupported("spec.unhealthyPodEvictionPolicy", policy, EVICTION_POLICIES));
  }
  return errors;
}

const validateStatus = ({ status }: PodDisruptionBudget): FieldError[] => [
  ...validateConditions(status.conditions, "status.conditions"),
  ...nonNegative(status.disruptionsAllowed, "status.disruptionsAllowed"),
  ...nonNegative(status.currentHealthy, "status.currentHealthy"),
  ...nonNegative(status.desiredHealthy, "status.desiredHealthy"),
  ...nonNegative(status.expectedPods, "status.expectedPods"),
];

export const podDisruptionBudgetBehaviour: ResourceBehaviour<PodDisruptionBudget> = {
  storagePrefix: "poddisruptionbudgets",
  setDefaults: dropReservedKey,
  metadataLast: true,
  validateName: isPathSegmentName,
  strategy: {
    allowUnconditionalUpdate: false,
    prepareForCreate(budget) {
      budget.status = {
        disruptionsAllowed: 0,
        currentHealthy: 0,
        desiredHealthy: 0,
        expectedPods: 0,
      };
      budget.metadata.generation = 1;
    },
    validate: validateSpec,
    prepareForUpdate(budget, old) {
      budget.status = old.status;
      if (semanticEqual(budget.spec, old.spec)) return;
      budget.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
    validateUpdate: (budget) => validateSpec(budget),
  },
  statusStrategy: {
    prepareForUpdate(budget, old) {
      budget.spec = old.spec;
    },
    validateUpdate: (budget) => validateStatus(budget),
  },
  cells: ({ metadata, spec, status }, now) => [
    metadata.name,
    String(spec.minAvailable ?? "N/A"),
    String(spec.maxUnavailable ?? "N/A"),
    status.disruptionsAllowed ?? 0,
    age(metadata.creationTimestamp, now),
  ],
};
