// What create, update, patch and apply share: decoding with the client's field validation, defaults, and the ownership of
// the fields that the write changes.

import type { Clock } from "@coracle/shared/runtime/clock";
import { formatTime } from "@coracle/shared/runtime/clock";
import { managerFromUserAgent } from "../apply/field-manager-name.ts";
import { updateManagedFields } from "../apply/managed-fields.ts";
import { ownershipLimits } from "../apply/reset-fields.ts";
import { decodeObject, decodeValue, type PatchOrigin } from "../encoding/decode.ts";
import type { Registry } from "../registry/registry.ts";
import type { AnyObject, ServedResource } from "../registry/served-resource.ts";
import type { ApiRequest } from "./api-request.ts";
import type { WriteOptions } from "./options.ts";

export interface WriteDependencies {
  registry: Registry;
  clock: Clock;
}

/** The body as an object of the resource's kind, defaulted. */
export function decodeBody(
  request: ApiRequest,
  resource: ServedResource,
  options: WriteOptions,
): AnyObject {
  const { object, warnings } = decodeObject(
    request.body,
    request.headers["content-type"],
    resource,
    options.fieldValidation,
  );
  request.warnings.push(...warnings);
  resource.behaviour.setDefaults(object as AnyObject);
  return object as AnyObject;
}

/** The result of a patch as an object of the resource's kind, defaulted. */
export function decodePatched(
  value: unknown,
  resource: ServedResource,
  options: WriteOptions,
  origin?: PatchOrigin,
  known?: AnyObject,
): { object: AnyObject; warnings: string[] } {
  const { typeName } = resource;
  const { object, warnings } = decodeValue(
    value,
    typeName,
    options.fieldValidation,
    origin && { ...origin, of: resource },
    known,
  );
  // The metadata of every write is changed: owners, generation.
  if (object.metadata === known?.metadata) object.metadata = { ...object.metadata };
  if (origin !== undefined && hasNoOwners(value)) object.metadata.managedFields = [];
  resource.behaviour.setDefaults(object as AnyObject);
  return { object: object as AnyObject, warnings };
}

/** An empty list, which decoding leaves out, ends all ownership. */
function hasNoOwners(value: unknown): boolean {
  const { metadata } = (value ?? {}) as { metadata?: { managedFields?: unknown } };
  return Array.isArray(metadata?.managedFields) && metadata.managedFields.length === 0;
}

export function managerOf(request: ApiRequest, options: WriteOptions): string {
  return options.fieldManager === ""
    ? managerFromUserAgent(request.headers["user-agent"] ?? "")
    : options.fieldManager;
}

/** Records who owns what in `object.metadata.managedFields`. */
export function recordOwner(
  request: ApiRequest,
  resource: ServedResource,
  options: WriteOptions,
  clock: Clock,
  live: AnyObject | undefined,
  object: AnyObject,
): void {
  const { subresource } = request.info;
  updateManagedFields(live, object, {
    typeName: resource.typeName,
    apiVersion: resource.apiVersion,
    manager: managerOf(request, options),
    time: formatTime(clock.now()),
    subresource: subresource === "" ? undefined : subresource,
    otherVersions: resource.otherVersions,
    ...ownershipLimits(resource.group, resource.resource, subresource),
  });
}
