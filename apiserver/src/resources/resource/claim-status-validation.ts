// What was allocated to a claim, and who uses it (upstream: pkg/apis/resource/validation).
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaim,
  ResourceClaimConsumerReference,
  ResourceClaimStatus,
} from "@coracle/shared/api/types/resource-v1";
import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooLong,
  tooMany,
} from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { interfaceAddressFindings } from "../cidr.ts";
import { validateConditions } from "../condition-validation.ts";
import { validateNodeSelector } from "../core/pod/affinity-validation.ts";
import { internalForm } from "../core/pod/internal-form.ts";
import { deepEqual } from "../deep-equal.ts";
import { invalidTexts } from "../field-rules.ts";
import {
  CONFIGURATIONS_MAX,
  type RequestNames,
  requestNamesOf,
  validateRequestReference,
  validateRequestReferences,
} from "./claim-spec-validation.ts";
import { validateBindingConditions } from "./device-binding.ts";
import { validateConfiguration, validateObjectValue } from "./device-configuration.ts";
import { validateList, validateSet } from "./device-lists.ts";
import {
  validateDriverName,
  validatePoolName,
  validateShortName,
  validateUid,
} from "./device-names.ts";

const USERS_MAX = 256;
const RESULTS_MAX = 32;
const CONDITIONS_MAX = 8;
const ADDRESSES_MAX = 16;
const INTERFACE_BYTES_MAX = 256;
const HARDWARE_BYTES_MAX = 128;
const SOURCES = ["FromClaim", "FromClass"];

/** As upstream prints the identity of a device, shared or not. */
export const sharedDeviceId = (device: {
  driver?: string;
  pool?: string;
  device?: string;
  shareID?: string;
}) => ({
  Driver: device.driver ?? "",
  Pool: device.pool ?? "",
  Device: device.device ?? "",
  ShareID: device.shareID ?? "",
});

export const deviceKey = (device: Parameters<typeof sharedDeviceId>[0]): string =>
  JSON.stringify(sharedDeviceId(device));

export function validateClaimStatus(claim: ResourceClaim, old: ResourceClaim): FieldError[] {
  const status: ResourceClaimStatus = claim.status ?? {};
  const { reservedFor = [], allocation, devices } = status;
  const oldStatus: ResourceClaimStatus = old.status ?? {};
  const allocated = new Set(allocation?.devices?.results?.map(deviceKey));
  const errors = [
    ...validateSet(
      reservedFor,
      USERS_MAX,
      "status.reservedFor",
      validateUser,
      ({ uid = "" }) => uid,
    ),
    ...validateSet(
      devices,
      -1,
      "status.devices",
      (device, at) => validateDeviceStatus(device, at, allocated),
      sharedDeviceId,
    ),
  ];
  if (reservedFor.length > 0 && allocation === undefined) {
    const detail = "may not be specified when `allocated` is not set";
    errors.push(forbiddenField("status.reservedFor", detail));
  } else if (claim.metadata.deletionTimestamp !== undefined && reservedFor.length > 0) {
    const before = oldStatus.reservedFor ?? [];
    if (reservedFor.some((user) => !before.some((known) => deepEqual(user, known)))) {
      const detail =
        "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set";
      errors.push(forbiddenField("status.reservedFor", detail));
    }
  }
  if (allocation === undefined) return errors;
  if (oldStatus.allocation === undefined) {
    return [...errors, ...validateAllocation(allocation, requestNamesOf(claim.spec))];
  }
  if (deepEqual(allocation, oldStatus.allocation)) return errors;
  const shown = internalForm("resource.AllocationResult", allocation);
  return [...errors, invalidValue("status.allocation", shown, "field is immutable")];
}

function validateUser(user: ResourceClaimConsumerReference, path: string): FieldError[] {
  return (["resource", "name", "uid"] as const)
    .filter((field) => !user[field])
    .map((field) => required(`${path}.${field}`));
}

/** Only of a new one: the rules were others when older ones were made. */
function validateAllocation(allocation: AllocationResult, names: RequestNames): FieldError[] {
  const path = "status.allocation";
  const { results, config } = allocation.devices ?? {};
  const errors = [
    ...validateList(results, RESULTS_MAX, `${path}.devices.results`, (result, at) =>
      validateResult(result, at, names),
    ),
    // Of the class and of the claim.
    ...validateList(config, 2 * CONFIGURATIONS_MAX, `${path}.devices.config`, (row, at) =>
      validateAllocatedConfiguration(row, at, names),
    ),
  ];
  if (allocation.nodeSelector !== undefined) {
    validateNodeSelector(allocation.nodeSelector, `${path}.nodeSelector`, errors);
  }
  return errors;
}

function validateResult(
  result: DeviceRequestAllocationResult,
  path: string,
  names: RequestNames,
): FieldError[] {
  return [
    ...validateRequestReference(result.request ?? "", `${path}.request`, names),
    ...validateDriverName(result.driver, `${path}.driver`),
    ...validatePoolName(result.pool, `${path}.pool`),
    ...validateShortName(result.device, `${path}.device`),
    ...validateBindingConditions(result, path),
    ...(result.shareID === undefined ? [] : validateUid(result.shareID, `${path}.shareID`)),
  ];
}

function validateAllocatedConfiguration(
  configuration: DeviceAllocationConfiguration,
  path: string,
  names: RequestNames,
): FieldError[] {
  const { source } = configuration;
  const errors: FieldError[] = [];
  if (!source) errors.push(required(`${path}.source`));
  else if (!SOURCES.includes(source)) {
    errors.push(notSupported(`${path}.source`, source, SOURCES));
  }
  return [
    ...errors,
    ...validateRequestReferences(configuration.requests, `${path}.requests`, names),
    ...validateConfiguration(configuration, path),
  ];
}

function validateDeviceStatus(
  device: AllocatedDeviceStatus,
  path: string,
  allocated: ReadonlySet<string>,
): FieldError[] {
  const errors = [
    ...validateDriverName(device.driver, `${path}.driver`),
    ...validatePoolName(device.pool, `${path}.pool`),
    ...validateShortName(device.device, `${path}.device`),
    ...(device.shareID === undefined ? [] : validateUid(device.shareID, `${path}.shareID`)),
  ];
  if (!allocated.has(deviceKey(device))) {
    const detail = "must be an allocated device in the claim";
    errors.push(invalidValue(path, sharedDeviceId(device), detail));
  }
  const { data } = device;
  const conditions = device.conditions ?? [];
  if (conditions.length > CONDITIONS_MAX) {
    errors.push(tooMany(`${path}.conditions`, conditions.length, CONDITIONS_MAX));
  }
  errors.push(...validateConditions(conditions, `${path}.conditions`));
  if (data !== undefined) errors.push(...validateObjectValue(data, `${path}.data`));
  return [...errors, ...validateNetworkData(device.networkData, `${path}.networkData`)];
}

function validateNetworkData(data: NetworkDeviceData | undefined, path: string): FieldError[] {
  if (data === undefined) return [];
  const errors: FieldError[] = [];
  const limited = (field: "interfaceName" | "hardwareAddress", max: number) => {
    if (Buffer.byteLength(data[field] ?? "") > max) errors.push(tooLong(`${path}.${field}`, max));
  };
  limited("interfaceName", INTERFACE_BYTES_MAX);
  limited("hardwareAddress", HARDWARE_BYTES_MAX);
  return [
    ...errors,
    ...validateSet(
      data.ips,
      ADDRESSES_MAX,
      `${path}.ips`,
      (address, at) => invalidTexts(at, address, interfaceAddressFindings(address)),
      (address) => address,
    ),
  ];
}
