import type { MutatingAdmissionPolicy } from "@coracle/shared/api/types/admissionregistration-v1";
import { notSupported, required } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { deepEqual } from "../deep-equal.ts";
import { validateObjectMeta } from "../metadata-validation.ts";
import {
  validateMatchConditions,
  validateMutation,
  validateVariables,
} from "./expression-validation.ts";
import {
  REINVOCATION_POLICIES,
  setMatchDefaults,
  validateMutableOperations,
} from "./rule-validation.ts";
import { staticSuffixWarnings } from "./static-suffix.ts";
import { paramKindCell, validatePolicyHead } from "./validatingadmissionpolicy.ts";

function validate({ spec }: MutatingAdmissionPolicy, old?: MutatingAdmissionPolicy): FieldError[] {
  const { matchConstraints, mutations = [], reinvocationPolicy } = spec;
  const errors = [
    ...validatePolicyHead(spec),
    ...validateMutableOperations(matchConstraints, "spec.matchConstraints"),
  ];
  const unchanged =
    old !== undefined &&
    deepEqual(spec.paramKind, old.spec.paramKind) &&
    deepEqual(spec.matchConditions, old.spec.matchConditions);
  if (!unchanged) {
    errors.push(...validateMatchConditions(spec.matchConditions, "spec.matchConditions"));
  }
  errors.push(...validateVariables(spec.variables, "spec.variables"));
  if (mutations.length === 0) {
    errors.push(required("spec.mutations", "mutations must contain at least one item"));
  }
  mutations.forEach((mutation, i) => {
    errors.push(...validateMutation(mutation, `spec.mutations[${i}]`));
  });
  if (!reinvocationPolicy) errors.push(required("spec.reinvocationPolicy"));
  else if (!REINVOCATION_POLICIES.includes(reinvocationPolicy)) {
    errors.push(notSupported("spec.reinvocationPolicy", reinvocationPolicy, REINVOCATION_POLICIES));
  }
  return errors;
}

export const mutatingAdmissionPolicyBehaviour: ResourceBehaviour<MutatingAdmissionPolicy> = {
  storagePrefix: "mutatingadmissionpolicies",
  setDefaults({ spec }) {
    spec.failurePolicy ??= "Fail";
    setMatchDefaults(spec.matchConstraints);
  },
  validateName: isDns1123Subdomain,
  strategy: {
    allowUnconditionalUpdate: false,
    prepareForCreate({ metadata }) {
      metadata.generation = 1;
    },
    validate: (policy) => validate(policy),
    warningsOnCreate: staticSuffixWarnings,
    prepareForUpdate(policy, old) {
      if (deepEqual(policy.spec, old.spec)) return;
      policy.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
    validateUpdate: (policy, old) => [
      ...validateObjectMeta(policy.metadata, false, isDns1123Subdomain),
      ...validate(policy, old),
    ],
    warningsOnUpdate: staticSuffixWarnings,
  },
  cells: ({ metadata, spec }, now) => [
    metadata.name,
    spec.mutations?.length ?? 0,
    paramKindCell(spec.paramKind),
    age(metadata.creationTimestamp, now),
  ],
};
