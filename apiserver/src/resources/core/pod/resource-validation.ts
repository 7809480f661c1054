// Limits, requests and claims of a container or a Pod (upstream: validateResourceRequirements and what it calls).

import type {
  PodSpec,
  ResourceClaim,
  ResourceRequirements,
} from "@coracle/shared/api/types/core-v1";
import {
  duplicate,
  forbiddenField,
  invalidValue,
  notFoundField,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import { isQualifiedName } from "@coracle/shared/machinery/names";
import { ownValue } from "@coracle/shared/machinery/own-value";
import {
  canonical,
  milliValue,
  QuantityError,
  value as wholeValue,
} from "@coracle/shared/machinery/quantity";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { containerSums } from "./container-sums.ts";
import { addInvalid, checkLabel } from "./findings.ts";
import {
  allowsOvercommit,
  compareStored,
  HUGE_PAGES_PREFIX,
  isHugePage,
  isNativeResource,
  isPodLevelResource,
  signOfQuantity,
} from "./resource-lists.ts";

export type NameCheck = (name: string, field: string, errors: FieldError[]) => void;

const CONTAINER_RESOURCES = new Set(["cpu", "memory", "ephemeral-storage"]);
/** Countable objects of a quota; as a container's resource they have to be whole. */
const INTEGER_RESOURCES = new Set([
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services.nodeports",
  "services.loadbalancers",
]);
const STANDARD_RESOURCES = new Set([
  ...CONTAINER_RESOURCES,
  ...INTEGER_RESOURCES,
  "requests.cpu",
  "requests.memory",
  "requests.ephemeral-storage",
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
  "storage",
  "requests.storage",
]);

export const isStandardResource = (name: string): boolean =>
  STANDARD_RESOURCES.has(name) || isHugePage(name) || name.startsWith("requests.hugepages-");

/** Devices and the like: a domain of its own, short enough to stand in a quota. */
const isExtended = (name: string): boolean =>
  !isNativeResource(name) &&
  !name.startsWith("requests.") &&
  isQualifiedName(`requests.${name}`).length === 0;

export const isIntegerResource = (name: string): boolean =>
  INTEGER_RESOURCES.has(name) || isExtended(name);

/** Upstream's validateResourceName; false when there was a finding. */
export function checkResourceName(name: string, field: string, errors: FieldError[]): boolean {
  const texts = isQualifiedName(name);
  addInvalid(errors, field, name, texts);
  if (texts.length > 0) return false;
  if (name.includes("/") || isStandardResource(name)) return true;
  const detail = "must be a standard resource type or fully qualified";
  errors.push(invalidValue(field, name, detail));
  return false;
}

export const checkContainerResourceName: NameCheck = (name, field, errors) => {
  if (CONTAINER_RESOURCES.has(name)) return;
  checkResourceName(name, field, errors);
  if (!name.includes("/")) {
    if (!isHugePage(name)) {
      errors.push(invalidValue(field, name, "must be a standard resource for containers"));
    }
  } else if (!isNativeResource(name) && !isExtended(name)) {
    errors.push(invalidValue(field, name, "doesn't follow extended resource name standard"));
  }
};

const checkPodName: NameCheck = (name, field, errors) => {
  if (!checkResourceName(name, field, errors) || isPodLevelResource(name)) return;
  errors.push(notSupported(field, name, ["cpu", HUGE_PAGES_PREFIX, "memory"]));
};

function checkQuantity(name: string, quantity: string, field: string, errors: FieldError[]): void {
  if (signOfQuantity(quantity) < 0) {
    const detail = "must be greater than or equal to 0";
    errors.push(invalidValue(field, canonical(quantity), detail));
  }
  if (CONTAINER_RESOURCES.has(name)) return;
  if (isIntegerResource(name) && milliValue(quantity) % 1000 !== 0) {
    errors.push(invalidValue(field, canonical(quantity), "must be an integer"));
  }
  if (isHugePage(name) && !isWholeNumberOfPages(name, quantity)) {
    const detail = `${canonical(quantity)} is not positive integer multiple of ${name}`;
    errors.push(invalidValue(field, canonical(quantity), detail));
  }
}

function isWholeNumberOfPages(name: string, quantity: string): boolean {
  try {
    const page = name.slice(HUGE_PAGES_PREFIX.length);
    if (signOfQuantity(page) <= 0 || milliValue(page) % 1000 !== 0) return false;
    return wholeValue(quantity) % wholeValue(page) === 0;
  } catch (error) {
    if (error instanceof QuantityError) return false;
    throw error;
  }
}

const needsPages = (list: Record<string, string> | undefined): boolean => {
  for (const name in list) if (isHugePage(name)) return true;
  return false;
};
const hasCompute = (list: Record<string, string> | undefined): boolean =>
  list?.cpu !== undefined || list?.memory !== undefined;

function validateRequirements(
  resources: ResourceRequirements,
  checkResourceName: NameCheck,
  claimNames: ReadonlySet<string>,
  path: string,
  errors: FieldError[],
): void {
  const { limits, requests } = resources;
  for (const name in limits) {
    const field = `${path}.limits[${name}]`;
    checkResourceName(name, field, errors);
    checkQuantity(name, limits[name] as string, field, errors);
  }
  for (const name in requests) {
    const field = `${path}.requests[${name}]`;
    checkResourceName(name, field, errors);
    checkQuantity(name, requests[name] as string, field, errors);
    checkAgainstLimit(name, requests[name] as string, ownValue(limits, name), path, errors);
  }
  if (needsPages(limits) || needsPages(requests)) {
    if (!hasCompute(limits) && !hasCompute(requests)) {
      errors.push(forbiddenField(path, "HugePages require cpu or memory"));
    }
  }
  if (resources.claims) {
    validateClaimNames(resources.claims, claimNames, `${path}.claims`, errors);
  }
}

function checkAgainstLimit(
  name: string,
  request: string,
  limit: string | undefined,
  path: string,
  errors: FieldError[],
): void {
  if (limit === undefined) {
    if (allowsOvercommit(name)) return;
    errors.push(required(`${path}.limits`, "Limit must be set for non overcommitable resources"));
    return;
  }
  if (limit === request) return;
  const order = compareStored(request, limit);
  if (order === 0 || (order < 0 && allowsOvercommit(name))) return;
  const relation = allowsOvercommit(name) ? "less than or equal to" : "equal to";
  const detail = `must be ${relation} ${name} limit of ${canonical(limit)}`;
  errors.push(invalidValue(`${path}.requests`, canonical(request), detail));
}

export function validateContainerResources(
  resources: ResourceRequirements | undefined,
  claimNames: ReadonlySet<string>,
  path: string,
  errors: FieldError[],
): void {
  if (resources)
    validateRequirements(resources, checkContainerResourceName, claimNames, path, errors);
}

/** Each claim once, or each of its requests once; all of them claims of the Pod. */
function validateClaimNames(
  claims: readonly ResourceClaim[],
  podClaims: ReadonlySet<string>,
  path: string,
  errors: FieldError[],
): void {
  const seen = new Set<string>();
  claims.forEach(({ name, request }, i) => {
    const field = `${path}[${i}]`;
    if (!name) {
      errors.push(required(field));
      return;
    }
    if (seen.has(name)) errors.push(duplicate(field, name));
    else {
      if (request) checkLabel(errors, `${field}.request`, request);
      const key = request ? `${name}/${request}` : name;
      if (seen.has(key)) errors.push(duplicate(field, key));
      else if (!request) {
        for (const other of seen) {
          if (other.startsWith(`${name}/`)) errors.push(duplicate(field, name));
        }
      }
      seen.add(key);
    }
    if (podClaims.has(name)) return;
    const names = [...podClaims].sort();
    const among = names.length === 0 ? " which is empty" : `: ${names.join(", ")}`;
    const finding = notFoundField(field, name);
    finding.message += `: must be one of the names in pod.spec.resourceClaims${among}`;
    errors.push(finding);
  });
}

/** spec.resources: what the Pod as a whole gets. */
export function validatePodResources(
  spec: PodSpec,
  claimNames: ReadonlySet<string>,
  path: string,
  errors: FieldError[],
): void {
  const { resources } = spec;
  if (!resources) return;
  if (spec.os?.name === "windows") {
    errors.push(forbiddenField(path, "may not be set for a windows pod"));
    return;
  }
  if (resources.claims) {
    const detail = "claims may not be set for Resources at pod-level";
    errors.push(forbiddenField(`${path}.claims`, detail));
  }
  validateRequirements(resources, checkPodName, claimNames, path, errors);
  validateAgainstContainers(spec, resources, path, errors);
}

function validateAgainstContainers(
  spec: PodSpec,
  { limits, requests }: ResourceRequirements,
  path: string,
  errors: FieldError[],
): void {
  const exceeds = (quantity: string, bound: string | undefined): bound is string =>
    bound !== undefined && compareStored(quantity, bound) > 0;
  const requestSums = containerSums(spec, "requests");
  for (const name in requestSums) {
    const sum = requestSums[name] as string;
    const own = ownValue(requests, name);
    if (!exceeds(sum, own)) continue;
    const detail = `must be greater than or equal to aggregate container requests of ${canonical(sum)}`;
    errors.push(invalidValue(`${path}.requests[${name}]`, canonical(own), detail));
  }
  const limitSums = containerSums(spec, "limits");
  for (const name in limitSums) {
    const sum = limitSums[name] as string;
    const own = ownValue(limits, name);
    if (!isHugePage(name) || !exceeds(sum, own)) continue;
    const detail = `must be greater than or equal to aggregate container limits of ${canonical(sum)}`;
    errors.push(invalidValue(`${path}.limits[${name}]`, canonical(own), detail));
  }
  spec.containers?.forEach((container, i) => {
    const own = container.resources?.limits;
    for (const name in own) {
      const quantity = own[name] as string;
      const bound = ownValue(limits, name);
      if (!exceeds(quantity, bound)) continue;
      const field = `${path}.containers[${i}][${name}].limits`;
      const detail = `must be less than or equal to pod limits of ${canonical(bound)}`;
      errors.push(invalidValue(field, canonical(quantity), detail));
    }
  });
}
