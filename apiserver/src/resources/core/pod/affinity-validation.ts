// Affinity to nodes and Pods (upstream: validateAffinity and what it calls).
import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
} from "@coracle/shared/api/types/core-v1";
import type { LabelSelector } from "@coracle/shared/api/types/meta-v1";
import { forbiddenField, invalidValue, required } from "@coracle/shared/machinery/field-error";
import {
  isDns1123Label,
  isDns1123Subdomain,
  isQualifiedName,
  isValidLabelValue,
} from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { addInvalid, checkQualifiedName } from "./findings.ts";
import { validateLabelSelector } from "./label-selector-validation.ts";

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";

export function validateAffinity(affinity: Affinity, path: string, errors: FieldError[]): void {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity;
  if (nodeAffinity) {
    const at = `${path}.nodeAffinity`;
    const needed = nodeAffinity[REQUIRED];
    if (needed) validateNodeSelector(needed, `${at}.${REQUIRED}`, errors);
    nodeAffinity[PREFERRED]?.forEach(({ weight, preference }, i) => {
      const term = `${at}.${PREFERRED}[${i}]`;
      checkWeight(weight, `${term}.weight`, errors);
      if (preference) validateTerm(preference, `${term}.preference`, errors, false);
    });
  }
  if (podAffinity) validatePodAffinity(podAffinity, `${path}.podAffinity`, errors);
  if (podAntiAffinity) validatePodAffinity(podAntiAffinity, `${path}.podAntiAffinity`, errors);
}

function checkWeight(weight: number | undefined, field: string, errors: FieldError[]): void {
  const value = weight ?? 0;
  if (value < 1 || value > 100) {
    errors.push(invalidValue(field, value, "must be in the range 1-100"));
  }
}

export function validateNodeSelector(
  selector: NodeSelector,
  path: string,
  errors: FieldError[],
): void {
  const terms = selector.nodeSelectorTerms ?? [];
  const at = `${path}.nodeSelectorTerms`;
  if (terms.length === 0) {
    errors.push(required(at, "must have at least one node selector term"));
  }
  terms.forEach((term, i) => {
    validateTerm(term, `${at}[${i}]`, errors, true);
  });
}

/** `strict`: values have to be label values; a preference may name what no node can have. */
function validateTerm(
  term: NodeSelectorTerm,
  path: string,
  errors: FieldError[],
  strict: boolean,
): void {
  term.matchExpressions?.forEach((requirement, i) => {
    validateLabelRequirement(requirement, `${path}.matchExpressions[${i}]`, errors, strict);
  });
  term.matchFields?.forEach((requirement, i) => {
    validateFieldRequirement(requirement, `${path}.matchFields[${i}]`, errors);
  });
}

function validateLabelRequirement(
  { key = "", operator, values = [] }: NodeSelectorRequirement,
  path: string,
  errors: FieldError[],
  strict: boolean,
): void {
  const at = `${path}.values`;
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0) {
      errors.push(required(at, "must be specified when `operator` is 'In' or 'NotIn'"));
    }
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0) {
      const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
      errors.push(forbiddenField(at, detail));
    }
  } else if (operator === "Gt" || operator === "Lt") {
    if (values.length !== 1) {
      errors.push(required(at, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
    }
  } else {
    const detail = "not a valid selector operator";
    errors.push(invalidValue(`${path}.operator`, operator ?? "", detail));
  }
  checkQualifiedName(errors, `${path}.key`, key);
  if (!strict) return;
  values.forEach((value, i) => {
    addInvalid(errors, `${at}[${i}]`, value, isValidLabelValue(value));
  });
}

function validateFieldRequirement(
  { key = "", operator, values = [] }: NodeSelectorRequirement,
  path: string,
  errors: FieldError[],
): void {
  if (operator !== "In" && operator !== "NotIn") {
    const detail = "not a valid selector operator";
    errors.push(invalidValue(`${path}.operator`, operator ?? "", detail));
  } else if (values.length !== 1) {
    const detail =
      "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
    errors.push(required(`${path}.values`, detail));
  }
  if (key !== "metadata.name") {
    errors.push(invalidValue(`${path}.key`, key, "not a valid field selector key"));
    return;
  }
  values.forEach((value, i) => {
    addInvalid(errors, `${path}.values[${i}]`, value, isDns1123Subdomain(value));
  });
}

function validatePodAffinity(affinity: PodAffinity, path: string, errors: FieldError[]): void {
  affinity[REQUIRED]?.forEach((term, i) => {
    validatePodTerm(term, `${path}.${REQUIRED}[${i}]`, errors);
  });
  affinity[PREFERRED]?.forEach(({ weight, podAffinityTerm }, i) => {
    const at = `${path}.${PREFERRED}[${i}]`;
    checkWeight(weight, `${at}.weight`, errors);
    validatePodTerm(podAffinityTerm ?? {}, `${at}.podAffinityTerm`, errors);
  });
}

function validatePodTerm(term: Partial<PodAffinityTerm>, path: string, errors: FieldError[]): void {
  validateLabelSelector(term.labelSelector, `${path}.labelSelector`, errors);
  validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`, errors);
  for (const name of term.namespaces ?? []) {
    addInvalid(errors, `${path}.namespace`, name, isDns1123Label(name));
  }
  validateLabelKeys(
    { matching: term.matchLabelKeys, mismatching: term.mismatchLabelKeys },
    term.labelSelector,
    path,
    errors,
  );
  const topologyKey = term.topologyKey ?? "";
  if (topologyKey === "") errors.push(required(`${path}.topologyKey`, "can not be empty"));
  addInvalid(errors, `${path}.topologyKey`, topologyKey, isQualifiedName(topologyKey));
}

/** Keys whose values are taken from the Pod itself (upstream: ValidateMatchLabelKeysAndMismatchLabelKeys). */
export function validateLabelKeys(
  keys: { matching?: string[] | undefined; mismatching?: string[] | undefined },
  selector: LabelSelector | undefined,
  path: string,
  errors: FieldError[],
): void {
  const { matching = [], mismatching = [] } = keys;
  checkKeys(matching, selector, `${path}.matchLabelKeys`, errors);
  checkKeys(mismatching, selector, `${path}.mismatchLabelKeys`, errors);
  if (selector && matching.length > 0) {
    const positions = new Map(matching.map((key, i) => [key, i]));
    const selected = new Set(Object.keys(selector.matchLabels ?? {}));
    // A key once is what the server itself has added for the match; twice is the client's.
    for (const { key } of selector.matchExpressions ?? []) {
      if (positions.has(key) && selected.has(key)) {
        const detail = "exists in both matchLabelKeys and labelSelector";
        errors.push(invalidValue(`${path}[${positions.get(key)}]`, key, detail));
      }
      selected.add(key);
    }
  }
  matching.forEach((key, i) => {
    if (!mismatching.includes(key)) return;
    const detail = "exists in both matchLabelKeys and mismatchLabelKeys";
    errors.push(invalidValue(`${path}.matchLabelKeys[${i}]`, key, detail));
  });
}

function checkKeys(
  keys: readonly string[],
  selector: LabelSelector | undefined,
  path: string,
  errors: FieldError[],
): void {
  if (keys.length === 0) return;
  if (!selector) {
    errors.push(forbiddenField(path, "must not be specified when labelSelector is not set"));
    return;
  }
  keys.forEach((key, i) => {
    checkQualifiedName(errors, `${path}[${i}]`, key);
  });
}
