// The elements of a list as steps of a path.
import { isObject, type JsonObject, memberOf } from "../patch/json-members.ts";
import type { ManagedType } from "./managed-type.ts";
import { keyElement, type PathElement, valueElement } from "./path-element.ts";

/**
 * An element that cannot be addressed: without its keys, or of the wrong shape. The words are
 * upstream's.
 */
export class ElementError extends Error {
  override name = "ElementError";
}

/** `type` is a list that is not atomic. Throws ElementError. */
export function elementOf(type: ManagedType, item: unknown): PathElement {
  return type.keys === undefined ? setElement(item) : keyedElement(type, item);
}

function keyedElement(type: ManagedType, item: unknown): PathElement {
  if (item === null || item === undefined) {
    throw new ElementError("associative list with keys may not have a null element");
  }
  if (!isObject(item)) {
    throw new ElementError("associative list with keys may not have non-map elements");
  }
  const keys = type.keys as readonly string[];
  const element = keyElement(keys, keyValues(type, item));
  if (element !== undefined) return element;
  const names = (type.declaredKeys ?? []).map((key) => JSON.stringify(key)).join(" ");
  throw new ElementError(
    `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
  );
}

function keyValues(type: ManagedType, item: JsonObject): unknown[] {
  const keys = type.keys as readonly string[];
  const values: unknown[] = new Array(keys.length);
  for (let i = 0; i < keys.length; i++) {
    const value = memberOf(item, keys[i] as string);
    // An explicit null is a value of its own.
    values[i] = value === undefined ? type.keyDefaults?.[i] : value;
  }
  return values;
}

function setElement(item: unknown): PathElement {
  if (item === null || item === undefined) {
    throw new ElementError("associative list without keys has an element that's an explicit null");
  }
  if (Array.isArray(item)) {
    throw new ElementError("not supported: associative list with lists as elements");
  }
  if (typeof item === "object") {
    throw new ElementError("associative list without keys has an element that's a map type");
  }
  return valueElement(item);
}

/** undefined when the item cannot be addressed. */
export function elementIfAny(type: ManagedType, item: unknown): PathElement | undefined {
  try {
    return elementOf(type, item);
  } catch (error) {
    if (error instanceof ElementError) return undefined;
    throw error;
  }
}

/** Items by element, in the order of first appearance; an element that occurs again has several. */
export function itemsByElement(
  type: ManagedType,
  list: readonly unknown[],
  address: (type: ManagedType, item: unknown) => PathElement | undefined = elementOf,
): Map<PathElement, unknown[]> {
  const items = new Map<PathElement, unknown[]>();
  for (const item of list) {
    const element = address(type, item);
    if (element === undefined) continue;
    const same = items.get(element);
    if (same === undefined) items.set(element, [item]);
    else same.push(item);
  }
  return items;
}
