// How Pods that belong together are scheduled (upstream: pkg/apis/scheduling/v1alpha2, whose validation is declared on the
// types). Every feature of the group is on.
import type {
  PodGroupResourceClaim,
  PodGroupSchedulingConstraints,
  PodGroupSchedulingPolicy,
} from "@coracle/shared/api/types/scheduling-v1alpha2";
import {
  duplicate,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from "@coracle/shared/machinery/field-error";
import {
  isDns1123Label,
  isDns1123Subdomain,
  isQualifiedName,
} from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { deepEqual } from "../deep-equal.ts";
import { invalidTexts } from "../field-rules.ts";

const CLAIMS_MAX = 4;
const TOPOLOGIES_MAX = 1;
const DISRUPTION_MODES = ["Pod", "PodGroup"];
const PRIORITY_MAX = 1_000_000_000;

/** What a group and the template of one have in common. */
export interface Grouping {
  schedulingPolicy?: PodGroupSchedulingPolicy;
  schedulingConstraints?: PodGroupSchedulingConstraints;
  resourceClaims?: PodGroupResourceClaim[];
  disruptionMode?: string;
  priorityClassName?: string;
  priority?: number;
}

const fields = [
  "schedulingPolicy",
  "schedulingConstraints",
  "resourceClaims",
  "disruptionMode",
  "priorityClassName",
  "priority",
] as const satisfies readonly (keyof Grouping)[];

/** What cannot be changed tells no value. */
export const immutable = (path: string): FieldError =>
  invalidValue(path, null, "field is immutable");

/** `old` is absent where all is new; what stays as it is was judged before. */
export function validateGrouping(group: Grouping, old: Grouping | undefined, path: string) {
  const errors: FieldError[] = [];
  for (const field of fields) {
    const at = `${path}.${field}`;
    if (old === undefined) errors.push(...validators[field](group, at));
    else if (!deepEqual(group[field] ?? null, old[field] ?? null)) {
      errors.push(immutable(at));
      if (field === "resourceClaims") errors.push(...tooManyClaims(group, at));
    }
  }
  return errors;
}

const validators: Readonly<
  Record<(typeof fields)[number], (group: Grouping, path: string) => FieldError[]>
> = {
  schedulingPolicy: ({ schedulingPolicy }, path) => validatePolicy(schedulingPolicy ?? {}, path),
  schedulingConstraints: ({ schedulingConstraints }, path) =>
    validateConstraints(schedulingConstraints, path),
  resourceClaims: validateClaims,
  disruptionMode: ({ disruptionMode: mode }, path) =>
    mode === undefined || DISRUPTION_MODES.includes(mode)
      ? []
      : [notSupported(path, mode, DISRUPTION_MODES)],
  priorityClassName: ({ priorityClassName: name = "" }, path) =>
    name === "" ? [] : invalidTexts(path, name, isDns1123Subdomain(name)),
  priority: ({ priority = 0 }, path) =>
    priority <= PRIORITY_MAX
      ? []
      : [invalidValue(path, priority, `must be less than or equal to ${PRIORITY_MAX}`)],
};

/** Exactly one of the members has to be set. */
export function validateUnion(
  value: object,
  members: readonly string[],
  path: string,
): FieldError[] {
  const set = members.filter((name) => (value as Record<string, unknown>)[name] != null);
  if (set.length === 1) return [];
  const all = members.map((name) => `\`${name}\``).join(", ");
  return set.length === 0
    ? [invalidValue(path, "", `must specify one of: ${all}`)]
    : [invalidValue(path, `{${set.join(", ")}}`, `must specify exactly one of: ${all}`)];
}

function validatePolicy(policy: PodGroupSchedulingPolicy, path: string): FieldError[] {
  const errors = validateUnion(policy, ["basic", "gang"], path);
  if (policy.gang === undefined) return errors;
  const field = `${path}.gang.minCount`;
  const { minCount } = policy.gang;
  if (!minCount) errors.push(required(field));
  else if (minCount < 1) {
    errors.push(invalidValue(field, minCount, "must be greater than or equal to 1"));
  }
  return errors;
}

function validateConstraints(
  constraints: PodGroupSchedulingConstraints | null | undefined,
  path: string,
): FieldError[] {
  const topology = constraints?.topology ?? [];
  const at = `${path}.topology`;
  if (topology.length > TOPOLOGIES_MAX) return [tooMany(at, topology.length, TOPOLOGIES_MAX)];
  return topology.flatMap(({ key }, i) => requiredText(key, `${at}[${i}].key`, isQualifiedName));
}

/** A text that has to be there, and to be of a form. */
export function requiredText(
  value: string | undefined,
  path: string,
  rule: (text: string) => string[],
): FieldError[] {
  return value ? invalidTexts(path, value, rule(value)) : [required(path)];
}

function tooManyClaims({ resourceClaims = [] }: Grouping, path: string): FieldError[] {
  const { length } = resourceClaims;
  return length > CLAIMS_MAX ? [tooMany(path, length, CLAIMS_MAX)] : [];
}

function validateClaims(group: Grouping, path: string): FieldError[] {
  const tooManyErrors = tooManyClaims(group, path);
  if (tooManyErrors.length > 0) return tooManyErrors;
  const claims = group.resourceClaims ?? [];
  return [
    ...repeatedNames(claims, path),
    ...claims.flatMap((claim, i) => {
      const at = `${path}[${i}]`;
      const errors = [
        ...validateUnion(claim, ["resourceClaimName", "resourceClaimTemplateName"], at),
        ...requiredText(claim.name, `${at}.name`, isDns1123Label),
      ];
      for (const field of ["resourceClaimName", "resourceClaimTemplateName"] as const) {
        const name = claim[field];
        if (name === undefined) continue;
        errors.push(...invalidTexts(`${at}.${field}`, name, isDns1123Subdomain(name)));
      }
      return errors;
    }),
  ];
}

export function repeatedNames(items: readonly { name: string }[], path: string): FieldError[] {
  const seen = new Set<string>();
  return items.flatMap((item, i) => {
    const errors = seen.has(item.name) ? [duplicate(`${path}[${i}]`, item)] : [];
    seen.add(item.name);
    return errors;
  });
}
