// What differs between two objects of a type, as sets of fields. Both are walked together; what is
// identical is passed over.
import { equalJson, isObject, type JsonObject, memberOf } from "../patch/json-members.ts";
import { EMPTY, type FieldSet, LEAF, ordered, union } from "./field-set.ts";
import { itemsByElement } from "./list-elements.ts";
import { type ManagedField, type ManagedType, memberType } from "./managed-type.ts";
import { fieldElement, type PathElement } from "./path-element.ts";
import { shapeOf, wholeOf } from "./typed-walk.ts";

export interface Comparison {
  /** Fields that the right object adds or has with another value. */
  changed: FieldSet;
  /** Fields that only the left object has. */
  removed: FieldSet;
}

/** Members that are not compared: `true` for the whole, else by member. */
export interface Skips {
  readonly [name: string]: true | Skips;
}

type Draft = { [element: PathElement]: FieldSet };
/** undefined: no such field differs. */
interface Difference {
  changed: FieldSet | undefined;
  removed: FieldSet | undefined;
}

const CHANGED: Difference = { changed: LEAF, removed: undefined };

/** Throws ElementError when a list has an element that cannot be addressed. */
export function compareObjects(
  type: ManagedType,
  left: unknown,
  right: unknown,
  skips?: Skips,
): Comparison {
  const difference = compareMembers(
    type,
    isObject(left) ? left : {},
    isObject(right) ? right : {},
    skips,
  );
  return { changed: difference?.changed ?? EMPTY, removed: difference?.removed ?? EMPTY };
}

/** Both values are present; either may be null. */
function compareValues(type: ManagedType, left: unknown, right: unknown): Difference | undefined {
  if (left === right) return undefined;
  if (type.kind === "scalar" || type.kind === "leaf" || type.atomic) return asLeaf(left, right);
  if (type.kind === "deduced") return compareDeduced(type, left, right);
  if (type.kind === "map") return compareMaps(type, left, right);
  return compareLists(type, left, right);
}

function asLeaf(left: unknown, right: unknown): Difference | undefined {
  return equalJson(left, right) ? undefined : CHANGED;
}

const NOTHING: JsonObject = {};
const NO_ITEMS: readonly unknown[] = [];

function compareMaps(type: ManagedType, left: unknown, right: unknown): Difference | undefined {
  const leftMap = isObject(left) ? left : NOTHING;
  const rightMap = isObject(right) ? right : NOTHING;
  // Empty and null stay apart that way.
  if (isVacant(leftMap) && isVacant(rightMap)) return asLeaf(left, right);
  return compareMembers(type, leftMap, rightMap, undefined);
}

function isVacant(object: JsonObject): boolean {
  for (const _ in object) return false;
  return true;
}

function compareMembers(
  type: ManagedType,
  left: JsonObject,
  right: JsonObject,
  skips: Skips | undefined,
): Difference | undefined {
  let changed: Draft | undefined;
  let removed: Draft | undefined;
  const { fields } = type;
  for (const name in right) {
    const value = right[name];
    if (value === undefined) continue;
    const skip = skips?.[name];
    if (skip === true) continue;
    const field = fields?.get(name);
    const fieldType = field === undefined ? memberType(type, name) : field.type;
    if (fieldType === undefined) continue;
    const before = field === undefined ? memberOf(left, name) : left[name];
    if (before === value) continue;
    const element = field?.element ?? fieldElement(name);
    if (before === undefined) {
      changed ??= {};
      changed[element] = wholeOf(fieldType, value);
      continue;
    }
    const difference =
      skip === undefined
        ? compareValues(fieldType, before, value)
        : compareMembers(fieldType, before as JsonObject, value as JsonObject, skip);
    if (difference === undefined) continue;
    if (difference.changed !== undefined) {
      changed ??= {};
      changed[element] = difference.changed;
    }
    if (difference.removed !== undefined) {
      removed ??= {};
      removed[element] = difference.removed;
    }
  }
  removed = missingMembers(type, left, right, skips, removed);
  return differenceOf(changed, removed);
}

function missingMembers(
  type: ManagedType,
  left: JsonObject,
  right: JsonObject,
  skips: Skips | undefined,
  found: Draft | undefined,
): Draft | undefined {
  let removed = found;
  for (const name in left) {
    const value = left[name];
    if (value === undefined || skips?.[name] === true) continue;
    const field: ManagedField | undefined = type.fields?.get(name);
    const after = field === undefined ? memberOf(right, name) : right[name];
    if (after !== undefined) continue;
    const fieldType = field === undefined ? memberType(type, name) : field.type;
    if (fieldType === undefined) continue;
    removed ??= {};
    removed[field?.element ?? fieldElement(name)] = wholeOf(fieldType, value);
  }
  return removed;
}

function differenceOf(
  changed: Draft | undefined,
  removed: Draft | undefined,
): Difference | undefined {
  if (changed === undefined && removed === undefined) return undefined;
  return {
    changed: changed === undefined ? undefined : ordered(changed),
    removed: removed === undefined ? undefined : ordered(removed),
  };
}

function compareLists(type: ManagedType, left: unknown, right: unknown): Difference | undefined {
  const leftList = Array.isArray(left) ? left : NO_ITEMS;
  const rightList = Array.isArray(right) ? right : NO_ITEMS;
  if (leftList.length === 0 && rightList.length === 0) return asLeaf(left, right);
  if (equalJson(left, right)) return undefined;
  const leftItems = itemsByElement(type, leftList);
  const rightItems = itemsByElement(type, rightList);
  const changed: Draft = {};
  const removed: Draft = {};
  for (const [element, items] of rightItems) {
    compareItems(type, element, leftItems.get(element) ?? NO_ITEMS, items, changed, removed);
  }
  for (const [element, items] of leftItems) {
    if (rightItems.has(element)) continue;
    compareItems(type, element, items, NO_ITEMS, changed, removed);
  }
  return differenceOf(noneIfVacant(changed), noneIfVacant(removed));
}

const noneIfVacant = (draft: Draft): Draft | undefined => (isVacant(draft) ? undefined : draft);

/** The items of one element on both sides; more than one on a side are owned as one field. */
function compareItems(
  type: ManagedType,
  element: PathElement,
  left: readonly unknown[],
  right: readonly unknown[],
  changed: Draft,
  removed: Draft,
): void {
  const elementType = type.element as ManagedType;
  if (left.length > 1 && right.length > 1) {
    if (!equalJson(left, right)) changed[element] = LEAF;
  } else if (left.length > 1) {
    if (right.length === 1) changed[element] = wholeOf(elementType, right[0]);
    removed[element] = LEAF;
  } else if (right.length > 1) {
    if (left.length === 1) removed[element] = wholeOf(elementType, left[0]);
    changed[element] = LEAF;
  } else if (left.length === 0) {
    changed[element] = wholeOf(elementType, right[0]);
  } else if (right.length === 0) {
    removed[element] = wholeOf(elementType, left[0]);
  } else {
    const difference = compareValues(elementType, left[0], right[0]);
    if (difference?.changed !== undefined) changed[element] = difference.changed;
    if (difference?.removed !== undefined) removed[element] = difference.removed;
  }
}

/** A change of shape is a change of the field itself, and of what a map on either side holds. */
function compareDeduced(type: ManagedType, left: unknown, right: unknown): Difference | undefined {
  const leftShape = shapeOf(type, left);
  const rightShape = shapeOf(type, right);
  if (leftShape === "map" && rightShape === "map") return compareMaps(type, left, right);
  if (leftShape !== "map" && rightShape !== "map") return asLeaf(left, right);
  const members = compareMaps(type, left, right);
  return {
    changed: members?.changed === undefined ? LEAF : union(members.changed, { ".": LEAF }),
    removed: members?.removed,
  };
}
