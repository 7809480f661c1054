// Label selectors as part of an object (upstream: apimachinery meta/v1 validation ValidateLabelSelector).
import type { LabelSelector } from "@coracle/shared/api/types/meta-v1";
import { forbiddenField, invalidValue, required } from "@coracle/shared/machinery/field-error";
import { isValidLabelValue } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { validateLabels } from "../../metadata-validation.ts";
import { addInvalid, checkQualifiedName } from "./findings.ts";

export function validateLabelSelector(
  selector: LabelSelector | undefined,
  path: string,
  errors: FieldError[],
): void {
  if (!selector) return;
  errors.push(...validateLabels(selector.matchLabels, `${path}.matchLabels`));
  selector.matchExpressions?.forEach(({ key = "", operator = "", values = [] }, i) => {
    const at = `${path}.matchExpressions[${i}]`;
    if (operator === "In" || operator === "NotIn") {
      if (values.length === 0) {
        const detail = "must be specified when `operator` is 'In' or 'NotIn'";
        errors.push(required(`${at}.values`, detail));
      }
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      if (values.length > 0) {
        const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
        errors.push(forbiddenField(`${at}.values`, detail));
      }
    } else {
      errors.push(invalidValue(`${at}.operator`, operator, "not a valid selector operator"));
    }
    checkQualifiedName(errors, `${at}.key`, key);
    values.forEach((value, v) => {
      addInvalid(errors, `${at}.values[${v}]`, value, isValidLabelValue(value));
    });
  });
}
