// Upstream: ValidateLimitRange.
import type { LimitRange, LimitRangeItem } from "@coracle/shared/api/types/core-v1";
import {
  duplicate,
  forbiddenField,
  invalidValue,
  required,
} from "@coracle/shared/machinery/field-error";
import { isQualifiedName } from "@coracle/shared/machinery/names";
import { compareQuantities, milliValue, value } from "@coracle/shared/machinery/quantity";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { invalidTexts } from "../field-rules.ts";
import { allowsOvercommit, type ResourceList } from "./pod/resource-lists.ts";
import { checkContainerResourceName, checkResourceName } from "./pod/resource-validation.ts";

const TYPES = new Set(["Pod", "Container", "PersistentVolumeClaim"]);
/** Above it upstream compares whole units, as thousandths would not fit. */
export const MILLI_COMPARABLE_MAX = Number((2n ** 63n - 1n) / 1000n);

export function validateLimitRange({ spec }: LimitRange): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, item] of (spec?.limits ?? []).entries()) {
    const path = `spec.limits[${i}]`;
    const { type = "" } = item;
    errors.push(...validateType(type, `${path}.type`));
    if (seen.has(type)) errors.push(duplicate(`${path}.type`, type));
    seen.add(type);
    validateItem(item, path, errors);
  }
  return errors;
}

function validateType(type: string, field: string): FieldError[] {
  const texts = isQualifiedName(type);
  if (texts.length > 0) return invalidTexts(field, type, texts);
  if (type.includes("/") || TYPES.has(type)) return [];
  return [invalidValue(field, type, "must be a standard limit type or fully qualified")];
}

function validateItem(item: LimitRangeItem, path: string, errors: FieldError[]): void {
  const forPod = item.type === "Pod";
  const check =
    forPod || item.type === "Container" ? checkContainerResourceName : checkResourceName;
  const names = new Set<string>();
  const visit = (member: Exclude<keyof LimitRangeItem, "type">) => {
    for (const name in item[member]) {
      check(name, `${path}.${member}[${name}]`, errors);
      names.add(name);
    }
  };
  visit("max");
  visit("min");
  if (forPod) {
    for (const member of ["default", "defaultRequest"] as const) {
      if (Object.keys(item[member] ?? {}).length === 0) continue;
      const detail = "may not be specified when `type` is 'Pod'";
      errors.push(forbiddenField(`${path}.${member}`, detail));
    }
  } else {
    visit("default");
    visit("defaultRequest");
  }
  if (item.type === "PersistentVolumeClaim") {
    if (item.min?.storage === undefined && item.max?.storage === undefined) {
      const detail =
        "either minimum or maximum storage value is required, but neither was provided";
      errors.push(required(`${path}.limits`, detail));
    }
  }
  visit("maxLimitRequestRatio");
  const bounds = forPod ? { ...item, default: undefined, defaultRequest: undefined } : item;
  for (const name of names) validateResource(bounds, name, path, errors);
}

const of = (list: ResourceList | undefined, name: string): string | undefined =>
  list !== undefined && Object.hasOwn(list, name) ? list[name] : undefined;

/** The amounts of one resource against each other. */
function validateResource(
  item: LimitRangeItem,
  name: string,
  path: string,
  errors: FieldError[],
): void {
  const min = of(item.min, name);
  const max = of(item.max, name);
  const limit = of(item.default, name);
  const request = of(item.defaultRequest, name);
  const at = (member: string) => `${path}.${member}[${name}]`;
  const exceeds = (a: string | undefined, b: string | undefined): boolean =>
    a !== undefined && b !== undefined && compareQuantities(a, b) > 0;
  const add = (member: string, shown: string | undefined, detail: string) =>
    errors.push(invalidValue(at(member), shown, detail));

  if (exceeds(min, max)) add("min", min, `min value ${min} is greater than max value ${max}`);
  if (exceeds(min, request)) {
    const detail = `min value ${min} is greater than default request value ${request}`;
    add("defaultRequest", request, detail);
  }
  if (exceeds(request, max)) {
    const detail = `default request value ${request} is greater than max value ${max}`;
    add("defaultRequest", request, detail);
  }
  if (exceeds(request, limit)) {
    const detail = `default request value ${request} is greater than default limit value ${limit}`;
    add("defaultRequest", request, detail);
  }
  if (exceeds(min, limit)) {
    add("default", min, `min value ${min} is greater than default value ${limit}`);
  }
  if (exceeds(limit, max)) {
    add("default", max, `default value ${limit} is greater than max value ${max}`);
  }
  const ratio = of(item.maxLimitRequestRatio, name);
  if (ratio !== undefined) validateRatio(ratio, min, max, at("maxLimitRequestRatio"), errors);
  if (allowsOvercommit(name) || limit === undefined || request === undefined) return;
  if (compareQuantities(limit, request) === 0) return;
  const detail = `default value ${limit} must equal to defaultRequest value ${request} in ${name}`;
  add("defaultRequest", request, detail);
}

function validateRatio(
  ratio: string,
  min: string | undefined,
  max: string | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (compareQuantities(ratio, "1") < 0) {
    errors.push(invalidValue(field, ratio, `ratio ${ratio} is less than 1`));
  }
  if (min === undefined || max === undefined) return;
  const fine = [ratio, min, max].every((amount) => value(amount) < MILLI_COMPARABLE_MAX);
  const given = fine ? milliValue(ratio) / 1000 : value(ratio);
  const possible = fine ? milliValue(max) / milliValue(min) : value(max) / value(min);
  if (given <= possible || Number.isNaN(possible)) return;
  const detail = `ratio ${ratio} is greater than max/min = ${possible.toFixed(6)}`;
  errors.push(invalidValue(field, ratio, detail));
}
