// Who owns what after a create, an update or a patch (upstream's field manager, operation Update):
// what changed belongs to the writer, and to nobody else any more.
import type { KubernetesObject } from "@coracle/shared/api/resources";
import type { ManagedFieldsEntry } from "@coracle/shared/api/types/meta-v1";
import { equalJson, type JsonObject } from "../patch/json-members.ts";
import { capManagers } from "./cap-managers.ts";
import { type Comparison, compareObjects, type Skips } from "./compare.ts";
import { emptyObjectOf } from "./empty-object.ts";
import { difference, EMPTY, isEmpty, union } from "./field-set.ts";
import { ElementError } from "./list-elements.ts";
import { type ManagedType, managedTypeOf } from "./managed-type.ts";
import {
  decodeManagers,
  type Manager,
  type Managers,
  managerId,
  readManagers,
  writeManagers,
} from "./managers.ts";
import { ObjectVersions, type OtherVersion } from "./object-versions.ts";

export interface OwnershipOptions {
  /** Full name, e.g. `io.k8s.api.core.v1.Pod`. */
  typeName: string;
  /** Name of the writer; "" counts as `unknown`. */
  manager: string;
  /** Version through which the request came: `v1`, `apps/v1`. */
  apiVersion: string;
  /** RFC 3339, whole seconds, UTC; "" for an entry without time. */
  time: string;
  subresource?: string;
  /**
   * Fields that this resource or subresource resets, as paths of member names: nobody comes to own
   * them by this request.
   */
  resetFields?: readonly (readonly string[])[];
  /** Of a kind with several versions: how its objects look in the others, by apiVersion. */
  otherVersions?: ReadonlyMap<string, OtherVersion>;
}

/**
 * Sets `updated.metadata.managedFields` and changes nothing else. `updated` is the object as the
 * client wants it, defaults included; `live` the stored object, undefined on create. The client may
 * set managedFields itself: valid entries replace the live ones, `[]` or `[{}]` empties them,
 * invalid ones are ignored.
 */
export function updateManagedFields(
  live: KubernetesObject | undefined,
  updated: KubernetesObject,
  options: OwnershipOptions,
): void {
  const type = managedTypeOf(options.typeName);
  const managers = managersBefore(live, updated, type, options);
  // An object that nobody ever tracked stays so.
  if (managers.size === 0 && live?.metadata.uid !== undefined) {
    setManagedFields(updated, undefined);
    return;
  }
  try {
    const before = live ?? emptyObjectOf(options.typeName);
    takeOwnership(managers, comparisonsOf(type, before, updated, options), options);
    setManagedFields(updated, writeManagers(capManagers(managers)));
  } catch (error) {
    // What cannot be addressed cannot be owned: upstream drops the bookkeeping rather than refuse
    // the write.
    if (!(error instanceof ElementError)) throw error;
    setManagedFields(updated, undefined);
  }
}

export function setManagedFields(
  object: KubernetesObject,
  entries: ManagedFieldsEntry[] | undefined,
): void {
  if (entries !== undefined) object.metadata.managedFields = entries;
  else delete object.metadata.managedFields;
}

function managersBefore(
  live: KubernetesObject | undefined,
  updated: KubernetesObject,
  type: ManagedType,
  options: OwnershipOptions,
): Managers {
  const own = live?.metadata.managedFields;
  const given = updated.metadata.managedFields;
  // A subresource may not touch managedFields.
  if ((options.subresource ?? "") !== "" || given === undefined || given === null) {
    return readManagers(own);
  }
  if (isReset(given)) return new Map();
  if (own !== undefined && (given === own || equalJson(given, own))) return readManagers(own);
  try {
    const managers = decodeManagers(given, type);
    return managers.size > 0 ? managers : readManagers(own);
  } catch {
    // Upstream's rule for invalid entries: as if the client had sent none.
    return readManagers(own);
  }
}

function isReset(entries: readonly ManagedFieldsEntry[]): boolean {
  if (entries.length === 0) return true;
  return entries.length === 1 && Object.keys(entries[0] as object).length === 0;
}

/** Never owned: the server's own fields. */
const UNOWNED: Skips = {
  apiVersion: true,
  kind: true,
  metadata: {
    name: true,
    namespace: true,
    creationTimestamp: true,
    selfLink: true,
    uid: true,
    clusterName: true,
    generation: true,
    managedFields: true,
    resourceVersion: true,
  },
};

const skipsByReset = new WeakMap<object, Skips>();

function skipsOf(resetFields: OwnershipOptions["resetFields"]): Skips {
  if (resetFields === undefined || resetFields.length === 0) return UNOWNED;
  let skips = skipsByReset.get(resetFields);
  if (skips === undefined) {
    skips = resetFields.reduce<Skips>((all, path) => withSkip(all, path), UNOWNED);
    skipsByReset.set(resetFields, skips);
  }
  return skips;
}

function withSkip(skips: Skips, [name, ...rest]: readonly string[]): Skips {
  if (name === undefined || skips[name] === true) return skips;
  const below = rest.length === 0 ? true : withSkip(skips[name] ?? {}, rest);
  return { ...skips, [name]: below };
}

/** The comparison without what this request cannot own. */
export function compareOwned(
  type: ManagedType,
  before: unknown,
  after: unknown,
  options: OwnershipOptions,
): Comparison {
  return compareObjects(type, before, after, skipsOf(options.resetFields));
}

/** What differs, as a manager sees it that wrote in `apiVersion`; undefined where the kind has no such version. */
export type Comparisons = (apiVersion: string) => Comparison | undefined;

export function comparisonsOf(
  type: ManagedType,
  before: unknown,
  after: unknown,
  options: OwnershipOptions,
): Comparisons {
  const own = compareOwned(type, before, after, options);
  let others: Comparisons | undefined;
  return (apiVersion) => {
    if (apiVersion === options.apiVersion) return own;
    others ??= comparisonsInOthers(before, after, options);
    return others(apiVersion);
  };
}

function comparisonsInOthers(
  before: unknown,
  after: unknown,
  options: OwnershipOptions,
): Comparisons {
  const versions = new ObjectVersions(options);
  const known = new Map<string, Comparison | undefined>();
  return (apiVersion) => {
    if (known.has(apiVersion)) return known.get(apiVersion);
    const type = versions.type(apiVersion);
    const seen = (object: unknown) =>
      versions.convert(object as JsonObject, options.apiVersion, apiVersion);
    const comparison = type && compareOwned(type, seen(before), seen(after), options);
    known.set(apiVersion, comparison);
    return comparison;
  };
}

/** Takes what differs from all managers, and gives what changed to the writer. */
function takeOwnership(
  managers: Managers,
  comparisons: Comparisons,
  options: OwnershipOptions,
): void {
  for (const [id, manager] of managers) {
    const comparison = comparisons(manager.apiVersion);
    const fields =
      comparison === undefined
        ? EMPTY // told in a version that is gone
        : difference(difference(manager.fields, comparison.changed), comparison.removed);
    if (isEmpty(fields)) managers.delete(id);
    else if (fields !== manager.fields) managers.set(id, { ...manager, fields });
  }
  const changed = comparisons(options.apiVersion)?.changed ?? EMPTY;
  if (isEmpty(changed)) return;
  const writer = writerOf("Update", options);
  const id = managerId(writer);
  const fields = union(changed, managers.get(id)?.fields ?? EMPTY);
  managers.set(id, { ...writer, fields });
}

export function writerOf(operation: Manager["operation"], options: OwnershipOptions): Manager {
  return {
    name: options.manager === "" ? "unknown" : options.manager,
    operation,
    apiVersion: options.apiVersion,
    subresource: options.subresource ?? "",
    time: options.time === "" ? undefined : options.time,
    fields: EMPTY,
    source: undefined,
  };
}
