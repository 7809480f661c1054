// Maps of resource name → quantity (limits, requests, overhead): their stored form, the names they may hold, their sums.
import { ownValue } from "@coracle/shared/machinery/own-value";
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  milliValue,
  roundUpToMilli,
} from "@coracle/shared/machinery/quantity";

export type ResourceList = Record<string, string>;

const REMEMBERED_MAX = 4096;
const REMEMBERED_LENGTH_MAX = 40;
const remembered = new Map<string, string>();

/** The served form of a quantity, rounded up to a milli as upstream's defaults do. */
function storedQuantity(text: string): string {
  let stored = remembered.get(text);
  if (stored === undefined) {
    stored = roundUpToMilli(text);
    if (text.length > REMEMBERED_LENGTH_MAX) return stored;
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(text, stored);
  }
  return stored;
}

/** Mutates. */
export function storeResourceList(list: ResourceList | undefined): void {
  if (list === undefined) return;
  for (const name in list) {
    const stored = storedQuantity(String(list[name]));
    if (stored !== list[name]) list[name] = stored;
  }
}

/** -1, 0 or 1. */
export const signOfQuantity = (text: string): number => Math.sign(milliValue(text));

/** Negative, 0 or positive, of stored quantities: those have no more than three decimals, so thousandths tell. */
export function compareStored(a: string, b: string): number {
  if (a === b) return 0;
  const difference = milliValue(a) - milliValue(b);
  return Math.abs(milliValue(a)) <= Number.MAX_SAFE_INTEGER ? difference : compareQuantities(a, b);
}

export const HUGE_PAGES_PREFIX = "hugepages-";

export const isHugePage = (name: string): boolean => name.startsWith(HUGE_PAGES_PREFIX);

/** Without a domain, or of kubernetes.io. */
export const isNativeResource = (name: string): boolean =>
  !name.includes("/") || name.includes("kubernetes.io/");

/** Requests may be below limits. */
export const allowsOvercommit = (name: string): boolean =>
  isNativeResource(name) && !isHugePage(name);

/** What may stand in spec.resources of a Pod. */
export const isPodLevelResource = (name: string): boolean =>
  name === "cpu" || name === "memory" || isHugePage(name);

export function addTo(sums: ResourceList, list: ResourceList | undefined): void {
  for (const name in list) {
    const sum = ownValue(sums, name);
    const more = list[name] as string;
    sums[name] = sum === undefined ? more : formatQuantity(addQuantities(sum, more));
  }
}

export function raiseTo(maxima: ResourceList, list: ResourceList): void {
  for (const name in list) {
    const quantity = list[name] as string;
    const maximum = ownValue(maxima, name);
    if (maximum === undefined || compareStored(quantity, maximum) > 0) maxima[name] = quantity;
  }
}
