// RFC 7386 as upstream applies it (evanphx/json-patch v4). Only what the patch names is copied.
import { badRequest } from "@coracle/shared/machinery/status-error";
import { isObject, type JsonObject, jsonKindOf, memberOf, setMember } from "./json-members.ts";
import type { FieldValidation } from "./json-patch.ts";

/**
 * Gives the patched document, which shares every untouched part with `document`; changes neither
 * argument. Throws a 400 StatusError when the patch is no object (with `fieldValidation` Ignore
 * upstream lets a list through, and it becomes the document).
 */
export function applyMergePatch(
  document: unknown,
  patch: unknown,
  options: { fieldValidation?: FieldValidation } = {},
): unknown {
  if (isObject(patch)) return isObject(document) ? merge(document, patch) : pruneNulls(patch);
  if (patch !== null && options.fieldValidation !== "Ignore") {
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${jsonKindOf(patch)} into Go value of type map[string]interface {}`,
    );
  }
  if (!Array.isArray(patch)) throw badRequest("Invalid JSON Patch");
  return pruneNulls(patch);
}

function merge(document: JsonObject, patch: JsonObject): JsonObject {
  const merged = { ...document };
  for (const name in patch) {
    const value = patch[name];
    if (value === null) {
      delete merged[name];
      continue;
    }
    const current = memberOf(merged, name);
    if (!isObject(current)) setMember(merged, name, pruneNulls(value));
    else setMember(merged, name, isObject(value) ? merge(current, value) : value);
  }
  return merged;
}

/**
 * Drops null members at every depth; null elements of lists stay. The value itself when nothing is
 * to drop.
 */
function pruneNulls(value: unknown): unknown {
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined;
    for (let i = 0; i < value.length; i++) {
      const pruned = pruneNulls(value[i]);
      if (pruned !== value[i]) {
        copy ??= value.slice();
        copy[i] = pruned;
      }
    }
    return copy ?? value;
  }
  if (!isObject(value)) return value;
  let copy: JsonObject | undefined;
  for (const name in value) {
    const member = value[name];
    if (member === null) {
      copy ??= { ...value };
      delete copy[name];
      continue;
    }
    const pruned = pruneNulls(member);
    if (pruned !== member) {
      copy ??= { ...value };
      setMember(copy, name, pruned);
    }
  }
  return copy ?? value;
}
