// Server-side apply (upstream's field manager, operation Apply): the configuration is merged over
// the live object, fields that the applier drops are pruned, and what others own is a conflict
// unless forced.
import type { KubernetesObject } from "@coracle/shared/api/resources";
import { badRequest, type StatusError, statusError } from "@coracle/shared/machinery/status-error";
import { UnstructuredError } from "../encoding/diagnose-unstructured.ts";
import { equalJson, type JsonObject } from "../patch/json-members.ts";
import { applyConflict, type OwnershipConflict } from "./conflicts.ts";
import { emptyObjectOf } from "./empty-object.ts";
import {
  difference,
  type FieldSet,
  has,
  intersection,
  isEmpty,
  pathsOf,
  recursiveDifference,
  setOfPaths,
} from "./field-set.ts";
import { lastAppliedFields, withLastApplied } from "./last-applied.ts";
import { ElementError } from "./list-elements.ts";
import {
  comparisonsOf,
  type OwnershipOptions,
  setManagedFields,
  updateManagedFields,
  writerOf,
} from "./managed-fields.ts";
import { type ManagedType, managedTypeOf } from "./managed-type.ts";
import { type Managers, managerId, readManagers, writeManagers } from "./managers.ts";
import { mergeObjects } from "./merge.ts";
import { ObjectVersions } from "./object-versions.ts";
import { fieldElement } from "./path-element.ts";
import { prune } from "./prune.ts";
import { fieldSetOf } from "./typed-walk.ts";
import { joinComplaints, validateTyped } from "./validate-typed.ts";

export interface ApplyOptions extends OwnershipOptions {
  /** Take over what others own. */
  force: boolean;
}

/** An object whose lists cannot be told apart by element cannot be merged. */
function addressable<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof ElementError)) throw error;
    throw failure(`failed to compare objects: ${error.message}`);
  }
}

interface Applied {
  /** undefined: the object stays as it is. */
  object: JsonObject | undefined;
  managers: Managers;
  conflicts: OwnershipConflict[];
}

const failure = (message: string): StatusError => statusError("", message, undefined, 500);

/**
 * Gives the merged object with its managedFields; still to be decoded (null and zero values
 * dropped, quantities canonical) and defaulted. `applied` is the configuration as parsed from YAML,
 * with nothing dropped, defaulted or converted: what the client names is what it owns. `live` is
 * undefined on create. Throws StatusError: 400 for another kind or managedFields in the
 * configuration, 409 for conflicts, 500 (as upstream) where the configuration does not fit the
 * schema.
 */
export function serverSideApply(
  live: KubernetesObject | undefined,
  applied: KubernetesObject,
  options: ApplyOptions,
): KubernetesObject {
  checkConfiguration(applied, options);
  const type = managedTypeOf(options.typeName);
  const tracked = live === undefined ? freshObject(applied, options) : trackedObject(live, options);
  const { object, managers } = addressable(() => applyAsManager(type, tracked, applied, options));
  // Upstream writes what it found when the merge changes nothing.
  let result = { ...(object ?? tracked) } as unknown as KubernetesObject;
  result.metadata = { ...result.metadata };
  if (options.manager === "kubectl") result = withLastApplied(result, applied);
  setManagedFields(result, writeManagers(managers));
  return result;
}

/** The result of an apply as `decode` makes it. Throws StatusError: 500 (as upstream) where it is no object of its type. */
export const decodeApplied = <T>(applied: KubernetesObject, decode: () => T): T =>
  converting(
    `failed to convert new object (${describeObject(applied)}) to proper version`,
    applied,
    decode,
  );

function converting<T>(failed: string, applied: KubernetesObject, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof UnstructuredError)) throw error;
    const to = `unable to convert unstructured object to ${kindText(applied)}`;
    throw failure(`${failed}: ${to}: ${error.message}`);
  }
}

function checkConfiguration(applied: KubernetesObject, options: ApplyOptions): void {
  const kind = options.typeName.slice(options.typeName.lastIndexOf(".") + 1);
  // An empty body is null.
  if (applied?.apiVersion !== options.apiVersion || applied.kind !== kind) {
    throw badRequest(`invalid object type: ${kindText(applied)}`);
  }
  if (Array.isArray(applied.metadata?.managedFields)) {
    throw badRequest("metadata.managedFields must be nil");
  }
}

/** What is no string counts as absent. */
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** `apps/v1, Kind=Deployment`; the core group leaves the slash: `/v1, Kind=Pod`; so does what is no group version. */
function kindText(object: KubernetesObject | null | undefined): string {
  const apiVersion = textOf(object?.apiVersion);
  const slashes = apiVersion.split("/").length - 1;
  const groupVersion = slashes === 0 ? `/${apiVersion}` : slashes === 1 ? apiVersion : "/";
  return `${groupVersion}, Kind=${textOf(object?.kind)}`;
}

function freshObject(applied: KubernetesObject, { typeName }: ApplyOptions): KubernetesObject {
  const { kind, apiVersion } = applied;
  return { kind, apiVersion, ...emptyObjectOf(typeName) } as KubernetesObject;
}

/** An object that nobody tracked so far belongs to `before-first-apply`. */
function trackedObject(live: KubernetesObject, options: ApplyOptions): KubernetesObject {
  if ((live.metadata.managedFields?.length ?? 0) > 0) return live;
  const tracked = { ...live, metadata: { ...live.metadata } };
  updateManagedFields(undefined, tracked, { ...options, manager: "before-first-apply" });
  return tracked;
}

/** kubectl may take over what it owns by its last client-side apply. */
function applyAsManager(
  type: ManagedType,
  live: KubernetesObject,
  applied: KubernetesObject,
  options: ApplyOptions,
): Applied {
  const result = applyOnce(type, live, applied, options);
  const { conflicts } = result;
  if (conflicts.length === 0) return result;
  if (options.manager !== "kubectl") throw applyConflict(conflicts);
  const allowed = lastAppliedFields(type, live, options.apiVersion);
  if (allowed === undefined) throw applyConflict(conflicts);
  const open = difference(setOfPaths(conflicts.map(({ path }) => path)), allowed);
  if (!isEmpty(open)) {
    throw applyConflict(conflicts.filter(({ path }) => !has(allowed, path)));
  }
  return applyOnce(type, live, applied, { ...options, force: true });
}

function applyOnce(
  type: ManagedType,
  live: KubernetesObject,
  applied: KubernetesObject,
  options: ApplyOptions,
): Applied {
  const { managedFields, ...metadata } = live.metadata;
  const before = { ...live, metadata } as unknown as JsonObject;
  const config = applied as unknown as JsonObject;
  const complaints = validateTyped(type, config);
  if (complaints.length > 0) {
    throw failure(
      `failed to create typed patch object (${describeObject(applied)}): ${joinComplaints(complaints)}`,
    );
  }
  const managers = readManagers(managedFields);
  const applier = writerOf("Apply", options);
  const id = managerId(applier);
  const last = managers.get(id);
  const fields = appliedFields(fieldSetOf(type, config), options);
  managers.set(id, { ...applier, fields });

  const merged = mergeObjects(type, before, config);
  const unpruned =
    "failed to prune fields: failed to convert merged object to last applied version";
  const pruned = converting(unpruned, applied, () =>
    prune(new ObjectVersions(options), merged, last, fields, managers),
  );
  const conflicts = converting("failed to convert new object", applied, () =>
    takeFromOthers(type, before, pruned, managers, id, options),
  );
  const object = equalJson(before, pruned) ? undefined : pruned;
  finishApplier(managers, id, readManagers(managedFields), object !== undefined);
  return { object, managers, conflicts };
}

function describeObject(object: KubernetesObject): string {
  const { namespace, name } = object.metadata ?? {};
  return `${textOf(namespace)}/${textOf(name)}; ${kindText(object)}`;
}

/** Without what this resource or subresource resets. */
function appliedFields(fields: FieldSet, options: ApplyOptions): FieldSet {
  const { resetFields = [] } = options;
  const reset = setOfPaths(resetFields.map((path) => path.map(fieldElement)));
  return isEmpty(reset) ? fields : recursiveDifference(fields, reset);
}

/**
 * Conflicts, unless forced; then the others lose what changes. What is removed, they lose anyhow.
 */
function takeFromOthers(
  type: ManagedType,
  before: JsonObject,
  after: JsonObject,
  managers: Managers,
  applierId: string,
  options: ApplyOptions,
): OwnershipConflict[] {
  const comparisons = comparisonsOf(type, before, after, options);
  const conflicts: OwnershipConflict[] = [];
  for (const [id, manager] of managers) {
    if (id === applierId) continue;
    const comparison = comparisons(manager.apiVersion);
    if (comparison === undefined) {
      managers.delete(id); // told in a version that is gone
      continue;
    }
    const { changed, removed } = comparison;
    const taken = intersection(manager.fields, changed);
    if (!isEmpty(taken) && !options.force) {
      conflicts.push(...pathsOf(taken).map((path) => ({ manager, managerId: id, path })));
    }
    const fields = difference(difference(manager.fields, taken), removed);
    if (isEmpty(fields)) managers.delete(id);
    else if (fields !== manager.fields) managers.set(id, { ...manager, fields });
  }
  return conflicts;
}

/** Fields that only the server sets. */
const STRIPPED = setOfPaths(
  [
    ["apiVersion"],
    ["kind"],
    ["metadata"],
    ["metadata", "name"],
    ["metadata", "namespace"],
    ["metadata", "creationTimestamp"],
    ["metadata", "selfLink"],
    ["metadata", "uid"],
    ["metadata", "clusterName"],
    ["metadata", "generation"],
    ["metadata", "managedFields"],
    ["metadata", "resourceVersion"],
  ].map((path) => path.map(fieldElement)),
);

/** The applier's time changes only with the object; an applier of nothing is no manager. */
function finishApplier(managers: Managers, id: string, earlier: Managers, changes: boolean): void {
  const applier = managers.get(id);
  if (applier === undefined) return;
  const fields = difference(applier.fields, STRIPPED);
  if (isEmpty(fields)) {
    managers.delete(id);
    return;
  }
  const before = earlier.get(id);
  const time = changes ? applier.time : before?.time;
  const same = before !== undefined && equalJson(before.fields, fields);
  managers.set(id, {
    ...applier,
    time,
    fields: same ? before.fields : fields,
    source: before?.source,
  });
}
