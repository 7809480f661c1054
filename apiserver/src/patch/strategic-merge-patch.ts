// Strategic merge patch (apimachinery pkg/util/strategicpatch): a merge patch that knows from the
// field facts which lists merge by key, with directives in the patch: `$patch`, `$retainKeys`,
// `$deleteFromPrimitiveList/x`, `$setElementOrder/x`. The document is never changed; levels that
// the patch names are copied once.
import { badRequest } from "@coracle/shared/machinery/status-error";
import { goStringVerb, goTypeName, goValueText } from "./go-value-text.ts";
import {
  hasMember,
  isObject,
  type JsonObject,
  jsonKindOf,
  memberOf,
  setMember,
} from "./json-members.ts";
import { mergeFailure } from "./merge-failure.ts";
import { type PatchField, type PatchType, patchTypeOf } from "./patch-schema.ts";
import {
  type ListMerge,
  mergeList,
  orderElements,
  partition,
  uniformKind,
  validateElementOrder,
} from "./strategic-list-merge.ts";

const ELEMENT_ORDER = "$setElementOrder";
const DELETE_FROM_LIST = "$deleteFromPrimitiveList";

/**
 * Applies a strategic merge patch to an object of the named type (`io.k8s.api.core.v1.Pod`); shares
 * what the patch does not touch, changes neither argument. Throws StatusError: 400 for a malformed
 * patch or directive, 422 for lists of lists, 500 (as upstream) for elements without their merge
 * key and unknown directives. Members that no field of the type has, and nulls inside new list
 * elements, pass through: decoding the result deals with them.
 */
export function applyStrategicMergePatch(
  document: unknown,
  patch: unknown,
  typeName: string,
): unknown {
  if (patch === null) return document;
  if (!isObject(patch)) {
    throw badRequest(
      `json: cannot unmarshal ${jsonKindOf(patch)} into Go value of type map[string]interface {}`,
    );
  }
  return mergeMap(isObject(document) ? document : {}, patch, patchTypeOf(typeName));
}

/** Merges one object level. */
function mergeMap(original: JsonObject, patch: JsonObject, type: PatchType): JsonObject {
  if (hasMember(patch, "$patch")) return directed(patch);
  const merged = hasMember(patch, "$retainKeys") ? retainKeys(original, patch) : { ...original };
  const consumed = mergeOrderedLists(merged, patch, type);
  for (const name in patch) {
    if (name === "$retainKeys" || consumed?.has(name)) continue;
    mergeMember(merged, name, patch[name], type);
  }
  return merged;
}

/** `$patch` inside a map: replace takes the patch as it is, delete leaves nothing. */
function directed(patch: JsonObject): JsonObject {
  const { $patch: directive, ...rest } = patch;
  if (directive === "replace") return rest;
  if (directive === "delete") return {};
  throw mergeFailure(
    `unknown patch type: ${goStringVerb(directive)} in map: ${goValueText(patch)}`,
  );
}

/**
 * The members of `original` that `$retainKeys` lists. Whatever else the patch sets must be listed,
 * too.
 */
function retainKeys(original: JsonObject, patch: JsonObject): JsonObject {
  const list = patch.$retainKeys;
  if (!Array.isArray(list)) throw badRequest("invalid patch format of retainKeys");
  const retained = new Set<unknown>(list);
  for (const name in patch) {
    if (name === "$retainKeys" || patch[name] === null || retained.has(name)) continue;
    if (name.startsWith(DELETE_FROM_LIST) || name.startsWith(ELEMENT_ORDER)) continue;
    throw badRequest("invalid patch format of retainKeys");
  }
  const kept: JsonObject = {};
  for (const name in original) if (retained.has(name)) setMember(kept, name, original[name]);
  return kept;
}

function mergeMember(merged: JsonObject, member: string, value: unknown, type: PatchType): void {
  const deletes = member.startsWith(DELETE_FROM_LIST);
  const name = deletes ? listOf(member, DELETE_FROM_LIST) || member : member;
  if (value === null) {
    delete merged[name];
    return;
  }
  const present = hasMember(merged, name);
  const current = present ? merged[name] : undefined;
  if (isObject(current) && isObject(value)) {
    const field = lookup(type, name);
    const next = field.strategy === "replace" ? value : mergeMap(current, value, field.type);
    setMember(merged, name, next);
    return;
  }
  if (Array.isArray(current) && Array.isArray(value)) {
    const field = lookupList(type, name);
    if (field.strategy !== "merge" && !deletes) setMember(merged, name, value);
    else {
      const list: ListMerge = { original: current.slice(), patch: value, field, deletes };
      setMember(merged, name, mergeList(list, mergeMap));
    }
    return;
  }
  // Upstream asks whether the Go types differ; a scalar in place of a scalar ends the same either
  // way.
  const scalars = present && goTypeName(current) === goTypeName(value);
  if (deletes && !scalars) return;
  const taken = withoutDirectives(value, true);
  if (taken === undefined) delete merged[name];
  else setMember(merged, name, taken);
}

/**
 * Merges the lists that have a `$setElementOrder/<list>` beside them and gives the members of the
 * patch that are thereby done with.
 */
function mergeOrderedLists(
  merged: JsonObject,
  patch: JsonObject,
  type: PatchType,
): Set<string> | undefined {
  let consumed: Set<string> | undefined;
  for (const member in patch) {
    if (!member.startsWith(ELEMENT_ORDER)) continue;
    consumed ??= new Set();
    consumed.add(member);
    const order = asList(patch[member]);
    const name = listOf(member, ELEMENT_ORDER);
    if (mergeOrderedList(merged, patch, name, order, type)) consumed.add(name);
  }
  return consumed;
}

function mergeOrderedList(
  merged: JsonObject,
  patch: JsonObject,
  name: string,
  order: unknown[],
  type: PatchType,
): boolean {
  const inOriginal = hasMember(merged, name);
  const inPatch = hasMember(patch, name);
  // Copied: the merge below moves elements within it, and their new places decide the order (as
  // upstream's).
  const original = inOriginal ? asList(merged[name]).slice() : [];
  const patched = inPatch ? asList(patch[name]) : [];
  const field = lookupList(type, name);
  const { mergeKey } = field;
  validateElementOrder(patched, order, mergeKey);
  let elements: unknown[];
  if (!inPatch) {
    if (!inOriginal) return false;
    elements = original;
  } else if (!inOriginal) {
    elements = withoutDirectives(patched, false) as unknown[];
  } else if (field.strategy === "merge") {
    elements = mergeList({ original, patch: patched, field, deletes: false }, mergeMap);
  } else {
    elements = patched;
  }
  const parts = partition(elements, order, mergeKey);
  const kind = uniformKind(original, patched);
  if (kind === undefined) throw mergeFailure("no elements in any of the given slices");
  setMember(merged, name, orderElements(parts, order, original, mergeKey, kind));
  return true;
}

function asList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw mergeFailure(`expected a []interface {}, but received a ${goTypeName(value)}`);
}

/** The list that a directive is about: what follows the first slash. */
function listOf(member: string, prefix: string): string {
  if (member.startsWith(`${prefix}/`)) return member.slice(prefix.length + 1);
  throw badRequest(
    prefix === ELEMENT_ORDER
      ? "invalid patch format of setElementOrder list"
      : "invalid patch format of primitive list",
  );
}

function lookup(type: PatchType, name: string): PatchField {
  if (type.kind !== "struct") {
    throw mergeFailure(
      `merging an object in json but data type is not struct, instead is: ${type.kind}`,
    );
  }
  const field = type.fields.get(name);
  if (field !== undefined) return field;
  throw mergeFailure(
    `unable to find api field in struct ${type.goName} for the json field ${JSON.stringify(name)}`,
  );
}

function lookupList(type: PatchType, name: string): PatchField {
  const field = lookup(type, name);
  if (field.type.kind === "slice") return field;
  throw mergeFailure(`expected slice or array type, but got: ${type.kind}`);
}

/**
 * A value that is new to the document: what carries a `$patch` goes, and null members go where
 * `discardNulls`. undefined when nothing is left; the value itself when nothing is to drop.
 */
function withoutDirectives(value: unknown, discardNulls: boolean): unknown {
  if (Array.isArray(value)) {
    const kept: unknown[] = [];
    let same = true;
    for (const element of value) {
      const next = withoutDirectives(element, discardNulls);
      if (next !== undefined) kept.push(next);
      if (next !== element) same = false;
    }
    return same ? value : kept;
  }
  if (!isObject(value)) return value;
  if (hasMember(value, "$patch") && !(discardNulls && value.$patch === null)) return undefined;
  const kept: JsonObject = {};
  let same = true;
  for (const name in value) {
    const member = memberOf(value, name);
    const next =
      member === null && discardNulls ? undefined : withoutDirectives(member, discardNulls);
    if (next !== undefined) setMember(kept, name, next);
    if (next !== member) same = false;
  }
  return same ? value : kept;
}
