// At-rest bytes of an object: compact JSON that begins with kind, apiVersion and metadata, without
// the resource version, so that the watch cache can splice that in and a list can slice the type
// off.
import type { KubernetesObject, ResourceRow } from "@coracle/shared/api/resources";
import { apiVersionOf } from "@coracle/shared/api/resources";

const HTML = /[<>&\u2028\u2029]/g;
const HAS_HTML = /[<>&\u2028\u2029]/;

/** Compact JSON in which, as from Go's encoder, `<`, `>`, `&` and the line separators are
 *  escaped. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value);
  if (!HAS_HTML.test(text)) return text;
  return text.replace(HTML, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** `object` has its members in upstream's order, as decode.ts yields them. */
export function encodeObject(object: KubernetesObject): Buffer {
  const { kind, apiVersion, metadata, ...rest } = object;
  const atRest =
    metadata.resourceVersion === undefined ? metadata : { ...metadata, resourceVersion: undefined };
  return Buffer.from(jsonText({ kind, apiVersion, metadata: atRest, ...rest }), "utf8");
}

/** `{"kind":"Pod","apiVersion":"v1","metadata":{`: what every object of the kind begins with. */
export const objectHead = (kind: string, apiVersion: string): string =>
  `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":{`;

/** Bytes before the metadata's first member: where the resource version goes. */
export const headLength = (row: Pick<ResourceRow, "group" | "version" | "kind">): number =>
  Buffer.byteLength(objectHead(row.kind, apiVersionOf(row as ResourceRow)));

/** Bytes before `"metadata"`: what a list item loses. */
export const typeLength = (row: Pick<ResourceRow, "group" | "version" | "kind">): number =>
  headLength(row) - `"metadata":{`.length;
