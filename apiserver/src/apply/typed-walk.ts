// The fields that an object sets, by the schema of its type.
import { isObject, type JsonObject } from "../patch/json-members.ts";
import { type FieldSet, hasBelow, includesSelf, LEAF, ordered, selfAnd } from "./field-set.ts";
import { elementIfAny, elementOf, itemsByElement } from "./list-elements.ts";
import { type ManagedField, type ManagedType, memberType } from "./managed-type.ts";
import { compareElements, fieldElement, type PathElement } from "./path-element.ts";

type Draft = { [element: PathElement]: FieldSet };

/** A type that depends on the value: what applies to this one. */
export function shapeOf(type: ManagedType, value: unknown): "scalar" | "map" | "list" | "leaf" {
  if (type.kind !== "deduced") return type.kind;
  if (Array.isArray(value)) return "leaf";
  return isObject(value) || value === null || value === undefined ? "map" : "scalar";
}

/**
 * Every leaf field and list element that a configuration names: what an applier owns. Structs are
 * not fields of the set themselves unless empty; members of maps are.
 */
export function fieldSetOf(type: ManagedType, value: unknown): FieldSet {
  return isObject(value) ? mapFields(type, value) : LEAF;
}

/** undefined when nothing at or below the value is a field by itself (an empty list, a null). */
function fieldsAt(type: ManagedType, value: unknown): FieldSet | undefined {
  const shape = shapeOf(type, value);
  if (shape === "scalar" || shape === "leaf" || type.atomic) return LEAF;
  if (shape === "map") {
    if (!isObject(value)) return undefined;
    const fields = mapFields(type, value);
    return fields === LEAF ? undefined : fields;
  }
  return Array.isArray(value) ? listFields(type, value) : undefined;
}

/** LEAF when there is no field. */
function mapFields(type: ManagedType, map: JsonObject): FieldSet {
  const fields: Draft = {};
  let count = 0;
  for (const name in map) {
    const value = map[name];
    const field = type.fields?.get(name);
    const fieldType = field?.type ?? memberType(type, name);
    if (fieldType === undefined) continue;
    let node = fieldsAt(fieldType, value);
    const self = value === null || field === undefined || (isObject(value) && isVacant(value));
    if (self) node = withSelf(node);
    if (node === undefined) continue;
    fields[field?.element ?? fieldElement(name)] = node;
    count++;
  }
  return count === 0 ? LEAF : ordered(fields);
}

function withSelf(node: FieldSet | undefined): FieldSet {
  if (node === undefined) return LEAF;
  return includesSelf(node) ? node : selfAnd(node);
}

function isVacant(object: JsonObject): boolean {
  for (const _ in object) return false;
  return true;
}

function listFields(type: ManagedType, list: unknown[]): FieldSet | undefined {
  if (list.length === 0) return undefined;
  const fields: Draft = {};
  for (const [element, items] of itemsByElement(type, list, elementIfAny)) {
    fields[element] =
      items.length > 1 ? LEAF : withSelf(fieldsAt(type.element as ManagedType, items[0]));
  }
  return ordered(fields);
}

/**
 * Everything at and below a value that appears or disappears as a whole: unlike `fieldSetOf`, each
 * struct, map and list on the way is a field, too.
 */
export function wholeOf(type: ManagedType, value: unknown): FieldSet {
  const shape = shapeOf(type, value);
  if (shape === "scalar" || shape === "leaf" || type.atomic) return LEAF;
  if (shape === "map") return isObject(value) ? wholeMap(type, value) : LEAF;
  return Array.isArray(value) && value.length > 0 ? wholeList(type, value) : LEAF;
}

function wholeMap(type: ManagedType, map: JsonObject): FieldSet {
  if (type.fields !== undefined) return wholeStruct(type.fields, map);
  const names = sortedTexts(Object.keys(map));
  if (names.length === 0) return LEAF;
  const elementType = type.element ?? type;
  const whole: Draft = { ".": LEAF };
  for (const name of names) whole[fieldElement(name)] = wholeOf(elementType, map[name]);
  return whole;
}

function wholeStruct(types: ReadonlyMap<string, ManagedField>, map: JsonObject): FieldSet {
  const present: ManagedField[] = [];
  for (const name in map) {
    const field = types.get(name);
    if (field === undefined || map[name] === undefined) continue;
    let at = present.length;
    while (at > 0 && (present[at - 1] as ManagedField).order > field.order) {
      present[at] = present[at - 1] as ManagedField;
      at--;
    }
    present[at] = field;
  }
  if (present.length === 0) return LEAF;
  const whole: Draft = { ".": LEAF };
  for (const field of present) whole[field.element] = wholeOf(field.type, map[field.name]);
  return whole;
}

/** Short lists by insertion, which beats Array.sort there. */
export function sortedTexts(texts: string[]): string[] {
  if (texts.length > 16) return texts.sort();
  for (let i = 1; i < texts.length; i++) {
    const text = texts[i] as string;
    let at = i;
    while (at > 0 && (texts[at - 1] as string) > text) {
      texts[at] = texts[at - 1] as string;
      at--;
    }
    texts[at] = text;
  }
  return texts;
}

function wholeList(type: ManagedType, list: unknown[]): FieldSet {
  const elementType = type.element as ManagedType;
  if (list.length === 1) {
    return { ".": LEAF, [elementOf(type, list[0])]: wholeOf(elementType, list[0]) };
  }
  const items = itemsByElement(type, list);
  const whole: Draft = { ".": LEAF };
  for (const element of [...items.keys()].sort(compareElements)) {
    const same = items.get(element) as unknown[];
    whole[element] = same.length > 1 ? LEAF : wholeOf(elementType, same[0]);
  }
  return whole;
}

/** The set with every struct field on the way to one of its fields added. */
export function withNamedFields(type: ManagedType | undefined, set: FieldSet): FieldSet {
  const named: Draft = {};
  for (const element in set) {
    const node = set[element] as FieldSet;
    if (!hasBelow(node)) {
      named[element] = node;
      continue;
    }
    let below: ManagedType | undefined;
    let isField = false;
    if (element.startsWith("f:") && type !== undefined && type.kind !== "list") {
      const name = element.slice(2);
      below = memberType(type, name);
      isField = type.fields?.has(name) ?? false;
    } else if (element.startsWith("k:") && type?.kind === "list") {
      below = type.element;
    }
    const next = withNamedFields(below, node);
    named[element] = isField ? withSelf(next) : next;
  }
  return named;
}
