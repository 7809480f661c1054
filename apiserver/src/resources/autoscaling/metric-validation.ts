// What an autoscaler may scale by (upstream: pkg/apis/autoscaling/validation, the metrics).
import type {
  CrossVersionObjectReference,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from "@coracle/shared/api/types/autoscaling-v2";
import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import { isDns1123Label, isPathSegmentName } from "@coracle/shared/machinery/names";
import { signOf } from "@coracle/shared/machinery/quantity";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { checkContainerResourceName } from "../core/pod/resource-validation.ts";
import { invalidTexts } from "../field-rules.ts";

const SOURCE_TYPES = ["ContainerResource", "External", "Object", "Pods", "Resource"];
const TARGET_TYPES = ["Utilization", "Value", "AverageValue"];

/** Undefined when it is right. */
export function apiVersionFinding(
  apiVersion: string,
  allowEmptyGroup: boolean,
): string | undefined {
  const parts = apiVersion.split("/");
  if (parts.length > 2) return `unexpected GroupVersion string: ${apiVersion}`;
  const hasGroup = parts.length === 2 && parts[0] !== "";
  return hasGroup || allowEmptyGroup ? undefined : "apiVersion must specify API group";
}

const requiredSegment = (value: string | undefined, field: string, detail = ""): FieldError[] =>
  value ? invalidTexts(field, value, isPathSegmentName(value)) : [required(field, detail)];

export function validateReference(
  { kind, name, apiVersion = "" }: CrossVersionObjectReference,
  path: string,
  versionFinding: (apiVersion: string) => string | undefined,
): FieldError[] {
  const finding = versionFinding(apiVersion);
  return [
    ...requiredSegment(kind, `${path}.kind`),
    ...requiredSegment(name, `${path}.name`),
    ...(finding === undefined ? [] : [invalidValue(`${path}.apiVersion`, apiVersion, finding)]),
  ];
}

function validateTarget(target: MetricTarget, path: string): FieldError[] {
  const { type = "", value, averageValue, averageUtilization } = target;
  const errors: FieldError[] = [];
  if (type === "") errors.push(required(`${path}.type`, "must specify a metric target type"));
  if (!TARGET_TYPES.includes(type)) {
    const detail = "must be either Utilization, Value, or AverageValue";
    errors.push(invalidValue(`${path}.type`, type, detail));
  }
  for (const [field, quantity] of Object.entries({ value, averageValue })) {
    if (quantity === undefined || signOf(quantity) === 1) continue;
    errors.push(invalidValue(`${path}.${field}`, quantity, "must be positive"));
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    const field = `${path}.averageUtilization`;
    errors.push(invalidValue(field, averageUtilization, "must be greater than 0"));
  }
  return errors;
}

const validateIdentifier = ({ name }: MetricIdentifier, path: string): FieldError[] =>
  requiredSegment(name, `${path}.name`, "must specify a metric name");

const targetRequired = (path: string, member: string, detail: string) =>
  required(`${path}.target.${member}`, detail);

/** Of what is measured in the Pods: a raw value or a share, one of the two. */
function validateUtilization(target: MetricTarget, path: string): FieldError[] {
  const errors = validateTarget(target, `${path}.target`);
  const { averageUtilization, averageValue } = target;
  if (averageUtilization === undefined && averageValue === undefined) {
    const detail = "must set either a target raw value or a target utilization";
    errors.push(targetRequired(path, "averageUtilization", detail));
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    const detail = "may not set both a target raw value and a target utilization";
    errors.push(forbiddenField(`${path}.target.averageValue`, detail));
  }
  return errors;
}

type Source = "object" | "external" | "pods" | "resource" | "containerResource";

type Validator<S extends Source> = (
  source: NonNullable<MetricSpec[S]>,
  path: string,
  versionFinding: (apiVersion: string) => string | undefined,
) => FieldError[];

const validateObject: Validator<"object"> = (source, path, versionFinding) => {
  const { describedObject, metric, target } = source;
  const errors = [
    ...validateReference(describedObject, `${path}.describedObject`, versionFinding),
    ...validateIdentifier(metric, `${path}.metric`),
    ...validateTarget(target, `${path}.target`),
  ];
  if (target.value !== undefined || target.averageValue !== undefined) return errors;
  const detail = "must set either a target value or averageValue";
  return [...errors, targetRequired(path, "averageValue", detail)];
};

const validateExternal: Validator<"external"> = ({ metric, target }, path) => {
  const errors = [
    ...validateIdentifier(metric, `${path}.metric`),
    ...validateTarget(target, `${path}.target`),
  ];
  if (target.value === undefined && target.averageValue === undefined) {
    const detail = "must set either a target value for metric or a per-pod target";
    errors.push(targetRequired(path, "averageValue", detail));
  }
  if (target.value !== undefined && target.averageValue !== undefined) {
    const detail = "may not set both a target value for metric and a per-pod target";
    errors.push(forbiddenField(`${path}.target.value`, detail));
  }
  return errors;
};

const validatePods: Validator<"pods"> = ({ metric, target }, path) => [
  ...validateIdentifier(metric, `${path}.metric`),
  ...validateTarget(target, `${path}.target`),
  ...(target.averageValue === undefined
    ? [targetRequired(path, "averageValue", "must specify a positive target averageValue")]
    : []),
];

const NO_RESOURCE = "must specify a resource name";

const validateResource: Validator<"resource"> = ({ name, target }, path) => [
  ...(name ? [] : [required(`${path}.name`, NO_RESOURCE)]),
  ...validateUtilization(target, path),
];

const validateContainerResource: Validator<"containerResource"> = (source, path) => {
  const { name, container, target } = source;
  const errors: FieldError[] = [];
  if (name) checkContainerResourceName(name, `${path}.name`, errors);
  else errors.push(required(`${path}.name`, NO_RESOURCE));
  if (container) {
    errors.push(...invalidTexts(`${path}.container`, container, isDns1123Label(container)));
  } else errors.push(required(`${path}.container`, "must specify a container"));
  return [...errors, ...validateUtilization(target, path)];
};

/** In upstream's order: only the first that is there is judged. */
const validators: { [S in Source]: Validator<S> } = {
  object: validateObject,
  external: validateExternal,
  pods: validatePods,
  resource: validateResource,
  containerResource: validateContainerResource,
};
const SOURCES = Object.keys(validators) as Source[];

export function validateMetric(
  spec: MetricSpec,
  path: string,
  versionFinding: (apiVersion: string) => string | undefined,
): FieldError[] {
  const { type = "" } = spec;
  const errors: FieldError[] = [];
  const unsupported = notSupported(`${path}.type`, type, SOURCE_TYPES);
  const isKnown = SOURCE_TYPES.includes(type);
  if (type === "") errors.push(required(`${path}.type`, "must specify a metric source type"));
  if (!isKnown) errors.push(unsupported);
  const present = SOURCES.filter((source) => spec[source] !== undefined);
  const [first] = present;
  if (first !== undefined) {
    const validate = validators[first] as Validator<Source>;
    const source = spec[first] as NonNullable<MetricSpec[Source]>;
    errors.push(...validate(source as never, `${path}.${first}`, versionFinding));
  }
  const expected = `${type.charAt(0).toLowerCase()}${type.slice(1)}` as Source;
  if (!isKnown) errors.push(unsupported);
  else if (spec[expected] === undefined) {
    const detail = "must populate information for the given metric source";
    errors.push(required(`${path}.${expected}`, detail));
  }
  if (present.length === 1) return errors;
  const detail = "must populate the given metric source only";
  const others = present.filter((source) => !isKnown || source !== expected);
  return [...errors, ...others.map((source) => forbiddenField(`${path}.${source}`, detail))];
}
