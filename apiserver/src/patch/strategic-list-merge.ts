// Lists in a strategic merge patch: merged by key or as sets of scalars, then put in order. Where
// elements end up follows upstream to the letter, its in-place changes of the original list
// included.
import { statusError } from "@coracle/shared/machinery/status-error";
import { goStringVerb, goTypeName, goValueText } from "./go-value-text.ts";
import { hasMember, isObject, type JsonObject } from "./json-members.ts";
import { mergeFailure } from "./merge-failure.ts";
import type { PatchField, PatchType } from "./patch-schema.ts";

export interface ListMerge {
  /** A copy of the document's list: merging shifts and overwrites elements in it. */
  original: unknown[];
  patch: unknown[];
  field: PatchField;
  /** The patch lists scalars to delete. */
  deletes: boolean;
}

type MergeMap = (original: JsonObject, patch: JsonObject, type: PatchType) => JsonObject;

/**
 * "map" or the scalars' Go type; undefined when all lists are empty. Throws when the elements are
 * not all of one.
 */
export function uniformKind(...lists: unknown[][]): string | undefined {
  let kind: string | undefined;
  for (const list of lists) {
    for (const element of list) {
      const name = goTypeName(element);
      if (kind === undefined) {
        if (name === "[]interface {}") {
          throw statusError(
            "Invalid",
            "the server rejected our request due to an error in our request",
            {},
          );
        }
        kind = name;
      } else if (name !== kind) {
        throw mergeFailure(`list element types are not identical: ${goValueText(lists)}`);
      }
    }
  }
  return kind === "map[string]interface {}" ? "map" : kind;
}

export function mergeList(
  { original, patch, field, deletes }: ListMerge,
  mergeMap: MergeMap,
): unknown[] {
  const kind = uniformKind(original, patch);
  if (kind === undefined) return original;
  const { mergeKey } = field;
  if (kind !== "map") {
    if (deletes) return original.filter((element) => !patch.includes(element));
    const merged = withoutDuplicates(patch.length === 0 ? original : [...original, ...patch]);
    const parts = partition(merged, patch, mergeKey);
    return orderElements(parts, patch, original, mergeKey, kind);
  }
  const type = field.type.element as PatchType;
  if (mergeKey === "") {
    throw mergeFailure(`cannot merge lists without merge key for ${type.kind}`);
  }
  const directed = followDirectives(original, patch as JsonObject[], mergeKey);
  const merged = mergeElements(directed, mergeKey, type, mergeMap);
  const parts = partition(merged, directed.patch, mergeKey);
  const order = directed.backing.slice(0, directed.length);
  return orderElements(parts, directed.patch, order, mergeKey, kind);
}

interface DirectedLists {
  /** The original list; only the first `length` elements are alive. */
  backing: unknown[];
  length: number;
  patch: JsonObject[];
}

/**
 * Carries out the elements with `$patch`: deletions by key, or the replacement of the whole list.
 */
function followDirectives(
  backing: unknown[],
  patch: JsonObject[],
  mergeKey: string,
): DirectedLists {
  const plain: JsonObject[] = [];
  let replaces = false;
  let length = backing.length;
  for (const element of patch) {
    if (!hasMember(element, "$patch")) {
      plain.push(element);
      continue;
    }
    const directive = element.$patch;
    if (directive === "delete") {
      if (!hasMember(element, mergeKey)) throw noMergeKey(element, mergeKey);
      length = deleteMatching(backing, length, mergeKey, element[mergeKey]);
    } else if (directive === "replace") {
      replaces = true;
    } else if (directive === "merge") {
      throw mergeFailure("merging lists cannot yet be specified in the patch");
    } else {
      throw mergeFailure(
        `unknown patch type: ${goStringVerb(directive)} in map: ${goValueText(element)}`,
      );
    }
  }
  return replaces
    ? { backing: plain, length: plain.length, patch: [] }
    : { backing, length, patch: plain };
}

/**
 * Closes the gaps within `backing`; what follows the new length stays as it was, as in a Go slice.
 */
function deleteMatching(backing: unknown[], from: number, key: string, value: unknown): number {
  let length = from;
  for (;;) {
    const index = findByKey(backing, length, key, value);
    if (index < 0) return length;
    backing.copyWithin(index, index + 1, length);
    length--;
  }
}

function mergeElements(
  { backing, length, patch }: DirectedLists,
  mergeKey: string,
  type: PatchType,
  mergeMap: MergeMap,
): unknown[] {
  const capacity = backing.length;
  let merged = backing;
  let count = length;
  for (const element of patch) {
    if (!hasMember(element, mergeKey)) throw noMergeKey(element, mergeKey);
    const index = findByKey(merged, count, mergeKey, element[mergeKey]);
    if (index >= 0) {
      merged[index] = mergeMap(merged[index] as JsonObject, element, type);
      continue;
    }
    // The room that a deletion left is used before a new list is made.
    if (merged === backing && count === capacity) merged = backing.slice();
    merged[count++] = element;
  }
  return merged.slice(0, count);
}

function findByKey(list: unknown[], length: number, key: string, value: unknown): number {
  for (let i = 0; i < length; i++) {
    const element = list[i];
    if (!isObject(element)) throw mergeFailure(`value for key ${i} is not a map`);
    if (hasMember(element, key) && element[key] === value) return i;
  }
  return -1;
}

/** A later duplicate gives its place to the last element. */
function withoutDuplicates(list: unknown[]): unknown[] {
  let last = list.length - 1;
  for (let i = 0; i < last; i++) {
    for (let j = i + 1; j <= last; j++) {
      if (list[i] !== list[j]) continue;
      list[j] = list[last];
      last--;
      j--;
    }
  }
  return list.slice(0, last + 1);
}

export interface Partition {
  /** Elements that the patch (or its order) names. */
  named: unknown[];
  rest: unknown[];
}

export function partition(list: unknown[], by: unknown[], mergeKey: string): Partition {
  const named: unknown[] = [];
  const rest: unknown[] = [];
  for (const element of list) {
    let found: boolean;
    if (mergeKey === "") {
      found = by.includes(element);
    } else {
      const keyed = asKeyed(element, mergeKey);
      found = findByKey(by, by.length, mergeKey, keyed[mergeKey]) >= 0;
    }
    (found ? named : rest).push(element);
  }
  return { named, rest };
}

/**
 * Named elements follow `namedOrder`, the rest `serverOrder`; both keep their relative order in the
 * result.
 */
export function orderElements(
  { named, rest }: Partition,
  namedOrder: unknown[],
  serverOrder: unknown[],
  mergeKey: string,
  kind: string,
): unknown[] {
  const keyOf = kind === "map" ? (x: unknown) => (x as JsonObject)[mergeKey] : (x: unknown) => x;
  if (kind === "map") {
    for (const list of [named, namedOrder, rest, serverOrder]) {
      for (const element of list) asKeyed(element, mergeKey);
    }
  }
  const left = sortBy(rest, serverOrder, keyOf);
  const right = sortBy(named, namedOrder, keyOf);
  if (left.length === 0) return right;
  if (right.length === 0) return left;
  const indexOf = (x: unknown): number => serverOrder.findIndex((y) => keyOf(y) === keyOf(x));
  const ordered: unknown[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    const leftIndex = indexOf(left[i]);
    const rightIndex = indexOf(right[j]);
    const leftFirst = leftIndex >= 0 && rightIndex >= 0 && leftIndex < rightIndex;
    ordered.push(leftFirst ? left[i++] : right[j++]);
  }
  while (i < left.length) ordered.push(left[i++]);
  while (j < right.length) ordered.push(right[j++]);
  return ordered;
}

/**
 * Sorts by the place in `order`; elements marked for deletion go last. An element without a place
 * counts as smaller than whatever it is compared with: an insertion sort, because the outcome then
 * depends on the comparisons made.
 */
function sortBy(list: unknown[], order: unknown[], keyOf: (x: unknown) => unknown): unknown[] {
  const doomed = list.filter(isDeletion);
  const sorted = doomed.length === 0 ? list.slice() : list.filter((x) => !isDeletion(x));
  const places = new Map<unknown, number>();
  order.forEach((element, index) => {
    const key = keyOf(element);
    if (!places.has(key)) places.set(key, index);
  });
  for (let i = 1; i < sorted.length; i++) {
    for (let j = i; j > 0; j--) {
      const place = places.get(keyOf(sorted[j]));
      const previous = places.get(keyOf(sorted[j - 1]));
      if (place !== undefined && previous !== undefined && place >= previous) break;
      [sorted[j], sorted[j - 1]] = [sorted[j - 1], sorted[j]];
    }
  }
  return doomed.length === 0 ? sorted : [...sorted, ...doomed];
}

const isDeletion = (x: unknown): boolean => isObject(x) && x.$patch === "delete";

function asKeyed(element: unknown, mergeKey: string): JsonObject {
  if (!isObject(element)) {
    throw mergeFailure(`expected a map[string]interface {}, but received a ${goTypeName(element)}`);
  }
  if (!hasMember(element, mergeKey)) throw noMergeKey(element, mergeKey);
  return element;
}

const noMergeKey = (element: JsonObject, key: string) =>
  mergeFailure(`map: ${goValueText(element)} does not contain declared merge key: ${key}`);

/**
 * `$setElementOrder` must list every element of the patch (deletions aside), in the same relative
 * order.
 */
export function validateElementOrder(patch: unknown[], order: unknown[], mergeKey: string): void {
  if (order.length === 0 || patch.length === 0) return;
  if (mergeKey !== "" && !patch.every(isObject)) {
    const odd = patch.find((x) => !isObject(x));
    throw mergeFailure(`expected a map[string]interface {}, but received a ${goTypeName(odd)}`);
  }
  const kept = mergeKey === "" ? patch : patch.filter((x) => !isDeletion(x));
  let at = 0;
  let orderAt = 0;
  while (at < kept.length && orderAt < order.length) {
    const element = kept[at];
    if (isObject(element) && hasMember(element, "$patch")) {
      at++;
      continue;
    }
    if (sameKey(element, order[orderAt], mergeKey)) at++;
    orderAt++;
  }
  if (at < kept.length && orderAt >= order.length) {
    throw mergeFailure(
      `The order in patch list:\n${goValueText(patch)}\n doesn't match $setElementOrder list:\n${goValueText(order)}\n`,
    );
  }
}

function sameKey(left: unknown, right: unknown, mergeKey: string): boolean {
  if (mergeKey === "") return left === right;
  return asKeyed(left, mergeKey)[mergeKey] === asKeyed(right, mergeKey)[mergeKey];
}
