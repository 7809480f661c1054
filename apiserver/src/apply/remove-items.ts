// An object without some of its fields.
import { isObject, type JsonObject, setMember } from "../patch/json-members.ts";
import { type FieldSet, hasBelow, includesSelf, isEmpty } from "./field-set.ts";
import { elementIfAny } from "./list-elements.ts";
import { type ManagedType, memberType } from "./managed-type.ts";
import { fieldElement } from "./path-element.ts";
import { shapeOf } from "./typed-walk.ts";

/**
 * Drops the fields of `set`. A map or list that loses all it holds becomes null, as upstream leaves
 * it; so does one that is owned whole and has fields to drop below it.
 */
export function removeItems(type: ManagedType, value: unknown, set: FieldSet): unknown {
  if (isEmpty(set)) return value;
  const shape = shapeOf(type, value);
  if (shape === "scalar") return value;
  if (shape === "leaf" || type.atomic) return typeof value === "object" ? null : value;
  if (shape === "map") return isObject(value) ? removeMembers(type, value, set) : null;
  return Array.isArray(value) ? removeElements(type, value, set) : null;
}

function removeMembers(type: ManagedType, map: JsonObject, set: FieldSet): JsonObject | null {
  const kept: JsonObject = {};
  let count = 0;
  for (const name in map) {
    const node = set[fieldElement(name)];
    const value = map[name];
    if (value === undefined || (node !== undefined && includesSelf(node))) continue;
    const fieldType = memberType(type, name);
    const below = node !== undefined && fieldType !== undefined && hasBelow(node);
    setMember(kept, name, below ? removeItems(fieldType, value, node) : value);
    count++;
  }
  return count === 0 ? null : kept;
}

function removeElements(type: ManagedType, list: unknown[], set: FieldSet): unknown[] | null {
  const kept: unknown[] = [];
  for (const item of list) {
    const element = elementIfAny(type, item);
    const node = element === undefined ? undefined : set[element];
    if (node !== undefined && includesSelf(node)) continue;
    const below = node !== undefined && hasBelow(node);
    kept.push(below ? removeItems(type.element as ManagedType, item, node) : item);
  }
  return kept.length === 0 ? null : kept;
}
