// What upstream's unstructured converter has to say about the result of a strategic merge patch,
// which it turns into an object without going through JSON: other words than a decoder's.
import { canonical } from "@coracle/shared/machinery/quantity";
import type { Diagnosis } from "./diagnose.ts";
import { corruptBase64 } from "./diagnose.ts";
import { canonicalMicroTime, canonicalTime, parseDuration } from "./go-time.ts";
import type { Scalar, Shape } from "./type-shape.ts";
import { structShape } from "./type-shape.ts";

/** A value is no object of its type: the converter's words. */
export class UnstructuredError extends Error {}

/** Ends the conversion: it stops at the first error. */
class ConversionError extends Error {}

export function diagnoseUnstructured(value: unknown, typeName: string): Diagnosis {
  const unknown: string[] = [];
  try {
    convertStruct(value, typeName, "", unknown);
  } catch (error) {
    if (error instanceof ConversionError) return { error: error.message, strict: [] };
    throw error;
  }
  return { strict: unknown.map((path) => `unknown field "${path}"`).sort() };
}

/** Go's kind of an unstructured value. */
function kindOf(value: unknown): string {
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  return Array.isArray(value) ? "slice" : "map";
}

const join = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

function convert(value: unknown, shape: Shape, path: string, unknown: string[]): void {
  if (value === null || value === undefined) return;
  const kind = kindOf(value);
  switch (shape.kind) {
    case "either":
      return;
    case "scalar":
      convertScalar(value, shape.scalar, shape.goType);
      return;
    case "list":
      if (kind !== "slice") throw new ConversionError(`cannot restore slice from ${kind}`);
      (value as unknown[]).forEach((item, index) => {
        convert(item, shape.element, `${path}[${index}]`, unknown);
      });
      return;
    case "map":
      if (kind !== "map") throw new ConversionError(`cannot restore map from ${kind}`);
      for (const item of Object.values(value)) convert(item, shape.element, path, unknown);
      return;
    case "struct":
      convertStruct(value, shape.typeName, path, unknown);
  }
}

function convertStruct(value: unknown, typeName: string, path: string, unknown: string[]): void {
  const kind = kindOf(value);
  if (kind !== "map") throw new ConversionError(`cannot restore struct from: ${kind}`);
  const object = value as Record<string, unknown>;
  const shape = structShape(typeName);
  for (const member of shape.members)
    convert(object[member.name], member.shape, join(path, member.name), unknown);
  for (const key of Object.keys(object)) if (!shape.byName.has(key)) unknown.push(join(path, key));
}

const goKinds: Partial<Record<Scalar, string>> = {
  string: "string",
  boolean: "bool",
  int32: "int32",
  int64: "int64",
  double: "float64",
};

function convertScalar(value: unknown, scalar: Scalar, goType: string): void {
  const kind = kindOf(value);
  const goKind = goKinds[scalar];
  if (goKind === undefined) convertSelfDecoding(value, kind, scalar);
  else if (!isAssignable(kind, goKind)) {
    // Go could make an integer a string (of one character) or cut a fraction off, but JSON must
    // not.
    const isConvertible =
      (kind === "int64" && goKind === "string") || (kind === "float64" && goKind.startsWith("int"));
    throw new ConversionError(
      isConvertible ? `cannot convert ${kind} to ${goType}` : `unrecognized type: ${goKind}`,
    );
  }
}

const isAssignable = (kind: string, goKind: string): boolean =>
  kind === goKind || (kind === "int64" && (goKind === "int32" || goKind === "float64"));

/** Types that read their own JSON, and bytes. */
function convertSelfDecoding(value: unknown, kind: string, scalar: Scalar): void {
  if (scalar === "raw") return;
  if (scalar === "bytes") {
    if (kind !== "string") throw new ConversionError(`cannot restore slice from ${kind}`);
    const corrupt = corruptBase64(value as string);
    if (corrupt >= 0)
      throw new ConversionError(
        `error decoding from json: illegal base64 data at input byte ${corrupt}`,
      );
    return;
  }
  const jsonKind =
    { int64: "number", float64: "number", slice: "array", map: "object" }[kind] ?? kind;
  if (scalar === "IntOrString") {
    if (kind === "string" || (kind === "int64" && Math.abs(value as number) < 2 ** 31)) return;
    const what = jsonKind === "number" ? `number ${String(value)}` : jsonKind;
    throw new ConversionError(`json: cannot unmarshal ${what} into Go value of type int32`);
  }
  const text = kind === "string" ? (value as string) : JSON.stringify(value);
  if (scalar !== "Quantity" && kind !== "string")
    throw new ConversionError(`json: cannot unmarshal ${jsonKind} into Go value of type string`);
  try {
    parsers[scalar]?.(text);
  } catch (error) {
    throw new ConversionError((error as Error).message);
  }
}

const parsers: Partial<Record<Scalar, (text: string) => unknown>> = {
  Quantity: (text) => canonical(text.trim()),
  Time: canonicalTime,
  MicroTime: canonicalMicroTime,
  Duration: parseDuration,
};

/** A value as Go's `%+v` prints unstructured content: `map[spec:map[replicas:x]]`. */
export function goPrint(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goPrint).join(" ")}]`;
  if (typeof value === "object") {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${members.map(([key, member]) => `${key}:${goPrint(member)}`).join(" ")}]`;
  }
  return String(value);
}
