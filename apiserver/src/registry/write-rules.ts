// What every kind's writes have in common, beside the registry's own path: system metadata, preconditions, whether anything changed.
import { isDeepStrictEqual } from "node:util";
import { invalidValue, required } from "@coracle/shared/machinery/field-error";
import { goQuoted } from "@coracle/shared/machinery/go-quoted";
import {
  badRequest,
  conflict,
  type FieldError,
  type GroupResource,
  invalid,
  STALE,
  StatusError,
  statusError,
} from "@coracle/shared/machinery/status-error";
import type { Random } from "@coracle/shared/runtime/random";
import { validateObjectMeta } from "../resources/metadata-validation.ts";
import type { Stored, Target } from "./registry.ts";
import { type AnyObject, keyFor, type ServedResource } from "./served-resource.ts";
import type { RequestContext } from "./strategy.ts";

/** The resource as errors name it. */
export const named = ({ asked, resource }: Target): GroupResource => asked ?? resource;

/** All findings on an object to be created. */
export function findingsOnCreate(
  { behaviour, namespaced }: ServedResource,
  object: AnyObject,
  context: RequestContext,
): FieldError[] {
  const judged =
    behaviour.ignoresGenerateName === true
      ? { ...object.metadata, generateName: undefined }
      : object.metadata;
  const onMetadata = () => validateObjectMeta(judged, namespaced, behaviour.validateName);
  if (behaviour.metadataLast !== true) {
    return [...onMetadata(), ...behaviour.strategy.validate(object, context)];
  }
  const errors = behaviour.strategy.validate(object, context);
  return errors.length > 0 ? errors : onMetadata();
}

export function checkNamespace(
  resource: ServedResource,
  object: AnyObject,
  namespace: string,
): void {
  const given = object.metadata.namespace ?? "";
  if (given === "" || given === namespace) return;
  if (!resource.namespaced) return;
  throw badRequest(
    "the namespace of the provided object does not match the namespace sent on the request",
  );
}

/** Upstream says so wherever the object has a generateName (rest.CheckGeneratedNameError). */
export function notGenerated(error: StatusError): StatusError {
  const { message = "", details } = error.status;
  const why = ", the server was not able to generate a unique name for the object";
  return new StatusError({
    ...error.status,
    message: `${message}${why}`,
    details: { ...details, retryAfterSeconds: 1 },
  });
}

/** Upstream's storage looks at it last; what is no number it drops. */
export function checkNoVersion({ metadata }: AnyObject): void {
  if (!/^0*[1-9]\d*$/.test(metadata.resourceVersion ?? "")) return;
  throw statusError("", "resourceVersion should not be set on objects to be created");
}

/** Upstream: rest.FillObjectMetaSystemFields. */
export function fillSystemMetadata(
  resource: ServedResource,
  object: AnyObject,
  namespace: string,
  time: string,
  random: Random,
): void {
  const { metadata } = object;
  if (resource.namespaced) metadata.namespace = namespace;
  else delete metadata.namespace;
  metadata.uid = random.uuid();
  metadata.creationTimestamp = time;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
}

/** Throws Conflict when the new object is bound to another resource version than the current one. */
export function checkVersion(target: Target, object: AnyObject, current: Stored): void {
  const { resource, name } = target;
  const version = object.metadata.resourceVersion ?? "";
  if (version === "" || version === "0") {
    if (resource.behaviour.strategy.allowUnconditionalUpdate !== false) return;
    // Upstream puts the resource where the kind should stand.
    const { group, resource: kind } = named(target);
    throw invalid({ group, kind }, name, [
      {
        ...invalidValue("metadata.resourceVersion", "", "must be specified for an update"),
        message: "Invalid value: 0: must be specified for an update",
      },
    ]);
  }
  if (!/^\d+$/.test(version)) {
    // Upstream gives the bare parse error, as a 500 without a reason.
    throw statusError("", `strconv.ParseUint: parsing ${goQuoted(version)}: invalid syntax`);
  }
  if (Number(version) !== current.revision) throw conflict(named(target), name, STALE);
}

export function checkUid(target: Target, { metadata }: AnyObject, old: AnyObject): void {
  const { resource, name } = target;
  if (metadata.uid && metadata.uid !== old.metadata.uid) {
    const key = keyFor(resource, old.metadata.namespace ?? "", name);
    const failed = `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${old.metadata.uid}`;
    const why = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${failed}`;
    throw conflict(named(target), name, why);
  }
}

export function checkName({ resource, name }: Target, { metadata }: AnyObject): void {
  if (!metadata.name)
    throw invalid(resource, name, [required("metadata.name", "name is required")]);
}

/** What an update leaves as it is, whatever the client sent (upstream: rest.BeforeUpdate). */
export function keepSystemMetadata(object: AnyObject, old: AnyObject): void {
  const { metadata } = object;
  const before = old.metadata;
  delete metadata.selfLink;
  if (!metadata.uid) metadata.uid = before.uid;
  if (before.creationTimestamp) metadata.creationTimestamp = before.creationTimestamp;
  if (before.generation !== undefined) metadata.generation = before.generation;
  else delete metadata.generation;
}

/** A deletion cannot be taken back: what the client or the strategy left out of it is put back. */
export function keepDeletion({ metadata }: AnyObject, { metadata: before }: AnyObject): void {
  if (before.deletionTimestamp !== undefined) {
    metadata.deletionTimestamp = before.deletionTimestamp;
  }
  const grace = before.deletionGracePeriodSeconds;
  if (metadata.deletionGracePeriodSeconds === undefined && grace !== undefined) {
    metadata.deletionGracePeriodSeconds = grace;
  }
}

/** The bytes say the same, or the same in another order. */
export function isUnchanged(
  object: AnyObject,
  { object: old, bytes, revision }: Stored,
  atRest: Buffer,
  headLength: number,
): boolean {
  const version = `"resourceVersion":"${revision}",`.length;
  if (bytes.length !== atRest.length + version) return false;
  if (bytes.compare(atRest, headLength, atRest.length, headLength + version) === 0) return true;
  return isDeepStrictEqual(object, old);
}

/** Nothing holds a deleted object any longer: no finalizer, no grace period. */
export function isFinished(object: AnyObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (deletionTimestamp === undefined) return false;
  if ((finalizers?.length ?? 0) > 0) return false;
  if ((deletionGracePeriodSeconds ?? 0) > 0) return false;
  const spec = object.spec as { finalizers?: unknown[] } | undefined;
  return object.kind !== "Namespace" || (spec?.finalizers?.length ?? 0) === 0;
}
