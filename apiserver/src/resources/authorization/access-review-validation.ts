// SubjectAccessReviews and their kin (upstream: pkg/apis/authorization/validation).
import type { KubernetesObject } from "@coracle/shared/api/resources";
import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
  NonResourceAttributes,
  ResourceAttributes,
  SubjectAccessReviewSpec,
} from "@coracle/shared/api/types/authorization-v1";
import { forbiddenField, invalidValue, required } from "@coracle/shared/machinery/field-error";
import { isQualifiedName, isValidLabelValue } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { invalidTexts } from "../field-rules.ts";

export type ReviewScope = "self" | "cluster" | "local";

/** The Go struct's form, whose members have no JSON names. */
const shownPath = ({ path = "", verb = "" }: NonResourceAttributes) => ({ Path: path, Verb: verb });

export function validateAccessReview(
  review: KubernetesObject & { spec: SubjectAccessReviewSpec },
  scope: ReviewScope,
): FieldError[] {
  const { resourceAttributes, nonResourceAttributes, user = "", groups } = review.spec;
  const errors: FieldError[] = [];
  if (resourceAttributes && nonResourceAttributes) {
    const detail = "cannot be specified in combination with resourceAttributes";
    const shown = shownPath(nonResourceAttributes);
    errors.push(invalidValue("spec.nonResourceAttributes", shown, detail));
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    const detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    errors.push(invalidValue("spec.resourceAttributes", null, detail));
  }
  if (scope !== "self" && user === "" && (groups?.length ?? 0) === 0) {
    const detail = "at least one of user or group must be specified";
    errors.push(invalidValue("spec.user", "", detail));
  }
  if (resourceAttributes) errors.push(...validateSelectors(resourceAttributes));
  errors.push(...validateMetadata(review, scope));
  if (scope !== "local") return errors;
  const { namespace = "" } = review.metadata;
  if (resourceAttributes && (resourceAttributes.namespace ?? "") !== namespace) {
    const field = "spec.resourceAttributes.namespace";
    const value = resourceAttributes.namespace ?? "";
    errors.push(invalidValue(field, value, "must match metadata.namespace"));
  }
  if (nonResourceAttributes) {
    const detail = "disallowed on this kind of request";
    const shown = shownPath(nonResourceAttributes);
    errors.push(invalidValue("spec.nonResourceAttributes", shown, detail));
  }
  return errors;
}

function validateMetadata({ metadata }: KubernetesObject, scope: ReviewScope): FieldError[] {
  const { managedFields: _owners, namespace, ...rest } = metadata;
  const isEmpty = Object.values(rest).every((value) => value === undefined);
  if (isEmpty && (scope === "local" || !namespace)) return [];
  const detail = scope === "local" ? "must be empty except for namespace" : "must be empty";
  return [invalidValue("metadata", metadata, detail)];
}

type Selector = FieldSelectorAttributes | LabelSelectorAttributes;

function validateSelectors(attributes: ResourceAttributes): FieldError[] {
  const path = "spec.resourceAttributes";
  const { fieldSelector, labelSelector } = attributes;
  const errors: FieldError[] = [];
  if (fieldSelector) {
    const at = `${path}.fieldSelector`;
    errors.push(...validateForm(fieldSelector, at));
    fieldSelector.requirements?.forEach((requirement, i) => {
      const where = `${at}.requirements[${i}]`;
      if (!requirement.key) errors.push(required(`${where}.key`, "must be specified"));
      errors.push(...validateValues(requirement, where));
    });
  }
  if (labelSelector) {
    const at = `${path}.labelSelector`;
    errors.push(...validateForm(labelSelector, at));
    labelSelector.requirements?.forEach((requirement, i) => {
      const where = `${at}.requirements[${i}]`;
      const { key = "", values = [] } = requirement;
      errors.push(...validateValues(requirement, where));
      errors.push(...invalidTexts(`${where}.key`, key, isQualifiedName(key)));
      values.forEach((value, v) => {
        errors.push(...invalidTexts(`${where}.values[${v}]`, value, isValidLabelValue(value)));
      });
    });
  }
  return errors;
}

function validateForm({ rawSelector = "", requirements = [] }: Selector, at: string): FieldError[] {
  const detail = "may not specified at the same time as requirements";
  if (rawSelector !== "" && requirements.length > 0) {
    return [invalidValue(`${at}.rawSelector`, rawSelector, detail)];
  }
  if (rawSelector !== "" || requirements.length > 0) return [];
  const why = `when ${at} is specified, requirements or rawSelector is required`;
  return [required(`${at}.requirements`, why)];
}

/** An operator that is not known here may be known to the client: it passes. */
function validateValues(
  { operator, values = [] }: { operator?: string; values?: string[] },
  at: string,
): FieldError[] {
  if ((operator === "In" || operator === "NotIn") && values.length === 0) {
    const detail = "must be specified when `operator` is 'In' or 'NotIn'";
    return [required(`${at}.values`, detail)];
  }
  if ((operator === "Exists" || operator === "DoesNotExist") && values.length > 0) {
    const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
    return [forbiddenField(`${at}.values`, detail)];
  }
  return [];
}
