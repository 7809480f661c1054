// RFC 6902 as upstream applies it (evanphx/json-patch v4): negative indices count from the end,
// `replace` of a missing member adds it, a missing member tests equal to null. The document is
// never changed: containers are copied along the patched paths, once each.
import { badRequest, type StatusError, statusError } from "@coracle/shared/machinery/status-error";
import { isTooDeep } from "../encoding/json-document.ts";
import {
  equalJson,
  hasMember,
  isObject,
  type JsonObject,
  jsonKindOf,
  memberOf,
  setMember,
} from "./json-members.ts";

const OPERATIONS_MAX = 10_000;
/** Of everything that a patch copies, as JSON: each copy may double the document. */
const COPIED_BYTES_MAX = 3 * 1024 * 1024;

export type FieldValidation = "Ignore" | "Warn" | "Strict";

export interface JsonPatchOptions {
  /** The request's `fieldValidation`, default "Warn": chooses the words of decoding errors. */
  fieldValidation?: FieldValidation;
  /**
   * Receives upstream's texts for unknown members of operations (warnings, or errors when Strict).
   */
  strictErrors?: string[];
}

type Container = JsonObject | unknown[];

/** Upstream hides why an operation did not apply behind these words. */
function inapplicable(): StatusError {
  return statusError(
    "Invalid",
    "the server rejected our request due to an error in our request",
    {},
  );
}

/**
 * Applies a JSON Patch and gives the patched document, which shares every untouched part with
 * `document`. Throws StatusError: 400 when `patch` is no list of operations, 413 above 10,000 of
 * them, 422 when one does not apply.
 */
export function applyJsonPatch(
  document: unknown,
  patch: unknown,
  options: JsonPatchOptions = {},
): unknown {
  checkShape(patch, options);
  if (patch === null) return document;
  const operations = patch as (JsonObject | null)[];
  if (operations.length > OPERATIONS_MAX) {
    throw statusError(
      "RequestEntityTooLarge",
      `Request entity too large: The allowed maximum operations in a JSON patch is ${OPERATIONS_MAX}, got ${operations.length}`,
    );
  }
  const draft = new Draft(document);
  for (const operation of operations) apply(draft, operation ?? {});
  if (isTooDeep(draft.root)) throw badRequest("exceeded max depth");
  return draft.root;
}

/** Upstream decodes into a typed list first unless validation is off. */
function checkShape(patch: unknown, { fieldValidation, strictErrors }: JsonPatchOptions): void {
  const typed = fieldValidation !== "Ignore";
  const prefix = typed ? "error decoding patch: " : "";
  const listType = typed ? "[]handlers.jsonPatchOp" : "jsonpatch.Patch";
  if (patch === null) return;
  if (!Array.isArray(patch)) {
    throw badRequest(
      `${prefix}json: cannot unmarshal ${jsonKindOf(patch)} into Go value of type ${listType}`,
    );
  }
  const itemType = typed ? "handlers.jsonPatchOp" : "jsonpatch.Operation";
  for (let i = 0; i < patch.length; i++) {
    const operation = patch[i];
    if (operation === null) continue;
    if (!isObject(operation)) {
      throw badRequest(
        `${prefix}json: cannot unmarshal ${jsonKindOf(operation)} into Go value of type ${itemType}`,
      );
    }
    if (typed) checkMembers(operation, i, strictErrors);
  }
}

function checkMembers(operation: JsonObject, index: number, strictErrors?: string[]): void {
  for (const name in operation) {
    if (name === "value") continue;
    if (name !== "op" && name !== "path" && name !== "from") {
      strictErrors?.push(`json patch unknown field "[${index}].${name}"`);
      continue;
    }
    const value = operation[name];
    if (value !== null && typeof value !== "string") {
      throw badRequest(
        `error decoding patch: json: cannot unmarshal ${jsonKindOf(value)} into Go struct field jsonPatchOp.${name} of type string`,
      );
    }
  }
}

/** A document under change: `#copied` holds the containers that are ours to write to. */
class Draft {
  root: unknown;
  #copiedBytes = 0;
  readonly #copied = new Set<unknown>();

  constructor(root: unknown) {
    this.root = root;
  }

  /** The container that holds the last part of `path`, and that part. */
  find(path: string): { container: Container; key: string } {
    const parts = path.split("/");
    if (parts.length < 2 || !isContainer(this.root)) throw inapplicable();
    let container: Container = this.root;
    for (let i = 1; i < parts.length - 1; i++) {
      const next = read(container, decodePart(parts[i] as string));
      if (!isContainer(next)) throw inapplicable();
      container = next;
    }
    return { container, key: decodePart(parts[parts.length - 1] as string) };
  }

  /** As `find`, with the containers of the path copied. */
  open(path: string): { container: Container; key: string } {
    const parts = path.split("/");
    if (parts.length < 2 || !isContainer(this.root)) throw inapplicable();
    this.root = this.#own(this.root);
    let container = this.root as Container;
    for (let i = 1; i < parts.length - 1; i++) {
      const key = decodePart(parts[i] as string);
      const next = read(container, key);
      if (!isContainer(next)) throw inapplicable();
      const owned = this.#own(next);
      if (owned !== next) write(container, key, owned);
      container = owned;
    }
    return { container, key: decodePart(parts[parts.length - 1] as string) };
  }

  /** A copy, since a container of ours may be written to later, through either of its two places. */
  copyOf(value: unknown): unknown {
    const text = JSON.stringify(value ?? null);
    this.#copiedBytes += Buffer.byteLength(text);
    if (this.#copiedBytes > COPIED_BYTES_MAX) throw inapplicable();
    return JSON.parse(text) as unknown;
  }

  #own(container: Container): Container {
    if (this.#copied.has(container)) return container;
    const copy = Array.isArray(container) ? container.slice() : { ...container };
    this.#copied.add(copy);
    return copy;
  }
}

function isContainer(value: unknown): value is Container {
  return typeof value === "object" && value !== null;
}

function decodePart(part: string): string {
  return part.includes("~") ? part.replace(/~[01]/g, (x) => (x === "~1" ? "/" : "~")) : part;
}

/** An index that exists, counted from the end when negative. */
function indexIn(list: unknown[], key: string): number {
  const index = parseIndex(key);
  const at = index < 0 ? index + list.length : index;
  if (at < 0 || at >= list.length) throw inapplicable();
  return at;
}

function parseIndex(key: string): number {
  if (!/^[+-]?[0-9]+$/.test(key)) throw inapplicable();
  return Number(key);
}

function read(container: Container, key: string): unknown {
  if (Array.isArray(container)) return container[indexIn(container, key)];
  return memberOf(container, key);
}

function write(container: Container, key: string, value: unknown): void {
  if (Array.isArray(container)) container[indexIn(container, key)] = value;
  else setMember(container, key, value);
}

function insert(container: Container, key: string, value: unknown): void {
  if (!Array.isArray(container)) {
    setMember(container, key, value);
    return;
  }
  if (key === "-") {
    container.push(value);
    return;
  }
  const index = parseIndex(key);
  const at = index < 0 ? index + container.length + 1 : index;
  if (at < 0 || at > container.length) throw inapplicable();
  container.splice(at, 0, value);
}

function take(container: Container, key: string): unknown {
  if (Array.isArray(container)) return container.splice(indexIn(container, key), 1)[0];
  if (!hasMember(container, key)) throw inapplicable();
  const value = container[key];
  delete container[key];
  return value;
}

function textOf(operation: JsonObject, member: "path" | "from"): string {
  const value = memberOf(operation, member);
  if (typeof value !== "string") throw inapplicable();
  return value;
}

function apply(draft: Draft, operation: JsonObject): void {
  const path = textOf(operation, "path");
  const value = memberOf(operation, "value") ?? null;
  switch (operation.op) {
    case "add":
      addAt(draft, path, value);
      break;
    case "remove":
      takeFrom(draft, path);
      break;
    case "replace":
      replaceAt(draft, path, value);
      break;
    case "move":
      addAt(draft, path, takeFrom(draft, textOf(operation, "from")));
      break;
    case "copy": {
      const { container, key } = draft.find(textOf(operation, "from"));
      addAt(draft, path, draft.copyOf(read(container, key)));
      break;
    }
    case "test": {
      const actual = valueAt(draft, path);
      if (!equalJson(actual ?? null, value)) throw inapplicable();
      break;
    }
    default:
      throw inapplicable();
  }
}

function addAt(draft: Draft, path: string, value: unknown): void {
  const { container, key } = draft.open(path);
  insert(container, key, value);
}

function takeFrom(draft: Draft, path: string): unknown {
  const { container, key } = draft.open(path);
  return take(container, key);
}

function replaceAt(draft: Draft, path: string, value: unknown): void {
  if (path === "") {
    if (!isContainer(value)) throw inapplicable();
    draft.root = value;
    return;
  }
  const { container, key } = draft.open(path);
  write(container, key, value);
}

function valueAt(draft: Draft, path: string): unknown {
  if (path === "") return draft.root;
  const { container, key } = draft.find(path);
  return read(container, key);
}
