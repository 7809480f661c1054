// What an applier no longer names goes, unless somebody else owns it (upstream: structured-merge-diff, merge/update.go).
import type { JsonObject } from "../patch/json-members.ts";
import { difference, EMPTY, type FieldSet, intersection, isEmpty, union } from "./field-set.ts";
import type { ManagedType } from "./managed-type.ts";
import type { Manager, Managers } from "./managers.ts";
import type { ObjectVersions } from "./object-versions.ts";
import { removeItems } from "./remove-items.ts";
import { fieldSetOf, withNamedFields } from "./typed-walk.ts";

/**
 * `merged` without the fields that the applier owned by its `last` configuration and that nobody
 * owns now. `managers` has the applier's new fields, `own`, already.
 */
export function prune(
  versions: ObjectVersions,
  merged: JsonObject,
  last: Manager | undefined,
  own: FieldSet,
  managers: Managers,
): JsonObject {
  if (last === undefined || isEmpty(last.fields)) return merged;
  const version = last.apiVersion;
  if (version === versions.own && isEmpty(difference(last.fields, own))) return merged;
  const type = versions.type(version);
  if (type === undefined) return merged;
  const whole = versions.convert(merged, versions.own, version);
  const lastNamed = withNamedFields(type, last.fields);

  // First without all that was owned; then with back what anybody owns.
  const bare = asObject(removeItems(type, whole, lastNamed));
  const pruned = withOwnedItems(versions, whole, bare, version, managers);

  // Last, what the applier never owned stays, even below something that goes.
  const gone = intersection(
    difference(namedFieldsOf(type, whole), namedFieldsOf(type, pruned)),
    lastNamed,
  );
  return versions.convert(asObject(removeItems(type, whole, gone)), version, versions.own);
}

const asObject = (value: unknown): JsonObject => (value ?? {}) as JsonObject;

const namedFieldsOf = (type: ManagedType, object: JsonObject): FieldSet =>
  withNamedFields(type, fieldSetOf(type, object));

/** `bare` with what managers own of `whole`: each says so in its own version, that of the objects first. */
function withOwnedItems(
  versions: ObjectVersions,
  whole: JsonObject,
  bare: JsonObject,
  version: string,
  managers: Managers,
): JsonObject {
  const owned = new Map<string, FieldSet>([[version, EMPTY]]);
  for (const { apiVersion, fields } of managers.values()) {
    owned.set(apiVersion, union(owned.get(apiVersion) ?? EMPTY, fields));
  }
  let at = version;
  let merged = whole;
  let pruned = bare;
  for (const [next, fields] of owned) {
    const type = versions.type(next);
    if (type === undefined) continue;
    merged = versions.convert(merged, at, next);
    pruned = versions.convert(pruned, at, next);
    at = next;
    const kept = union(namedFieldsOf(type, pruned), withNamedFields(type, fields));
    pruned = asObject(removeItems(type, merged, difference(namedFieldsOf(type, merged), kept)));
  }
  return versions.convert(pruned, at, version);
}
