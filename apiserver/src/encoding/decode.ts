// Request bodies: JSON, YAML and protobuf into the object that upstream's Go round trip would
// print.
//
// JSON takes a fast path: JSON.parse, one walk over the value (normalise.ts) and one over the
// bytes, which tells whether JSON.parse may have hidden something (a repeated key, a number's
// spelling). Anything unusual goes the slow way, which also finds upstream's words for it.
import type { KubernetesObject } from "@coracle/shared/api/resources";
import { invalidValue } from "@coracle/shared/machinery/field-error";
import type { StatusError } from "@coracle/shared/machinery/status-error";
import { badRequest, invalid } from "@coracle/shared/machinery/status-error";
import type { FieldValidation } from "./body-document.ts";
import {
  bodyMediaType,
  InterpretError,
  interpretKind,
  kindTypeName,
  withDefaults,
} from "./body-document.ts";
import type { GroupVersionKind } from "./decode-errors.ts";
import {
  cannotBeHandled,
  groupVersionText,
  noKindRegistered,
  strictText,
  unknownConversion,
  unrecognized,
  unsupportedMediaType,
  versionMismatch,
} from "./decode-errors.ts";
import { diagnose } from "./diagnose.ts";
import { diagnoseUnstructured, goPrint, UnstructuredError } from "./diagnose-unstructured.ts";
import type { JsonNode } from "./json-document.ts";
import { JsonSyntaxError, plainJson, plainValue, readJson } from "./json-document.ts";
import { normaliseValue, UNUSUAL } from "./normalise.ts";
import { decodeEnvelope, ProtobufError } from "./protobuf.ts";
import { scanJson } from "./scan-json.ts";
import { readYaml, YamlError } from "./yaml-document.ts";

export interface Decoded {
  object: KubernetesObject;
  /** Texts of `Warning` headers. */
  warnings: string[];
}

/** The body of a create or an update. Throws StatusError. */
export function decodeObject(
  body: Buffer,
  contentType: string | undefined,
  expected: GroupVersionKind,
  fieldValidation: FieldValidation,
): Decoded {
  switch (bodyMediaType(contentType)) {
    case "application/json":
      return (
        decodeQuickly(body, expected) ??
        decodeDocument(
          body,
          () => ({ node: readJson(body.toString("utf8")) }),
          expected,
          fieldValidation,
        )
      );
    case "application/yaml":
      return decodeDocument(body, () => readYaml(body.toString("utf8")), expected, fieldValidation);
    case "application/vnd.kubernetes.protobuf":
      return decodeProtobuf(body, expected);
    default:
      throw unsupportedMediaType();
  }
}

/** The object, complete with the kind that the path implies, in upstream's order. */
function typed(object: Record<string, unknown>, of: GroupVersionKind): KubernetesObject {
  const apiVersion = groupVersionText(of);
  // `/` and `apps/` stand for the version of the path, too.
  if (object.kind === of.kind && object.apiVersion === apiVersion)
    return object as unknown as KubernetesObject;
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
  return { kind: of.kind, apiVersion, ...rest } as KubernetesObject;
}

function decodeQuickly(body: Buffer, expected: GroupVersionKind): Decoded | undefined {
  const typeName = kindTypeName(expected);
  const scan = scanJson(body);
  if (typeName === undefined || scan === undefined) return undefined;
  try {
    const value = JSON.parse(body.toString("utf8")) as Record<string, unknown> | null;
    if (value === null || typeof value !== "object" || !isOf(value, expected)) return undefined;
    const tally = { keys: 0, tolerant: false, reuse: true };
    const object = normaliseValue(typeName, value, tally);
    return tally.keys === scan ? { object: typed(object, expected), warnings: [] } : undefined;
  } catch (error) {
    if (error === UNUSUAL || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isOf(value: Record<string, unknown>, expected: GroupVersionKind): boolean {
  const { kind, apiVersion } = value;
  return (
    (kind === expected.kind || kind === undefined) &&
    (apiVersion === undefined || apiVersion === groupVersionText(expected))
  );
}

interface BodyDocument {
  node: JsonNode;
  duplicates?: string;
}

function decodeDocument(
  body: Buffer,
  read: () => BodyDocument,
  expected: GroupVersionKind,
  fieldValidation: FieldValidation,
): Decoded {
  let document: BodyDocument;
  let actual: GroupVersionKind;
  try {
    document = read();
    actual = withDefaults(interpretKind(document.node), expected);
  } catch (error) {
    if (error instanceof JsonSyntaxError)
      throw unrecognized(
        expected,
        `couldn't get version/kind; json parse error: ${error.message}`,
        body,
      );
    if (error instanceof InterpretError || error instanceof YamlError)
      throw unrecognized(expected, error.message, body);
    throw error;
  }
  const typeName = kindTypeName(actual);
  if (typeName === undefined) throw unregistered(actual, expected);
  const { error, strict } = diagnose(document.node, typeName);
  if (error !== undefined) throw cannotBeHandled(actual, expected, error);
  checkConvertible(actual, expected);
  const findings = document.duplicates === undefined ? strict : [document.duplicates, ...strict];
  if (fieldValidation === "Strict" && findings.length > 0)
    throw cannotBeHandled(actual, expected, strictText(findings));
  checkVersion(actual, expected);
  const object = normaliseValue(typeName, plainValue(document.node), { keys: 0, tolerant: true });
  return {
    object: typed(object, expected),
    warnings: fieldValidation === "Warn" ? findings.flatMap(warningsOf) : [],
  };
}

/** Kinds that upstream still knows in versions that it no longer serves. */
const olderVersions: Readonly<Record<string, readonly string[]>> = {
  Deployment: ["apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"],
  ReplicaSet: ["apps/v1beta2", "extensions/v1beta1"],
  Scale: ["apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"],
  Event: ["events.k8s.io/v1beta1"],
  Lease: ["coordination.k8s.io/v1beta1"],
  EndpointSlice: ["discovery.k8s.io/v1beta1"],
  Ingress: ["networking.k8s.io/v1beta1", "extensions/v1beta1"],
  IngressClass: ["networking.k8s.io/v1beta1"],
  IPAddress: ["networking.k8s.io/v1beta1"],
  NetworkPolicy: ["extensions/v1beta1"],
  PodDisruptionBudget: ["policy/v1beta1"],
  ServiceCIDR: ["networking.k8s.io/v1beta1"],
};

function unregistered(actual: GroupVersionKind, expected: GroupVersionKind): StatusError {
  const isOlder = olderVersions[expected.kind]?.includes(groupVersionText(actual)) === true;
  return isOlder && actual.kind === expected.kind
    ? versionMismatch(actual, expected)
    : cannotBeHandled(actual, expected, noKindRegistered(actual));
}

const isSame = (actual: GroupVersionKind, expected: GroupVersionKind): boolean =>
  groupVersionText(actual) === groupVersionText(expected) && actual.kind === expected.kind;

/** A kind that upstream knows, but not the one that the path takes. */
function checkConvertible(actual: GroupVersionKind, expected: GroupVersionKind): void {
  if (isSame(actual, expected)) return;
  const sharedType =
    actual.kind === expected.kind && (actual.group === expected.group || actual.kind === "Event");
  if (!sharedType) throw cannotBeHandled(actual, expected, unknownConversion(actual, expected));
}

/** The kind that the path takes, but in another version. */
function checkVersion(actual: GroupVersionKind, expected: GroupVersionKind): void {
  if (!isSame(actual, expected)) throw versionMismatch(actual, expected);
}

/** YAML's findings come as one text of several lines. */
function warningsOf(finding: string): string[] {
  const lines = finding.split("\n").map((line) => line.trim());
  return lines.length === 1 ? lines : lines.slice(1);
}

function decodeProtobuf(body: Buffer, expected: GroupVersionKind): Decoded {
  let actual: GroupVersionKind | undefined;
  try {
    const envelope = decodeEnvelope(body);
    actual = withDefaults(envelope, expected);
    const typeName = kindTypeName(actual);
    if (typeName === undefined) throw unregistered(actual, expected);
    const object = envelope.decode(typeName);
    checkConvertible(actual, expected);
    checkVersion(actual, expected);
    return { object: typed(object, expected), warnings: [] };
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    if (actual === undefined) throw unrecognized(expected, error.message, body);
    throw cannotBeHandled(actual, expected, error.message);
  }
}

/** The patch that a value is the result of, for the words in which it is refused. */
export interface PatchOrigin {
  /** A strategic patch does not go through JSON, so upstream's errors differ. */
  type: "json" | "merge" | "strategic";
  patch: unknown;
  /** Keys that the patch repeats, as decodePatch finds them. */
  strict: readonly string[];
  /** What was patched, and has to stay that. */
  of?: GroupVersionKind;
}

/** An already parsed value: the result of a patch, or without `origin` of an apply. Throws StatusError with upstream's reason for
 *  a patch whose result does not decode: 422 on the field `patch`; of an apply UnstructuredError. */
export function decodeValue(
  value: unknown,
  typeName: string,
  fieldValidation: FieldValidation,
  origin?: PatchOrigin,
  /** An object of the type as this function yields it: what `value` shares with it is taken as it is. */
  known?: object,
): Decoded {
  const repeated = fieldValidation === "Ignore" ? [] : (origin?.strict ?? []);
  if (repeated.length === 0 && isStill(value, origin?.of)) {
    try {
      const object = normaliseValue(typeName, value, { keys: 0, tolerant: false }, known);
      return { object: object as unknown as KubernetesObject, warnings: [] };
    } catch (error) {
      if (error !== UNUSUAL) throw error;
    }
  }
  const text = JSON.stringify(
    origin?.type === "merge" ? sortedWherePatched(value, origin.patch) : value,
  );
  const document = readPatched(text);
  const isStrategic = origin?.type === "strategic";
  const isUnstructured = isStrategic || origin === undefined;
  const shown = isStrategic ? goPrint(origin.patch) : text;
  if (origin?.of !== undefined && !isStrategic) checkStill(document, origin.of, shown);
  const { error, strict } = isUnstructured
    ? diagnoseUnstructured(value, typeName)
    : diagnose(document, typeName);
  if (error !== undefined) {
    throw origin === undefined ? new UnstructuredError(error) : badPatch(shown, error);
  }
  const findings = [...repeated, ...strict];
  if (fieldValidation === "Strict" && findings.length > 0)
    throw badPatch(shown, strictText(findings));
  const tally = { keys: 0, tolerant: true, wraps: isUnstructured };
  const object = normaliseValue(typeName, plainValue(document), tally);
  return {
    object: (origin?.of === undefined
      ? object
      : typed({ ...object, kind: undefined }, origin.of)) as unknown as KubernetesObject,
    warnings: fieldValidation === "Warn" ? findings : [],
  };
}

function readPatched(text: string): JsonNode {
  try {
    return readJson(text);
  } catch (error) {
    throw error instanceof JsonSyntaxError ? badRequest(error.message) : error;
  }
}

function isStill(value: unknown, of: GroupVersionKind | undefined): boolean {
  if (of === undefined) return true;
  const { kind, apiVersion } = (value ?? {}) as { kind?: unknown; apiVersion?: unknown };
  return kind === of.kind && apiVersion === groupVersionText(of);
}

/** A merge or JSON patch must not make another kind of the object. A strategic one cannot. */
function checkStill(document: JsonNode, of: GroupVersionKind, shown: string): void {
  let actual: GroupVersionKind;
  try {
    actual = interpretKind(document);
  } catch (error) {
    throw error instanceof InterpretError ? badPatch(shown, error.message) : error;
  }
  // Without a version, upstream reads an internal object, which has nothing in it.
  const isBare = actual.group === "" && actual.version === "";
  if (actual.kind === "") actual.kind = of.kind;
  if (isBare || isSame(actual, of)) {
    if (!isBare) return;
    const why = "was undeterminable: name must be provided";
    throw badRequest(`the name of the object (${nameIn(document)} based on URL) ${why}`);
  }
  const isKnown = kindTypeName(actual) !== undefined;
  throw badPatch(shown, isKnown ? unknownConversion(actual, of) : noKindRegistered(actual));
}

function nameIn(document: JsonNode): string {
  const { metadata } = (plainJson(document) ?? {}) as { metadata?: { name?: unknown } };
  return String(metadata?.name ?? "");
}

/** Upstream's merge patch sorts the members of the objects that it goes into, which shows in the
 *  order of findings. */
function sortedWherePatched(value: unknown, patch: unknown): unknown {
  const isObject = (of: unknown): of is Record<string, unknown> =>
    typeof of === "object" && of !== null && !Array.isArray(of);
  if (!isObject(value) || !isObject(patch)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sortedWherePatched(value[key], patch[key])]));
}

const badPatch = (patched: string, why: string): StatusError =>
  invalid({ group: "", kind: "" }, "", [invalidValue("patch", patched, why)]);

export type { FieldValidation } from "./body-document.ts";
export {
  decodeApply,
  decodeDeleteOptions,
  decodeOptions,
  decodePatch,
  parseJson,
} from "./decode-options.ts";
