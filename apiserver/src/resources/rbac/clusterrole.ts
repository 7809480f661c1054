import type { AggregationRule, ClusterRole } from "@coracle/shared/api/types/rbac-v1";
import { invalidValue, required } from "@coracle/shared/machinery/field-error";
import { isPathSegmentName } from "@coracle/shared/machinery/names";
import { SelectorError, selectorOf } from "@coracle/shared/machinery/selector";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { validateLabelSelector } from "../core/pod/label-selector-validation.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";
import { prepareRules, validateRules } from "./policy-rules.ts";

function validateAggregation(rule: AggregationRule | undefined): FieldError[] {
  if (!rule) return [];
  const path = "aggregationRule.clusterRoleSelectors";
  const selectors = rule.clusterRoleSelectors ?? [];
  const errors: FieldError[] = [];
  if (selectors.length === 0) {
    const detail = "at least one clusterRoleSelector required if aggregationRule is non-nil";
    errors.push(required(path, detail));
  }
  selectors.forEach((selector, i) => {
    validateLabelSelector(selector, `${path}[${i}]`, errors);
    try {
      selectorOf(selector);
    } catch (error) {
      if (!(error instanceof SelectorError)) throw error;
      errors.push(invalidValue(`${path}[${i}]`, null, "invalid label selector."));
    }
  });
  return errors;
}

const validate = ({ rules, aggregationRule }: ClusterRole): FieldError[] => [
  ...validateRules(rules, false),
  ...validateAggregation(aggregationRule),
];

export const clusterRoleBehaviour: ResourceBehaviour<ClusterRole> = {
  storagePrefix: "clusterroles",
  setDefaults() {},
  validateName: isPathSegmentName,
  strategy: {
    allowCreateOnUpdate: true,
    prepareForCreate: prepareRules,
    validate,
    prepareForUpdate: prepareRules,
    validateUpdate: (role, old) => [
      ...repeatObjectMeta(role.metadata, false, isPathSegmentName),
      ...validate(role),
      ...repeatMetadataUpdate(role.metadata, old.metadata),
    ],
  },
  cells: ({ metadata }) => [metadata.name, metadata.creationTimestamp ?? null],
};
