// Plain JSON objects, read and written safely: a member may be called `__proto__` or `constructor`
// (a ConfigMap's key, say), which ordinary property access would mistake for something of Object's.

export type JsonObject = { [name: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const hasMember: (object: JsonObject, name: string) => boolean = Object.hasOwn;

/** undefined when there is no such own member. */
export function memberOf(object: JsonObject, name: string): unknown {
  const value = object[name];
  if (value === undefined || hasMember(object, name)) return value;
  return undefined;
}

export function setMember(object: JsonObject, name: string, value: unknown): void {
  if (name === "__proto__") {
    Object.defineProperty(object, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    return;
  }
  object[name] = value;
}

/** The word that upstream's JSON errors use for a value. */
export function jsonKindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (value === null) return "null";
  return typeof value === "boolean" ? "bool" : typeof value;
}

/** Deep equality of two JSON values; the order of members does not matter. */
export function equalJson(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false;
    for (let i = 0; i < left.length; i++) if (!equalJson(left[i], right[i])) return false;
    return true;
  }
  if (!isObject(left) || !isObject(right)) return false;
  let count = 0;
  for (const name in left) {
    if (!hasMember(right, name) || !equalJson(left[name], right[name])) return false;
    count++;
  }
  for (const _ in right) count--;
  return count === 0;
}
