// DELETE of one object or of a collection: preconditions, grace period, finalizers by propagation policy.

import type { DeleteOptions } from "@coracle/shared/api/types/meta-v1";
import { invalidValue, notSupported } from "@coracle/shared/machinery/field-error";
import { conflict, type FieldError, isNotFound } from "@coracle/shared/machinery/status-error";
import { type Clock, formatTime } from "@coracle/shared/runtime/clock";
import { decodeDeleteOptions } from "../encoding/decode.ts";
import type { Deletion, Registry, Stored, Target } from "../registry/registry.ts";
import type { AnyObject, ServedResource } from "../registry/served-resource.ts";
import { isFinished } from "../registry/write-rules.ts";
import type { ApiRequest, Handled, Reply } from "./api-request.ts";
import { listObjects, pageOf } from "./list.ts";
import { dryRunErrors, integerOf, listOptions, optionsInvalid } from "./options.ts";
import { accepted, render, respondWritten } from "./respond.ts";
import { targetOf } from "./target.ts";
import type { WriteDependencies } from "./write-context.ts";

const FOREGROUND = "foregroundDeletion";
const ORPHAN = "orphan";
/** Kinds of which upstream answers a deletion with the object itself. */
const ANSWERED_WITH_OBJECT = new Set([
  "CSIDriver",
  "CSINode",
  "DeviceClass",
  "Namespace",
  "PersistentVolume",
  "PersistentVolumeClaim",
  "Pod",
  "PodTemplate",
  "ResourceClaim",
  "ResourceClaimTemplate",
  "ResourceQuota",
  "ResourceSlice",
  "Service",
  "ServiceAccount",
  "StorageClass",
  "VolumeAttachment",
  "VolumeAttributesClass",
]);
const policies = ["Foreground", "Background", "Orphan"];

/** Options come in the body or, when that is empty, in the query. */
function deleteOptions(request: ApiRequest): DeleteOptions {
  const options = decodeDeleteOptions(request.body, request.headers["content-type"]);
  if (request.body.length === 0) {
    const { query } = request;
    const grace = integerOf(query, "gracePeriodSeconds");
    if (grace !== undefined) options.gracePeriodSeconds = grace;
    const policy = query.get("propagationPolicy");
    if (policy !== null) options.propagationPolicy = policy;
    const orphan = query.get("orphanDependents");
    if (orphan !== null) options.orphanDependents = orphan !== "false" && orphan !== "0";
    const dryRun = query.getAll("dryRun");
    if (dryRun.length > 0) options.dryRun = dryRun;
    const uid = query.get("uid");
    const resourceVersion = query.get("resourceVersion");
    if (uid || resourceVersion) {
      options.preconditions = {
        ...(uid ? { uid } : {}),
        ...(resourceVersion ? { resourceVersion } : {}),
      };
    }
  }
  const errors = deleteErrors(options);
  if (errors.length > 0) throw optionsInvalid("DeleteOptions", errors);
  return options;
}

export function deleteErrors(options: DeleteOptions): FieldError[] {
  const errors: FieldError[] = [];
  const policy = options.propagationPolicy;
  if (options.orphanDependents !== undefined && policy !== undefined) {
    const why = "orphanDependents and deletionPropagation cannot be both set";
    errors.push(invalidValue("propagationPolicy", policy, why));
  }
  if (policy !== undefined && !policies.includes(policy)) {
    errors.push(notSupported("propagationPolicy", policy, [...policies, "nil"]));
  }
  errors.push(...dryRunErrors(options.dryRun ?? []));
  return errors;
}

export async function deleteObject(
  request: ApiRequest,
  resource: ServedResource,
  { registry, clock }: WriteDependencies,
): Promise<Reply> {
  const options = deleteOptions(request);
  const target = targetOf(resource, request.info);
  const gone = await remove(registry, target, options, request, clock);
  if (!gone.removed || ANSWERED_WITH_OBJECT.has(resource.kind)) {
    return respondWritten(request, resource, gone.bytes, clock);
  }
  const details: Record<string, string> = { name: target.name };
  if (resource.group !== "") details.group = resource.group;
  details.kind = resource.resource;
  details.uid = gone.object.metadata.uid;
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
  // Who asks for a Table gets a Status all the same.
  return render({ ...accepted(request), as: "object" }, status);
}

export async function remove(
  registry: Registry,
  target: Target,
  options: DeleteOptions,
  request: ApiRequest,
  clock: Clock,
): Promise<{ removed: boolean; bytes: Buffer; object: AnyObject }> {
  const write = { user: request.user, dryRun: (options.dryRun?.length ?? 0) > 0 };
  let warnings: string[] = [];
  const gone = await registry.delete(
    target,
    (current) => {
      checkPreconditions(target, current, options);
      const { refuseDelete, warningsOnDelete } = target.resource.behaviour;
      const refusal = refuseDelete?.(current.object);
      if (refusal !== undefined) throw refusal;
      warnings = warningsOnDelete?.(current.object, policyOf(options)) ?? [];
      return decide(target.resource, current.object, options, clock.now());
    },
    write,
  );
  request.warnings.push(...warnings);
  return gone;
}

/** Upstream names the Go kind here, not the resource. */
export function checkPreconditions(target: Target, current: Stored, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const named = { group: target.resource.group, resource: target.resource.kind };
  const actual = current.object.metadata;
  if (uid !== undefined && uid !== actual.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${actual.uid}). The object might have been deleted and then recreated`;
    throw conflict(named, target.name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== String(current.revision)) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${current.revision}). The object might have been modified`;
    throw conflict(named, target.name, why);
  }
}

/** What becomes of the object: pure. `object` stays as it is. */
export function decide(
  resource: ServedResource,
  object: AnyObject,
  options: DeleteOptions,
  now: number,
): Deletion {
  const finalizers = finalizersAfter(object, options, resource.behaviour.defaultPropagation);
  const { metadata } = object;
  const before = metadata.finalizers ?? [];
  const sameFinalizers = JSON.stringify(finalizers) === JSON.stringify(before);
  const wanted = options.gracePeriodSeconds;
  const grace = resource.behaviour.graceful?.gracePeriodSeconds(object, wanted) ?? 0;
  const marked = metadata.deletionTimestamp !== undefined;
  const left = metadata.deletionGracePeriodSeconds ?? 0;
  const shortens = marked && grace < left;
  if (marked && !shortens && sameFinalizers) {
    return grace === 0 && finalizers.length === 0 && !holdsSpec(object)
      ? { kind: "remove", object }
      : { kind: "keep" };
  }
  const next = structuredClone(object);
  if (finalizers.length > 0) next.metadata.finalizers = finalizers;
  else delete next.metadata.finalizers;
  if (!marked || shortens) {
    // When the grace period is over; a shorter one counts from the first request.
    const since = marked ? Date.parse(metadata.deletionTimestamp as string) - left * 1000 : now;
    next.metadata.deletionTimestamp = formatTime(since + grace * 1000);
    if (next.kind !== "Namespace") next.metadata.deletionGracePeriodSeconds = grace;
    if ((next.metadata.generation ?? 0) > 0 && !marked)
      next.metadata.generation = (next.metadata.generation ?? 0) + 1;
  }
  if (next.kind === "Namespace") {
    next.status = { ...(next.status as object), phase: "Terminating" };
    return { kind: "write", object: next }; // even one that nothing holds: the next deletion removes it
  }
  if (!isFinished(next)) return { kind: "write", object: next };
  // What could have had a grace period is marked first, for all to see.
  return resource.behaviour.graceful === undefined
    ? { kind: "remove", object }
    : { kind: "mark and remove", object: next };
}

/** A namespace stays until its own finalizers are gone. */
function holdsSpec(object: AnyObject): boolean {
  const spec = object.spec as { finalizers?: unknown[] } | undefined;
  return object.kind === "Namespace" && (spec?.finalizers?.length ?? 0) > 0;
}

function policyOf({ propagationPolicy, orphanDependents }: DeleteOptions): string | undefined {
  if (orphanDependents === undefined) return propagationPolicy;
  return orphanDependents ? "Orphan" : "Background";
}

function finalizersAfter(
  object: AnyObject,
  options: DeleteOptions,
  defaultPolicy: "Orphan" | undefined,
): string[] {
  const before = object.metadata.finalizers ?? [];
  const given = before.some((name) => name === FOREGROUND || name === ORPHAN);
  const policy = policyOf(options) ?? (given ? undefined : defaultPolicy);
  if (policy === undefined) return before; // what is there stays
  const after = before.filter((name) => name !== FOREGROUND && name !== ORPHAN);
  if (policy === "Foreground") after.push(FOREGROUND);
  else if (policy === "Orphan") after.push(ORPHAN);
  const isSame = after.length === before.length && after.every((name) => before.includes(name));
  return isSame ? before : after;
}

/** Deletes each object that the selectors match; the reply lists them as they were. */
export async function deleteCollection(
  request: ApiRequest,
  resource: ServedResource,
  { registry, clock }: WriteDependencies,
): Promise<Handled> {
  const options = deleteOptions(request);
  const reply = await listObjects({ ...request, method: "GET" }, resource, clock);
  const { items } = await pageOf(request, resource, listOptions(request.query, false));
  await Promise.all(
    items.map(async (item) => {
      const { namespace, name } = item;
      const target = targetOf(resource, { ...request.info, namespace, name });
      try {
        await remove(registry, target, options, request, clock);
      } catch (error) {
        if (!isNotFound(error)) throw error; // somebody else was faster
      }
    }),
  );
  return reply;
}
