// Equality of API values as upstream's equality.Semantic sees it: absent, null and empty are the
// same.

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value !== "object") return false;
  return Object.values(value).every(isEmpty);
}

/** Compares JSON values; the order of members does not matter. */
export function semanticEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    return isEmpty(a) && isEmpty(b);
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b)) return isEmpty(a) && isEmpty(b);
    return a.length === b.length && a.every((item, i) => semanticEqual(item, b[i]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const name of Object.keys(left)) {
    if (!semanticEqual(left[name], right[name])) return false;
  }
  for (const name of Object.keys(right)) {
    if (!Object.hasOwn(left, name) && !isEmpty(right[name])) return false;
  }
  return true;
}
