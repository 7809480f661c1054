// Bodies that are no objects of the path's kind: options of a delete, patches, applied
// configurations.
import type { KubernetesObject } from "@coracle/shared/api/resources";
import type { DeleteOptions } from "@coracle/shared/api/types/meta-v1";
import { badRequest, StatusError } from "@coracle/shared/machinery/status-error";
import type { FieldValidation } from "./body-document.ts";
import {
  bodyMediaType,
  InterpretError,
  interpretKind,
  kindTypeName,
  META,
  withDefaults,
} from "./body-document.ts";
import { noKindRegistered, unsupportedMediaType } from "./decode-errors.ts";
import { diagnose } from "./diagnose.ts";
import type { JsonNode } from "./json-document.ts";
import {
  duplicateKeys,
  hugeNumber,
  JsonSyntaxError,
  plainJson,
  plainValue,
  readJson,
} from "./json-document.ts";
import { normaliseValue } from "./normalise.ts";
import { decodeEnvelope, ProtobufError } from "./protobuf.ts";
import { scanJson } from "./scan-json.ts";
import { readYaml, YamlError } from "./yaml-document.ts";

/** Options of another kind in meta/v1 than DeleteOptions need `kind`. An empty body means no
 *  options. Throws StatusError. */
export function decodeOptions(
  body: Buffer,
  contentType: string | undefined,
  kind = "DeleteOptions",
): Record<string, unknown> {
  if (body.length === 0) return {};
  const media = bodyMediaType(contentType);
  try {
    if (media === "application/vnd.kubernetes.protobuf")
      return decodeEnvelope(body).decode(`${META}.${kind}`);
    if (media === "application/json") return optionsOf(readJson(body.toString("utf8")), kind);
    if (media === "application/yaml") return optionsOf(readYaml(body.toString("utf8")).node, kind);
    throw unsupportedMediaType();
  } catch (error) {
    throw asBadRequest(error, "couldn't get version/kind; json parse error: ");
  }
}

export const decodeDeleteOptions = (body: Buffer, contentType: string | undefined): DeleteOptions =>
  decodeOptions(body, contentType) as DeleteOptions;

function optionsOf(node: JsonNode, kind: string): Record<string, unknown> {
  const actual = withDefaults(interpretKind(node), { group: "meta.k8s.io", version: "v1", kind });
  if (kindTypeName(actual) === undefined && actual.group !== "meta.k8s.io")
    throw badRequest(noKindRegistered(actual));
  if (actual.kind !== kind) throw badRequest(`decoded object cannot be converted to ${kind}`);
  const { error } = diagnose(node, `${META}.${kind}`);
  if (error !== undefined) throw badRequest(error);
  const options = normaliseValue(`${META}.${kind}`, plainValue(node), { keys: 0, tolerant: true });
  return options;
}

/** A reader's error as the 400 that upstream makes of it; others stay what they are. */
function asBadRequest(error: unknown, jsonPrefix: string): unknown {
  if (error instanceof StatusError) return error;
  if (error instanceof JsonSyntaxError) return badRequest(`${jsonPrefix}${error.message}`);
  const isReaders =
    error instanceof InterpretError || error instanceof YamlError || error instanceof ProtobufError;
  return isReaders ? badRequest(error.message) : error;
}

/** A patch's body. Throws StatusError with upstream's text for JSON and merge patches. */
export function parseJson(body: Buffer): unknown {
  const text = body.toString("utf8");
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  try {
    return plainJson(readJson(text));
  } catch (error) {
    throw asBadRequest(error, "error decoding patch: ");
  }
}

/** A patch with the keys that it repeats (`duplicate field "spec.replicas"`): upstream adds them
 *  to the strict errors of the result. None are looked for when `fieldValidation` is Ignore.
 *  Throws StatusError. */
export function decodePatch(
  body: Buffer,
  type: "json" | "merge" | "strategic",
  fieldValidation: FieldValidation,
): { patch: unknown; strict: string[] } {
  const quick = decodePatchQuickly(body);
  if (quick !== undefined && (type === "json" || !Array.isArray(quick))) {
    return { patch: quick, strict: [] };
  }
  const prefix = type === "strategic" ? "" : "error decoding patch: ";
  let node: JsonNode;
  try {
    node = readJson(body.toString("utf8"));
  } catch (error) {
    throw asBadRequest(error, prefix);
  }
  // What a JSON patch has to be, applyJsonPatch says.
  if (type !== "json" && node.type !== "object" && node.type !== "null") {
    const goType = "map[string]interface {}";
    throw badRequest(
      `${prefix}json: cannot unmarshal ${node.type} into Go value of type ${goType}`,
    );
  }
  const huge = hugeNumber(node);
  if (huge !== undefined) {
    const what = `number ${huge} into Go value of type float64`;
    throw badRequest(`${prefix}json: cannot unmarshal ${what}`);
  }
  const repeated = fieldValidation === "Ignore" ? [] : duplicateKeys(node);
  const strict = type === "json" ? repeated.map((text) => `json patch ${text}`) : repeated;
  return { patch: plainJson(node), strict };
}

/** undefined for what is no list or object, repeats a key, or has numbers that JSON.parse would not report faithfully. */
function decodePatchQuickly(body: Buffer): object | undefined {
  const scan = scanJson(body);
  if (scan === undefined) return undefined;
  try {
    const value = JSON.parse(body.toString("utf8")) as unknown;
    if (typeof value !== "object" || value === null) return undefined;
    return countKeys(value, 0) === scan ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const QUICK_DEPTH_MAX = 100;

/** NaN where the quick way does not do. */
function countKeys(value: unknown, depth: number): number {
  if (typeof value === "number") return Number.isSafeInteger(value) ? 0 : Number.NaN;
  if (typeof value !== "object" || value === null) return 0;
  if (depth === QUICK_DEPTH_MAX) return Number.NaN;
  let keys = 0;
  if (Array.isArray(value)) for (const item of value) keys += countKeys(item, depth + 1);
  else for (const key in value) keys += 1 + countKeys((value as JsonMembers)[key], depth + 1);
  return keys;
}

type JsonMembers = Readonly<Record<string, unknown>>;

/** The configuration of a server-side apply, YAML or JSON, with exactly the fields that it
 *  names. Throws StatusError. */
export function decodeApply(
  body: Buffer,
  _resource: unknown,
  fieldValidation: FieldValidation,
): { object: KubernetesObject; warnings: string[] } {
  let document: ReturnType<typeof readYaml>;
  try {
    document = readYaml(body.toString("utf8"));
  } catch (error) {
    if (error instanceof YamlError)
      throw badRequest(`error decoding YAML: error converting YAML to JSON: ${error.message}`);
    throw error;
  }
  const { node, duplicates } = document;
  if (node.type !== "object" && node.type !== "null")
    throw badRequest(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${node.type} into Go value of type map[string]interface {}`,
    );
  if (duplicates !== undefined && fieldValidation === "Strict")
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${duplicates}`);
  const warnings =
    duplicates === undefined || fieldValidation === "Ignore"
      ? []
      : duplicates
          .split("\n")
          .slice(1)
          .map((line) => line.trim());
  return { object: (plainJson(node) ?? {}) as KubernetesObject, warnings };
}
