// Equality as upstream's apiequality.Semantic has it: an absent value equals an empty one, quantities by their value.
import { compareQuantities, QuantityError } from "@coracle/shared/machinery/quantity";

const QUANTITIES = new Set(["sizeLimit", "divisor"]);
const QUANTITY_MAPS = new Set(["limits", "requests", "overhead", "allocatedResources"]);

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0);

function sameQuantity(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "string" || typeof b !== "string") return false;
  try {
    return compareQuantities(a, b) === 0;
  } catch (error) {
    if (error instanceof QuantityError) return false;
    throw error;
  }
}

function sameMembers(
  a: Record<string, unknown>,
  b: Record<string, unknown>,
  compare: (key: string, x: unknown, y: unknown) => boolean,
): boolean {
  for (const key in a) if (!compare(key, a[key], b[key])) return false;
  for (const key in b) if (a[key] === undefined && !compare(key, undefined, b[key])) return false;
  return true;
}

/** `key` is the member's name in its parent: quantities are known by it. */
export function semanticEqual(a: unknown, b: unknown, key = ""): boolean {
  if (a === b) return true;
  if (QUANTITIES.has(key)) return sameQuantity(a, b);
  if (isEmpty(a) || isEmpty(b)) return isEmpty(a) === isEmpty(b) || emptyMap(key, a ?? b);
  if (typeof a !== "object" || typeof b !== "object") return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => semanticEqual(item, b[i]));
  }
  if (Array.isArray(b)) return false;
  const compare = QUANTITY_MAPS.has(key)
    ? (_: string, x: unknown, y: unknown) => sameQuantity(x, y)
    : (name: string, x: unknown, y: unknown) => semanticEqual(x, y, name);
  return sameMembers(a as Record<string, unknown>, b as Record<string, unknown>, compare);
}

const MAPS = new Set([...QUANTITY_MAPS, "nodeSelector", "labels", "annotations", "matchLabels"]);

/** An empty map equals none; an empty struct does not (upstream's pointer to it is not nil). */
const emptyMap = (key: string, value: unknown): boolean =>
  MAPS.has(key) && typeof value === "object" && Object.keys(value as object).length === 0;
