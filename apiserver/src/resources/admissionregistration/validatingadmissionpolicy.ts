import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyStatus,
} from "@coracle/shared/api/types/admissionregistration-v1";
import { notSupported, required } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { validateConditions } from "../condition-validation.ts";
import { deepEqual } from "../deep-equal.ts";
import { validateObjectMeta } from "../metadata-validation.ts";
import { resetMetadataForStatus } from "../status-metadata.ts";
import {
  validateAuditAnnotations,
  validateMatchConditions,
  validateParamKind,
  validateValidation,
  validateVariables,
} from "./expression-validation.ts";
import { FAILURE_POLICIES, setMatchDefaults, validateMatchResources } from "./rule-validation.ts";
import { staticSuffixWarnings } from "./static-suffix.ts";

/** What both kinds of policy have in common at the start of their spec. */
export function validatePolicyHead(spec: {
  failurePolicy?: string;
  paramKind?: { apiVersion?: string; kind?: string };
  matchConstraints?: Parameters<typeof validateMatchResources>[0];
}): FieldError[] {
  const { failurePolicy, paramKind, matchConstraints } = spec;
  const errors: FieldError[] = [];
  if (failurePolicy === undefined) errors.push(required("spec.failurePolicy"));
  else if (!FAILURE_POLICIES.includes(failurePolicy)) {
    errors.push(notSupported("spec.failurePolicy", failurePolicy, FAILURE_POLICIES));
  }
  if (paramKind !== undefined) errors.push(...validateParamKind(paramKind, "spec.paramKind"));
  if (matchConstraints === undefined) return [...errors, required("spec.matchConstraints")];
  errors.push(...validateMatchResources(matchConstraints, "spec.matchConstraints"));
  if ((matchConstraints.resourceRules?.length ?? 0) === 0) {
    errors.push(required("spec.matchConstraints.resourceRules"));
  }
  return errors;
}

function validate(
  { metadata, spec }: ValidatingAdmissionPolicy,
  old?: ValidatingAdmissionPolicy,
): FieldError[] {
  const { validations = [], auditAnnotations } = spec;
  const errors = validatePolicyHead(spec);
  const unchanged =
    old !== undefined &&
    deepEqual(spec.paramKind, old.spec.paramKind) &&
    deepEqual(spec.matchConditions, old.spec.matchConditions);
  if (!unchanged) {
    errors.push(...validateMatchConditions(spec.matchConditions, "spec.matchConditions"));
  }
  errors.push(...validateVariables(spec.variables, "spec.variables"));
  if (validations.length === 0 && (auditAnnotations?.length ?? 0) === 0) {
    const detail = "validations or auditAnnotations must contain at least one item";
    errors.push(required("spec.validations", detail), required("spec.auditAnnotations", detail));
    return errors;
  }
  validations.forEach((validation, i) => {
    errors.push(...validateValidation(validation, `spec.validations[${i}]`));
  });
  errors.push(
    ...validateAuditAnnotations(auditAnnotations, metadata.name, "spec.auditAnnotations"),
  );
  return errors;
}

function validateStatus({ typeChecking, conditions }: ValidatingAdmissionPolicyStatus) {
  const errors: FieldError[] = [];
  typeChecking?.expressionWarnings?.forEach(({ warning, fieldRef = "" }, i) => {
    const path = `status.typeChecking.expressionWarnings[${i}]`;
    if (!warning) errors.push(required(`${path}.warning`));
    if (fieldRef.trim() === "") errors.push(required(`${path}.fieldRef`));
  });
  return [...errors, ...validateConditions(conditions, "status.conditions")];
}

export const validatingAdmissionPolicyBehaviour: ResourceBehaviour<ValidatingAdmissionPolicy> = {
  storagePrefix: "validatingadmissionpolicies",
  setDefaults({ spec }) {
    spec.failurePolicy ??= "Fail";
    setMatchDefaults(spec.matchConstraints);
  },
  validateName: isDns1123Subdomain,
  strategy: {
    allowUnconditionalUpdate: false,
    prepareForCreate(policy) {
      policy.status = {};
      policy.metadata.generation = 1;
    },
    validate: (policy) => validate(policy),
    warningsOnCreate: staticSuffixWarnings,
    prepareForUpdate(policy, old) {
      policy.status = old.status;
      if (deepEqual(policy.spec, old.spec)) return;
      policy.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
    validateUpdate: (policy, old) => [
      ...validateObjectMeta(policy.metadata, false, isDns1123Subdomain),
      ...validate(policy, old),
    ],
    warningsOnUpdate: staticSuffixWarnings,
  },
  statusStrategy: {
    prepareForUpdate(policy, old) {
      policy.spec = old.spec;
      resetMetadataForStatus(policy.metadata, old.metadata);
    },
    validateUpdate: ({ status }) => validateStatus(status ?? {}),
    warningsOnUpdate: staticSuffixWarnings,
  },
  cells: ({ metadata, spec }, now) => [
    metadata.name,
    spec.validations?.length ?? 0,
    paramKindCell(spec.paramKind),
    age(metadata.creationTimestamp, now),
  ],
};

export const paramKindCell = (paramKind: { apiVersion?: string; kind?: string } | undefined) =>
  paramKind === undefined ? "<unset>" : `${paramKind.apiVersion ?? ""}/${paramKind.kind ?? ""}`;
