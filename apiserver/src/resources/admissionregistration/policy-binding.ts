// What binds an admission policy to its parameters and resources.
import type {
  MutatingAdmissionPolicyBinding,
  ParamRef,
  ValidatingAdmissionPolicyBinding,
} from "@coracle/shared/api/types/admissionregistration-v1";
import type { LabelSelector } from "@coracle/shared/api/types/meta-v1";
import {
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain, isPathSegmentName } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { validateLabelSelector } from "../core/pod/label-selector-validation.ts";
import { deepEqual } from "../deep-equal.ts";
import { invalidTexts } from "../field-rules.ts";
import { validateObjectMeta } from "../metadata-validation.ts";
import {
  setMatchDefaults,
  validateMatchResources,
  validateMutableOperations,
} from "./rule-validation.ts";
import { staticSuffixWarnings } from "./static-suffix.ts";

type Binding = MutatingAdmissionPolicyBinding | ValidatingAdmissionPolicyBinding;

const ACTIONS = ["Audit", "Deny", "Warn"];
const NOT_FOUND_ACTIONS = ["Deny", "Allow"];
const EXCLUSIVE = "name and selector are mutually exclusive";

function validateParamRef(reference: ParamRef | undefined, path: string): FieldError[] {
  if (reference === undefined) return [];
  const { name = "", selector, parameterNotFoundAction: action } = reference;
  const errors = name === "" ? [] : invalidTexts(`${path}.name`, name, isPathSegmentName(name));
  if (name !== "" && selector !== undefined) {
    errors.push(forbiddenField(`${path}.name`, EXCLUSIVE));
  }
  validateLabelSelector(selector, `${path}.selector`, errors);
  if (name !== "" && selector !== undefined) {
    errors.push(forbiddenField(`${path}.selector`, EXCLUSIVE));
  }
  if (name === "" && selector === undefined) {
    errors.push(required(path, "one of name or selector must be specified"));
  }
  if (!action) errors.push(required(`${path}.parameterNotFoundAction`));
  else if (!NOT_FOUND_ACTIONS.includes(action)) {
    errors.push(notSupported(`${path}.parameterNotFoundAction`, action, NOT_FOUND_ACTIONS));
  }
  return errors;
}

function validateActions(actions: readonly string[] = []): FieldError[] {
  const path = "spec.validationActions";
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  actions.forEach((action, i) => {
    if (!ACTIONS.includes(action)) errors.push(notSupported(`${path}[${i}]`, action, ACTIONS));
    if (seen.has(action)) errors.push(duplicate(`${path}[${i}]`, action));
    seen.add(action);
  });
  if (seen.has("Deny") && seen.has("Warn")) {
    const detail =
      "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)";
    errors.push(invalidValue(path, actions, detail));
  }
  if (actions.length === 0)
    errors.push(required(path, "at least one validation action is required"));
  return errors;
}

function validateSpec({ spec }: Binding): FieldError[] {
  const { policyName = "", paramRef, matchResources } = spec;
  const field = "spec.policyName";
  return [
    ...(policyName === ""
      ? [required(field)]
      : invalidTexts(field, policyName, isDns1123Subdomain(policyName))),
    ...validateParamRef(paramRef, "spec.paramRef"),
    ...validateMatchResources(matchResources, "spec.matchResources"),
  ];
}

function bindingBehaviour<T extends Binding>(
  storagePrefix: string,
  validateOwn: (binding: T) => FieldError[],
): ResourceBehaviour<T> {
  const validate = (binding: T) => [...validateSpec(binding), ...validateOwn(binding)];
  return {
    storagePrefix,
    setDefaults: ({ spec }) => setMatchDefaults(spec.matchResources),
    validateName: isDns1123Subdomain,
    strategy: {
      allowUnconditionalUpdate: false,
      prepareForCreate({ metadata }) {
        metadata.generation = 1;
      },
      validate,
      warningsOnCreate: staticSuffixWarnings,
      prepareForUpdate({ metadata, spec }, old) {
        if (deepEqual(spec, old.spec)) return;
        metadata.generation = (old.metadata.generation ?? 0) + 1;
      },
      validateUpdate: (binding) => [
        ...validateObjectMeta(binding.metadata, false, isDns1123Subdomain),
        ...validate(binding),
      ],
      warningsOnUpdate: staticSuffixWarnings,
    },
    cells: ({ metadata, spec }, now) => [
      metadata.name,
      spec.policyName ?? "",
      paramRefCell(spec.paramRef),
      age(metadata.creationTimestamp, now),
    ],
  };
}

/** Whether the parameter has a namespace cannot be told from here. */
function paramRefCell(reference: ParamRef | undefined): string {
  const { name = "", namespace = "", selector } = reference ?? {};
  if (name !== "") return `${namespace === "" ? "*" : namespace}/${name}`;
  return selector === undefined ? "<unset>" : goSelector(selector);
}

/** As Go prints the generated type. */
function goSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const labels = Object.keys(matchLabels)
    .sort()
    .map((key) => `${key}: ${matchLabels[key]},`)
    .join("");
  const expressions = matchExpressions
    .map(
      ({ key, operator, values = [] }) =>
        `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(" ")}],},`,
    )
    .join("");
  return `&LabelSelector{MatchLabels:map[string]string{${labels}},MatchExpressions:[]LabelSelectorRequirement{${expressions}},}`;
}

export const validatingAdmissionPolicyBindingBehaviour =
  bindingBehaviour<ValidatingAdmissionPolicyBinding>(
    "validatingadmissionpolicybindings",
    (binding) => validateActions(binding.spec.validationActions),
  );

export const mutatingAdmissionPolicyBindingBehaviour =
  bindingBehaviour<MutatingAdmissionPolicyBinding>("mutatingadmissionpolicybindings", (binding) =>
    validateMutableOperations(binding.spec.matchResources, "spec.matchResources"),
  );
