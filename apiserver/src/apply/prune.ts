// What an applier no longer names goes, unless somebody else owns it.
import type { JsonObject } from "../patch/json-members.ts";
import { difference, EMPTY, type FieldSet, intersection, isEmpty, union } from "./field-set.ts";
import type { ManagedType } from "./managed-type.ts";
import type { Managers } from "./managers.ts";
import { removeItems } from "./remove-items.ts";
import { fieldSetOf, withNamedFields } from "./typed-walk.ts";

/**
 * `merged` without the fields that the applier owned by its `last` configuration and that nobody
 * owns now. `managers` has the applier's new fields already.
 */
export function prune(
  type: ManagedType,
  merged: JsonObject,
  last: FieldSet,
  own: FieldSet,
  managers: Managers,
): JsonObject {
  if (isEmpty(difference(last, own))) return merged;
  const lastNamed = withNamedFields(type, last);
  const mergedFields = withNamedFields(type, fieldSetOf(type, merged));
  const fieldsIn = (object: unknown): FieldSet =>
    withNamedFields(type, fieldSetOf(type, object ?? {}));

  // First without all that was owned; then with back what anybody owns.
  const bare = removeItems(type, merged, lastNamed);
  let owned = EMPTY;
  for (const manager of managers.values()) owned = union(owned, manager.fields);
  const orphans = difference(mergedFields, union(fieldsIn(bare), withNamedFields(type, owned)));
  const pruned = removeItems(type, merged, orphans);

  // Last, what the applier never owned stays, even below something that goes.
  const gone = intersection(difference(mergedFields, fieldsIn(pruned)), lastNamed);
  return (removeItems(type, merged, gone) ?? {}) as JsonObject;
}
