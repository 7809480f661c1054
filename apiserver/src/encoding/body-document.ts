// The slow, exact reading of a body that has become a JSON document (JSON itself, YAML, a patch's
// result): which kind it claims to be, and what is wrong with it.
import { typeNameOf } from "@coracle/shared/api/facts";
import type { GroupVersionKind } from "./decode-errors.ts";
import { groupVersionText } from "./decode-errors.ts";
import type { JsonNode } from "./json-document.ts";

/** The message is upstream's. */
export class InterpretError extends Error {}

const FIND_KIND =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/** Upstream looks for the kind with a reader that takes keys in any case. */
export function interpretKind(document: JsonNode): GroupVersionKind {
  const parseError = (what: string): InterpretError =>
    new InterpretError(`couldn't get version/kind; json parse error: ${what}`);
  const found = { apiversion: "", kind: "" };
  if (document.type !== "null" && document.type !== "object")
    throw parseError(`json: cannot unmarshal ${document.type} into Go value of type ${FIND_KIND}`);
  for (const { key, value } of document.type === "object" ? document.members : []) {
    const name = key.toLowerCase();
    if ((name !== "apiversion" && name !== "kind") || value.type === "null") continue;
    if (value.type !== "string")
      throw parseError(
        `json: cannot unmarshal ${value.type} into Go struct field .${name === "kind" ? "kind" : "apiVersion"} of type string`,
      );
    found[name] = value.value;
  }
  return { ...interpretGroupVersion(found.apiversion), kind: found.kind };
}

export function interpretGroupVersion(text: string): { group: string; version: string } {
  if (text === "" || text === "/") return { group: "", version: "" };
  const parts = text.split("/");
  if (parts.length === 1) return { group: "", version: text };
  if (parts.length === 2) return { group: parts[0] as string, version: parts[1] as string };
  throw new InterpretError(`unexpected GroupVersion string: ${text}`);
}

/** What the body leaves open is as the path says. */
export function withDefaults(
  actual: GroupVersionKind,
  expected: GroupVersionKind,
): GroupVersionKind {
  const { group, version, kind } = actual;
  const whole = group === "" && version === "";
  return {
    kind: kind === "" ? expected.kind : kind,
    group: whole ? expected.group : group,
    version: whole || (version === "" && group === expected.group) ? expected.version : version,
  };
}

export type FieldValidation = "Strict" | "Warn" | "Ignore";

export const META = "io.k8s.apimachinery.pkg.apis.meta.v1";

/** Kinds that every group version has. */
const metaKinds = new Set([
  "CreateOptions",
  "DeleteOptions",
  "GetOptions",
  "ListOptions",
  "PatchOptions",
  "UpdateOptions",
  "WatchEvent",
]);

/** The facts' name for a kind; undefined when no such kind is registered. */
export function kindTypeName(of: GroupVersionKind): string | undefined {
  const own = typeNameOf(of.group, of.version, of.kind);
  if (own !== undefined) return own;
  if (metaKinds.has(of.kind) || (of.kind === "Status" && groupVersionText(of) === "v1"))
    return `${META}.${of.kind}`;
  return undefined;
}

/** `application/json; charset=utf-8` → `application/json`. Absent means JSON. */
export function bodyMediaType(contentType: string | undefined): string {
  if (contentType === undefined || contentType === "" || contentType === "application/json")
    return "application/json";
  const [type, ...parameters] = contentType.split(";");
  const wellFormed = parameters.every((p) => p.trim() === "" || /^\s*[^\s=]+\s*=/.test(p));
  return wellFormed ? (type as string).trim().toLowerCase() : "";
}
