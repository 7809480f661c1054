// At-rest bytes of an object: compact JSON that begins with kind, apiVersion and metadata, without
// the resource version, so that the watch cache can splice that in and a list can slice the type
// off.
import type { KubernetesObject, ResourceRow } from "@coracle/shared/api/resources";
import { apiVersionOf } from "@coracle/shared/api/resources";

const HTML = /[<>&\u2028\u2029]/g;

/** Several searches for one character are faster than one for any of them. */
const hasHtml = (text: string): boolean =>
  text.includes("&") ||
  text.includes("<") ||
  text.includes(">") ||
  text.includes("\u2028") ||
  text.includes("\u2029");

/** Compact JSON in which, as from Go's encoder, `<`, `>`, `&` and the line separators are
 *  escaped. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value);
  if (!hasHtml(text)) return text;
  return text.replace(HTML, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** At-rest bytes, and where in them the members behind metadata are: [start of the value, its end]. */
export interface EncodedObject {
  bytes: Buffer;
  spans: Readonly<Record<string, readonly [number, number]>>;
}

/** What was encoded before; its value has to be the one that its bytes say. */
export interface EncodedBefore {
  object: KubernetesObject;
  encoded?: EncodedObject | undefined;
}

/** `object` has its members in upstream's order, as decode.ts yields them. */
export const encodeObject = (object: KubernetesObject): Buffer => encodeParts(object).bytes;

/** As encodeObject. Members that are the very same value as `before`'s are copied, not encoded again. */
export function encodeParts(object: KubernetesObject, before?: EncodedBefore): EncodedObject {
  const { kind, apiVersion, metadata, ...rest } = object as KubernetesObject &
    Record<string, unknown>;
  const atRest =
    metadata.resourceVersion === undefined ? metadata : { ...metadata, resourceVersion: undefined };
  const old = before?.object as Record<string, unknown> | undefined;
  const encoded = before?.encoded;
  const parts: Buffer[] = [
    Buffer.from(jsonText({ kind, apiVersion, metadata: atRest }).slice(0, -1)),
  ];
  let length = (parts[0] as Buffer).length;
  const spans: Record<string, readonly [number, number]> = {};
  for (const name in rest) {
    const value = rest[name];
    if (value === undefined) continue;
    const label = Buffer.from(`,${jsonText(name)}:`);
    const known = value === old?.[name] ? encoded?.spans[name] : undefined;
    const part: Buffer =
      encoded !== undefined && known !== undefined && typeof value === "object"
        ? encoded.bytes.subarray(...known)
        : Buffer.from(jsonText(value));
    const start = length + label.length;
    length = start + part.length;
    spans[name] = [start, length];
    parts.push(label, part);
  }
  parts.push(CLOSE);
  return { bytes: joined(parts, length + 1), spans };
}

/** In memory of its own: what is kept for long does not keep a page of Node's pool with it. */
function joined(parts: readonly Buffer[], length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const part of parts) at += part.copy(bytes, at);
  return bytes;
}

const CLOSE = Buffer.from("}");

/** `{"kind":"Pod","apiVersion":"v1","metadata":{`: what every object of the kind begins with. */
export const objectHead = (kind: string, apiVersion: string): string =>
  `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":{`;

/** Bytes before the metadata's first member: where the resource version goes. */
export const headLength = (row: Pick<ResourceRow, "group" | "version" | "kind">): number =>
  Buffer.byteLength(objectHead(row.kind, apiVersionOf(row as ResourceRow)));

/** Bytes before `"metadata"`: what a list item loses. */
export const typeLength = (row: Pick<ResourceRow, "group" | "version" | "kind">): number =>
  headLength(row) - `"metadata":{`.length;
