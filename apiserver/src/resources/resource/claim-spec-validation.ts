// What devices a claim asks for (upstream: pkg/apis/resource/validation).
import type {
  DeviceClaim,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceClaimSpec,
} from "@coracle/shared/api/types/resource-v1";
import { invalidValue, notSupported, required } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { invalidTexts } from "../field-rules.ts";
import { validateConfiguration, validateSelectors } from "./device-configuration.ts";
import { validateList, validateSet } from "./device-lists.ts";
import { validateFullyQualifiedName, validateShortName } from "./device-names.ts";
import { validateToleration } from "./device-taints.ts";

export const REQUESTS_MAX = 32;
export const CONFIGURATIONS_MAX = 32;
const CONSTRAINTS_MAX = 32;
const ALTERNATIVES_MAX = 8;
const MODES = ["All", "ExactCount"];

type AnyRequest = ExactDeviceRequest | DeviceSubRequest;

function setRequestDefaults(request: AnyRequest): void {
  request.allocationMode ||= "ExactCount";
  if (request.allocationMode === "ExactCount" && !request.count) request.count = 1;
  for (const toleration of request.tolerations ?? []) toleration.operator ||= "Equal";
}

/** Mutates. */
export function setClaimDefaults(spec: ResourceClaimSpec | undefined): void {
  for (const { exactly, firstAvailable } of spec?.devices?.requests ?? []) {
    if (exactly !== undefined) setRequestDefaults(exactly);
    firstAvailable?.forEach(setRequestDefaults);
  }
}

/** By name: the names of the alternatives of a request; none for one without. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>;

export function requestNamesOf({ devices }: ResourceClaimSpec): RequestNames {
  return new Map(
    devices?.requests?.map(({ name, firstAvailable = [] }) => [
      name,
      new Set(firstAvailable.map((alternative) => alternative.name)),
    ]),
  );
}

export function validateClaimSpec({ devices }: ResourceClaimSpec, path: string): FieldError[] {
  const { requests, constraints, config }: DeviceClaim = devices ?? {};
  const at = `${path}.devices`;
  const names = requestNamesOf({ devices });
  return [
    ...validateSet(requests ?? [], REQUESTS_MAX, `${at}.requests`, validateRequest, nameOf),
    ...validateList(constraints, CONSTRAINTS_MAX, `${at}.constraints`, (constraint, field) =>
      validateConstraint(constraint, field, names),
    ),
    ...validateList(config, CONFIGURATIONS_MAX, `${at}.config`, (configuration, field) => [
      ...validateRequestReferences(configuration.requests, `${field}.requests`, names),
      ...validateConfiguration(configuration, field),
    ]),
  ];
}

const nameOf = ({ name = "" }: { name?: string }): string => name;

function validateRequest(request: DeviceRequest, path: string): FieldError[] {
  const { name, exactly, firstAvailable = [] } = request;
  const errors = validateShortName(name, `${path}.name`);
  const either = "exactly one of `exactly` or `firstAvailable` is required";
  if (exactly === undefined && firstAvailable.length === 0) {
    return [...errors, required(path, either)];
  }
  if (exactly !== undefined && firstAvailable.length > 0) {
    return [...errors, invalidValue(path, null, `${either}, but multiple fields are set`)];
  }
  if (exactly !== undefined) return [...errors, ...validateDevices(exactly, `${path}.exactly`)];
  return [
    ...errors,
    ...validateSet(
      firstAvailable,
      ALTERNATIVES_MAX,
      `${path}.firstAvailable`,
      (alternative, at) => [
        ...validateShortName(alternative.name, `${at}.name`),
        ...validateDevices(alternative, at),
      ],
      nameOf,
    ),
  ];
}

function validateDevices(request: AnyRequest, path: string): FieldError[] {
  const { deviceClassName = "", selectors, allocationMode = "", count = 0 } = request;
  const className = `${path}.deviceClassName`;
  return [
    ...(deviceClassName === ""
      ? [required(className)]
      : invalidTexts(className, deviceClassName, isDns1123Subdomain(deviceClassName))),
    ...validateSelectors(selectors, `${path}.selectors`),
    ...validateMode(allocationMode, count, path),
    ...validateList(request.tolerations, -1, `${path}.tolerations`, validateToleration),
  ];
}

function validateMode(mode: string, count: number, path: string): FieldError[] {
  if (!MODES.includes(mode)) return [notSupported(`${path}.allocationMode`, mode, MODES)];
  const refuse = (detail: string) => [invalidValue(`${path}.count`, count, detail)];
  if (mode === "All" && count !== 0) {
    return refuse("must not be specified when allocationMode is 'All'");
  }
  return mode === "ExactCount" && count <= 0 ? refuse("must be greater than zero") : [];
}

function validateConstraint(
  { requests, matchAttribute, distinctAttribute }: DeviceConstraint,
  path: string,
  names: RequestNames,
): FieldError[] {
  const errors = validateRequestReferences(requests, `${path}.requests`, names);
  if (matchAttribute !== undefined) {
    errors.push(...validateFullyQualifiedName(matchAttribute, `${path}.matchAttribute`));
  } else if (distinctAttribute !== undefined) {
    errors.push(...validateFullyQualifiedName(distinctAttribute, `${path}.distinctAttribute`));
  } else {
    const detail =
      'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set';
    errors.push(required(path, detail));
  }
  return errors;
}

export const validateRequestReferences = (
  requests: readonly string[] | undefined,
  path: string,
  names: RequestNames,
): FieldError[] =>
  validateSet(
    requests,
    REQUESTS_MAX,
    path,
    (name, at) => validateRequestReference(name, at, names),
    (name) => name,
  );

/** `request` or `request/alternative`. */
export function validateRequestReference(
  name: string,
  path: string,
  names: RequestNames,
): FieldError[] {
  const unknown = invalidValue(
    path,
    name,
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
  );
  const [request = "", alternative, ...more] = name.split("/");
  if (more.length > 0) return [unknown];
  const errors = validateShortName(request, path);
  if (alternative !== undefined) errors.push(...validateShortName(alternative, path));
  const alternatives = names.get(request);
  const isKnown =
    alternatives !== undefined && (alternative === undefined || alternatives.has(alternative));
  return isKnown ? errors : [...errors, unknown];
}
