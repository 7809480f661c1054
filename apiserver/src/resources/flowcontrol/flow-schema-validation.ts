// Validation of flow schemas (upstream: pkg/apis/flowcontrol/validation).
import type {
  FlowSchema,
  FlowSchemaSpec,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from "@coracle/shared/api/types/flowcontrol-v1";
import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import { isDns1123Label, isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { internalForm } from "../core/pod/internal-form.ts";
import { deepEqual } from "../deep-equal.ts";
import { invalidTexts } from "../field-rules.ts";
import { mandatoryFlowSchema } from "./mandatory-objects.ts";

const PRECEDENCE_MAX = 10_000;
const DISTINGUISHERS = ["ByNamespace", "ByUser"];
const SUBJECT_KINDS = ["Group", "ServiceAccount", "User"];
const VERBS = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "proxy",
  "update",
  "watch",
];

export function validateFlowSchema({ metadata, spec }: FlowSchema): FieldError[] {
  const { name } = metadata;
  const errors = validateSpec(name, spec);
  const fixed = mandatoryFlowSchema(name);
  if (fixed === undefined || deepEqual(spec, fixed)) return errors;
  const shown = internalForm("flowcontrol.FlowSchemaSpec", spec);
  return [...errors, invalidValue("spec", shown, `spec of '${name}' must equal the fixed value`)];
}

function validateSpec(schemaName: string, spec: FlowSchemaSpec): FieldError[] {
  const { matchingPrecedence = 0, distinguisherMethod, priorityLevelConfiguration, rules } = spec;
  const errors = validatePrecedence(schemaName, matchingPrecedence);
  if (distinguisherMethod && !DISTINGUISHERS.includes(distinguisherMethod.type)) {
    const shown = internalForm("flowcontrol.FlowDistinguisherMethod", distinguisherMethod);
    errors.push(notSupported("spec.distinguisherMethod.type", shown, DISTINGUISHERS));
  }
  const name = priorityLevelConfiguration?.name ?? "";
  const field = "spec.priorityLevelConfiguration.name";
  if (name === "") errors.push(required(field, "must reference a priority level"));
  else errors.push(...invalidTexts(field, name, isDns1123Subdomain(name)));
  rules?.forEach((rule, i) => {
    errors.push(...validateRules(rule, `spec.rules[${i}]`));
  });
  return errors;
}

function validatePrecedence(schemaName: string, precedence: number): FieldError[] {
  const field = "spec.matchingPrecedence";
  const refuse = (detail: string) => [invalidValue(field, precedence, detail)];
  if (precedence <= 0) return refuse("must be a positive value");
  if (precedence > PRECEDENCE_MAX) return refuse(`must not be greater than ${PRECEDENCE_MAX}`);
  if (precedence === 1 && schemaName !== "exempt") {
    return refuse("only the schema named 'exempt' may have matchingPrecedence 1");
  }
  return [];
}

function validateRules(rules: PolicyRulesWithSubjects, path: string): FieldError[] {
  const { resourceRules = [], nonResourceRules = [] } = rules;
  const subjects = rules.subjects ?? [];
  const errors = subjects.flatMap((subject, i) =>
    validateSubject(subject, `${path}.subjects[${i}]`),
  );
  if (subjects.length === 0) {
    errors.push(required(`${path}.subjects`, "subjects must contain at least one value"));
  }
  if (resourceRules.length === 0 && nonResourceRules.length === 0) {
    const detail = "at least one of resourceRules and nonResourceRules has to be non-empty";
    errors.push(required(path, detail));
  }
  resourceRules.forEach((rule, i) => {
    errors.push(...validateResourceRule(rule, `${path}.resourceRules[${i}]`));
  });
  nonResourceRules.forEach((rule, i) => {
    errors.push(...validateNonResourceRule(rule, `${path}.nonResourceRules[${i}]`));
  });
  return errors;
}

const SUBJECT_FIELDS = {
  ServiceAccount: "serviceAccount",
  User: "user",
  Group: "group",
} as const;
type SubjectKind = keyof typeof SUBJECT_FIELDS;

/** Which of the other subjects upstream looks at, and in which order. */
const OTHERS: Readonly<Record<SubjectKind, readonly SubjectKind[]>> = {
  ServiceAccount: ["User", "Group"],
  User: ["ServiceAccount", "Group"],
  Group: ["ServiceAccount", "User"],
};

function validateSubject(subject: Subject, path: string): FieldError[] {
  const kind = (subject.kind ?? "") as SubjectKind;
  if (!SUBJECT_KINDS.includes(kind)) return [notSupported(`${path}.kind`, kind, SUBJECT_KINDS)];
  const field = SUBJECT_FIELDS[kind];
  const own = subject[field];
  const errors =
    own === undefined
      ? [required(`${path}.${field}`, `${field} is required when subject kind is '${kind}'`)]
      : validateNamed(own, kind, `${path}.${field}`);
  for (const other of OTHERS[kind]) {
    const name = SUBJECT_FIELDS[other];
    if (subject[name] === undefined) continue;
    const detail = `${name} is forbidden when subject kind is not '${other}'`;
    errors.push(forbiddenField(`${path}.${name}`, detail));
  }
  return errors;
}

function validateNamed(
  subject: { name?: string; namespace?: string },
  kind: SubjectKind,
  path: string,
): FieldError[] {
  const { name = "", namespace = "" } = subject;
  const errors: FieldError[] = [];
  if (name === "") errors.push(required(`${path}.name`));
  if (kind !== "ServiceAccount") return errors;
  if (name !== "" && name !== "*") {
    errors.push(...invalidTexts(`${path}.name`, name, isDns1123Subdomain(name)));
  }
  const field = `${path}.namespace`;
  if (namespace === "") {
    return [...errors, required(field, "must specify namespace for service account")];
  }
  return [...errors, ...invalidTexts(field, namespace, isDns1123Label(namespace))];
}

function onlyWildcard(values: readonly string[], field: string, what: string): FieldError[] {
  if (values.length < 2 || !values.includes("*")) return [];
  return [invalidValue(field, values, `if '*' is present, must not specify other ${what}`)];
}

/** A list that is not set is null. */
function validateVerbs(given: readonly string[] | null, field: string): FieldError[] {
  const verbs = given ?? [];
  if (verbs.length === 0) return [required(field, "verbs must contain at least one value")];
  if (verbs.includes("*")) return onlyWildcard(verbs, field, "verbs");
  return verbs.every((verb) => VERBS.includes(verb)) ? [] : [notSupported(field, verbs, VERBS)];
}

function validateResourceRule(rule: ResourcePolicyRule, path: string): FieldError[] {
  const { verbs, apiGroups, resources, clusterScope } = rule;
  const namespaces = rule.namespaces ?? [];
  const some = (values: readonly string[] | null, field: string, one: string, other: string) =>
    values === null || values.length === 0
      ? [required(`${path}.${field}`, `resource rules must supply at least one ${one}`)]
      : onlyWildcard(values, `${path}.${field}`, other);
  const errors = [
    ...validateVerbs(verbs, `${path}.verbs`),
    ...some(apiGroups, "apiGroups", "api group", "api groups"),
    ...some(resources, "resources", "resource", "resources"),
  ];
  const field = `${path}.namespaces`;
  if (namespaces.length === 0 && clusterScope !== true) {
    const detail = "resource rules that are not cluster scoped must supply at least one namespace";
    return [...errors, required(field, detail)];
  }
  if (namespaces.includes("*")) {
    return [...errors, ...onlyWildcard(namespaces, field, "namespaces")];
  }
  const intro = "each member of this list must be '*' or a DNS-1123 label; ";
  namespaces.forEach((namespace, i) => {
    for (const text of isDns1123Label(namespace)) {
      errors.push(invalidValue(`${field}[${i}]`, namespace, `${intro}${text}`));
    }
  });
  return errors;
}

function validateNonResourceRule(rule: NonResourcePolicyRule, path: string): FieldError[] {
  const urls = rule.nonResourceURLs ?? [];
  const errors = validateVerbs(rule.verbs, `${path}.verbs`);
  const field = `${path}.nonResourceURLs`;
  if (urls.length === 0) {
    return [...errors, required(field, "nonResourceURLs must contain at least one value")];
  }
  if (urls.includes("*")) return [...errors, ...onlyWildcard(urls, field, "non-resource URLs")];
  return [
    ...errors,
    ...urls.flatMap((url, i) => {
      const detail = urlFinding(url);
      return detail === undefined ? [] : [invalidValue(`${field}[${i}]`, url, detail)];
    }),
  ];
}

function urlFinding(url: string): string | undefined {
  if (url === "") return "must not be empty";
  if (url === "/") return undefined;
  if (!url.startsWith("/")) return "must start with slash";
  if (url.includes(" ")) return "must not contain white-space";
  if (url.includes("//")) return "must not contain double slash";
  const wildcards = url.split("*").length - 1;
  return wildcards > 1 || (wildcards === 1 && !url.endsWith("/*"))
    ? "wildcard can only do suffix matching"
    : undefined;
}
