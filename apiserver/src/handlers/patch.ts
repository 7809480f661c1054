// PATCH in its four forms. The patch is applied to the served JSON of the current state; the result is decoded, defaulted
// and goes the way of an update. Without a resourceVersion in the patch it is tried again when another writer came first.

import { forbiddenField, required } from "@coracle/shared/machinery/field-error";
import { ownValue } from "@coracle/shared/machinery/own-value";
import { conflict, notFound, statusError } from "@coracle/shared/machinery/status-error";
import { type Clock, formatTime } from "@coracle/shared/runtime/clock";
import { decodeApplied, serverSideApply } from "../apply/apply.ts";
import { ownershipLimits } from "../apply/reset-fields.ts";
import { decodeApply, decodePatch } from "../encoding/decode.ts";
import { applyJsonPatch } from "../patch/json-patch.ts";
import { applyMergePatch } from "../patch/merge-patch.ts";
import { applyStrategicMergePatch } from "../patch/strategic-merge-patch.ts";
import type { Stored, Target } from "../registry/registry.ts";
import {
  type AnyObject,
  fromStored,
  type ServedResource,
  toStored,
} from "../registry/served-resource.ts";
import type { UpdateStrategy } from "../registry/strategy.ts";
import type { ApiRequest, Reply } from "./api-request.ts";
import { optionsInvalid, type WriteOptions, writeOptions } from "./options.ts";
import { respondWritten } from "./respond.ts";
import { targetOf } from "./target.ts";
import { checkPath } from "./update.ts";
import { decodePatched, recordOwner, type WriteDependencies } from "./write-context.ts";

export type PatchType = "json" | "merge" | "strategic" | "apply";

const patchTypes: Readonly<Record<string, PatchType>> = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/apply-patch+yaml": "apply",
};

/** Throws 415 for what is no patch. */
export function patchTypeOf(contentType: string | undefined): PatchType {
  const type = ownValue(patchTypes, (contentType ?? "").split(";")[0]?.trim() ?? "");
  if (type !== undefined) return type;
  throw statusError("UnsupportedMediaType", "415: Unsupported Media Type", {});
}

/** Makes the new object from the current one; undefined = there is none. */
type Patcher = (live: AnyObject | undefined) => { object: AnyObject; warnings: string[] };

export async function patchObject(
  request: ApiRequest,
  resource: ServedResource,
  { registry, clock }: WriteDependencies,
  strategy?: UpdateStrategy<AnyObject>,
): Promise<Reply> {
  const type = patchTypeOf(request.headers["content-type"]);
  const options = writeOptions(request.query, "PatchOptions");
  const patcher =
    type === "apply"
      ? applierOf(request, resource, options, clock)
      : patcherOf(type, request, resource, options, clock);
  const { warnings: told } = request;
  const before = told.length;
  const target = targetOf(resource, request.info);
  const transform = (current: Stored | undefined) => {
    const { object, warnings } = patcher(current && fromStored(resource, current.object));
    told.splice(before, told.length, ...warnings); // those of the last attempt
    return toStored(resource, object);
  };
  const { apiVersion } = resource;
  const write = { user: request.user, dryRun: options.dryRun, apiVersion, warnings: told };
  const creates =
    type === "apply" && target.subresource === "" && registry.find(target) === undefined;
  const written = creates
    ? await registry.create(target, applied(target, transform(undefined)), write)
    : await registry.update(target, transform, write, strategy);
  return respondWritten(request, resource, written.bytes, clock, written.created ? 201 : 200);
}

/** What an apply creates. Throws Conflict where it means an object that is not there. */
function applied(target: Target, object: AnyObject): AnyObject {
  const { uid } = object.metadata;
  if (uid) {
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
    throw conflict(target.asked ?? target.resource, target.name, why);
  }
  object.metadata.resourceVersion = "";
  return object;
}

function applierOf(
  request: ApiRequest,
  resource: ServedResource,
  options: WriteOptions,
  clock: Clock,
): Patcher {
  const { fieldManager, force, fieldValidation } = options;
  if (fieldManager === "") {
    throw optionsInvalid("PatchOptions", [required("fieldManager", "is required for apply patch")]);
  }
  const applied = decodeApply(request.body, resource, fieldValidation);
  const { name, subresource } = request.info;
  return (live) => {
    if (live === undefined && subresource !== "") throw notFound(resource, name);
    const merged = serverSideApply(live, applied.object, {
      typeName: resource.typeName,
      apiVersion: resource.apiVersion,
      manager: fieldManager,
      force,
      time: formatTime(clock.now()),
      subresource: subresource === "" ? undefined : subresource,
      otherVersions: resource.otherVersions,
      ...ownershipLimits(resource.group, resource.resource, subresource),
    });
    const { object } = decodeApplied(applied.object, () =>
      decodePatched(merged, resource, { ...options, fieldValidation: "Ignore" }),
    );
    checkPath(request, resource, object);
    return { object, warnings: applied.warnings };
  };
}

function patcherOf(
  type: Exclude<PatchType, "apply">,
  request: ApiRequest,
  resource: ServedResource,
  options: WriteOptions,
  clock: Clock,
): Patcher {
  if (request.query.get("force") !== null) {
    const why = "may not be specified for non-apply patch";
    throw optionsInvalid("PatchOptions", [forbiddenField("force", why)]);
  }
  const { fieldValidation } = options;
  const { patch, strict } = decodePatch(request.body, type, fieldValidation);
  return (document) => {
    if (document === undefined) throw notFound(resource, request.info.name);
    const strictErrors: string[] = [];
    const value =
      type === "json"
        ? applyJsonPatch(document, patch, { fieldValidation, strictErrors })
        : type === "merge"
          ? applyMergePatch(document, patch, { fieldValidation })
          : applyStrategicMergePatch(document, patch, resource.typeName);
    const findings = [...strict, ...strictErrors];
    if (type === "json") findings.sort((a, b) => operationOf(a) - operationOf(b));
    const origin = { type, patch, strict: findings };
    const { object, warnings } = decodePatched(value, resource, options, origin, document);
    checkPath(request, resource, object);
    recordOwner(request, resource, options, clock, document, object);
    return { object, warnings };
  };
}

/** Which operation of a JSON patch a finding is about: `json patch unknown field "[3].x"`. */
const operationOf = (finding: string): number => Number(/"\[(\d+)\]/.exec(finding)?.[1] ?? 0);
