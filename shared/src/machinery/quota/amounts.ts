// Arithmetic on maps of resource name → quantity, exact and in upstream's format (upstream: apiserver pkg/quota/v1
// resources.go, component-helpers resource). None of these changes its arguments.
import { ownValue } from "../own-value.ts";
import {
  addQuantities,
  canonical,
  compareQuantities,
  formatQuantity,
  type Quantity,
  quantityOf,
  signOf,
  subtractQuantities,
} from "../quantity.ts";

export type Amounts = Readonly<Record<string, string>>;

const sum = (a: string, b: string): string => formatQuantity(addQuantities(a, b));

export function addAmounts(a: Amounts, b: Amounts | undefined): Amounts {
  const result: Record<string, string> = { ...a };
  for (const name in b) {
    const more = b[name] as string;
    const before = ownValue(result, name);
    result[name] = before === undefined ? more : sum(before, more);
  }
  return result;
}

/** The larger of both, name by name. */
export function maxAmounts(a: Amounts, b: Amounts | undefined): Amounts {
  const result: Record<string, string> = { ...a };
  for (const name in b) {
    const other = b[name] as string;
    const before = ownValue(result, name);
    if (before === undefined || compareQuantities(other, before) > 0) result[name] = other;
  }
  return result;
}

/** `a - b`; what would be negative is 0. */
export function growthOf(a: Amounts, b: Amounts): Amounts {
  const result: Record<string, string> = {};
  const zero: Quantity = quantityOf(0, "DecimalSI");
  for (const name in a) {
    const given = a[name] as string;
    const other = ownValue(b, name);
    const difference = other === undefined ? given : subtractQuantities(given, other);
    if (compareQuantities(difference, zero) <= 0) result[name] = "0";
    else result[name] = typeof difference === "string" ? difference : formatQuantity(difference);
  }
  for (const name in b) if (!Object.hasOwn(result, name)) result[name] = "0";
  return result;
}

export function maskAmounts(amounts: Amounts, names: Iterable<string>): Amounts {
  const wanted = new Set(names);
  return Object.fromEntries(Object.entries(amounts).filter(([name]) => wanted.has(name)));
}

export const withoutZeros = (amounts: Amounts): Amounts =>
  Object.fromEntries(Object.entries(amounts).filter(([, amount]) => signOf(amount) !== 0));

export const negativeNames = (amounts: Amounts): string[] =>
  Object.keys(amounts).filter((name) => signOf(amounts[name] as string) < 0);

export function sameAmounts(a: Amounts = {}, b: Amounts = {}): boolean {
  if (Object.keys(a).length !== Object.keys(b).length) return false;
  for (const name in a) {
    const other = ownValue(b, name);
    if (other === undefined || compareQuantities(a[name] as string, other) !== 0) return false;
  }
  return true;
}

/** Names of which there is more in `amounts` than in `limits`. */
export const exceededNames = (amounts: Amounts, limits: Amounts): string[] =>
  Object.keys(limits).filter((name) => {
    const amount = ownValue(amounts, name);
    return amount !== undefined && compareQuantities(amount, limits[name] as string) > 0;
  });

/** `cpu=1,memory=2Gi`, by name. */
export const shownAmounts = (amounts: Amounts): string =>
  Object.keys(amounts)
    .sort()
    .map((name) => `${name}=${canonical(amounts[name] as string)}`)
    .join(",");
