// kubectl's annotation of client-side apply, where it meets server-side apply: what it names may be
// taken over, and it is kept in step.
import type { KubernetesObject } from "@coracle/shared/api/resources";
import { equalJson, isObject, type JsonObject } from "../patch/json-members.ts";
import { compareObjects } from "./compare.ts";
import { difference, type FieldSet } from "./field-set.ts";
import { ElementError } from "./list-elements.ts";
import type { ManagedType } from "./managed-type.ts";
import { fieldSetOf } from "./typed-walk.ts";
import { validateTyped } from "./validate-typed.ts";

export const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const ANNOTATIONS_BYTES_MAX = 256 * 1024;

/**
 * The fields that kubectl's last client-side apply set and that still have the values it gave them.
 * undefined when there is no annotation or it cannot be made out.
 */
export function lastAppliedFields(
  type: ManagedType,
  live: KubernetesObject,
  apiVersion: string,
): FieldSet | undefined {
  const text = live.metadata.annotations?.[LAST_APPLIED];
  if (text === undefined || text === "") return undefined;
  try {
    const last: unknown = JSON.parse(text);
    if (!isObject(last) || last.apiVersion !== apiVersion) return undefined;
    // Upstream gives up on a live object with duplicates in its lists, too.
    if (validateTyped(type, last).length > 0 || validateTyped(type, live).length > 0)
      return undefined;
    const { changed, removed } = compareObjects(type, last, live);
    return difference(difference(fieldSetOf(type, last), changed), removed);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ElementError) return undefined;
    throw error;
  }
}

/** The object with its annotation, where it has one, made to say what was applied now. */
export function withLastApplied(
  object: KubernetesObject,
  applied: KubernetesObject,
): KubernetesObject {
  const before = object.metadata.annotations;
  if ((before?.[LAST_APPLIED] ?? "") === "") return object;
  const annotations = { ...before, [LAST_APPLIED]: lastAppliedText(applied) };
  if (bytesOf(annotations) > ANNOTATIONS_BYTES_MAX)
    delete (annotations as JsonObject)[LAST_APPLIED];
  if (equalJson(annotations, before)) return object;
  return { ...object, metadata: { ...object.metadata, annotations } };
}

function lastAppliedText(applied: KubernetesObject): string {
  const metadata: JsonObject = { ...(applied.metadata as unknown as JsonObject) };
  if (isObject(metadata.annotations)) {
    const { [LAST_APPLIED]: _, ...annotations } = metadata.annotations;
    for (const name in annotations) if (annotations[name] === null) annotations[name] = "";
    metadata.annotations = annotations;
  } else {
    delete metadata.annotations;
  }
  return `${goJson({ ...(applied as unknown as JsonObject), metadata })}\n`;
}

/** JSON as Go's encoder writes maps: members sorted, `<`, `>` and `&` escaped. */
function goJson(value: unknown): string {
  const text = JSON.stringify(sorted(value));
  return text.replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted(value[name])]));
}

function bytesOf(annotations: Record<string, string>): number {
  let bytes = 0;
  for (const name in annotations) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(annotations[name] ?? "");
  }
  return bytes;
}
