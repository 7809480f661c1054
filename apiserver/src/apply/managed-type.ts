// What ownership of fields needs to know of a type, compiled once from the field facts: which maps
// and lists are owned whole (atomic), which by member, which lists have keys.
import { type FieldFact, typeFacts } from "@coracle/shared/api/facts";
import { fieldElement, type PathElement } from "./path-element.ts";

export type ScalarKind = "string" | "numeric" | "boolean" | "untyped";

export interface ManagedField {
  name: string;
  element: PathElement;
  /** Its place among the type's fields by name. */
  order: number;
  type: ManagedType;
}

/**
 * `map`: a struct (`fields`) or a map (`element`). `list`: `keys` undefined makes a set of scalars.
 * `deduced`: whatever the value is, maps by member and lists whole. `leaf`: any value, owned whole.
 */
export interface ManagedType {
  kind: "scalar" | "map" | "list" | "deduced" | "leaf";
  scalar: ScalarKind;
  /** Owned whole. */
  atomic: boolean;
  fields: ReadonlyMap<string, ManagedField> | undefined;
  element: ManagedType | undefined;
  /** Alphabetical. */
  keys: readonly string[] | undefined;
  /** As the facts order them: errors name them so. */
  declaredKeys: readonly string[] | undefined;
  keyDefaults: readonly unknown[] | undefined;
}

const SCALARS: Readonly<Record<string, ScalarKind>> = {
  string: "string",
  bytes: "string",
  Duration: "string",
  int32: "numeric",
  int64: "numeric",
  integer: "numeric",
  double: "numeric",
  boolean: "boolean",
  Quantity: "untyped",
  Time: "untyped",
  MicroTime: "untyped",
};

/** Types whose schema does not say what they are: any JSON, or one of several shapes. */
const UNTYPED = /\.v1\.(JSON|JSONSchemaPropsOr\w+)$/;

const compiled = new Map<string, ManagedType>();

/** By full name, e.g. `io.k8s.api.core.v1.Pod`. Types may refer to themselves. */
export function managedTypeOf(typeName: string): ManagedType {
  return compile(typeName, {});
}

type Traits = Pick<FieldFact, "listType" | "listMapKeys" | "mapType">;

function compile(type: string, traits: Traits): ManagedType {
  const id = `${type} ${traits.listType ?? ""} ${traits.listMapKeys ?? ""} ${traits.mapType ?? ""}`;
  const known = compiled.get(id);
  if (known !== undefined) return known;
  const result: ManagedType = {
    kind: "scalar",
    scalar: "untyped",
    atomic: false,
    fields: undefined,
    element: undefined,
    keys: undefined,
    declaredKeys: undefined,
    keyDefaults: undefined,
  };
  compiled.set(id, result);
  if (type.startsWith("[]")) compileList(result, type, traits);
  else if (type.startsWith("map:")) {
    result.kind = "map";
    result.atomic = traits.mapType === "atomic";
    result.element = compile(type.slice(4), {});
  } else if (type in SCALARS || type.startsWith("enum:")) {
    result.scalar = SCALARS[type] ?? "string";
  } else if (type === "RawExtension") {
    result.kind = "leaf";
  } else if (type in typeFacts && !UNTYPED.test(type)) {
    compileStruct(result, type, traits);
  } else {
    result.kind = "deduced";
  }
  return result;
}

function compileList(result: ManagedType, type: string, traits: Traits): void {
  result.kind = "list";
  result.atomic = traits.listType !== "set" && traits.listType !== "map";
  result.element = compile(type.slice(2), {});
  if (traits.listType !== "map") return;
  const declared = traits.listMapKeys ?? [];
  result.declaredKeys = declared;
  result.keys = declared.toSorted();
  const facts = flatFields(type.slice(2));
  result.keyDefaults = result.keys.map((key) => defaultOf(facts.find((f) => f.name === key)));
}

/** A required scalar has its zero value as the default, as in upstream's schema. */
function defaultOf(fact: FieldFact | undefined): unknown {
  if (fact === undefined) return undefined;
  if (fact.default !== undefined) {
    return typeof fact.default === "string" ? JSON.parse(fact.default) : fact.default;
  }
  if (fact.pointer || fact.omitEmpty) return undefined;
  const scalar = SCALARS[fact.type] ?? (fact.type.startsWith("enum:") ? "string" : undefined);
  return scalar === "string"
    ? ""
    : scalar === "numeric"
      ? 0
      : scalar === "boolean"
        ? false
        : undefined;
}

function compileStruct(result: ManagedType, type: string, traits: Traits): void {
  result.kind = "map";
  result.atomic = (traits.mapType ?? typeFacts[type]?.mapType) === "atomic";
  const facts = flatFields(type);
  if (facts.length === 0) {
    result.element = compile("any", {});
    return;
  }
  const fields = new Map<string, ManagedField>();
  result.fields = fields;
  for (const [order, fact] of facts.toSorted((a, b) => (a.name < b.name ? -1 : 1)).entries()) {
    fields.set(fact.name, {
      name: fact.name,
      element: fieldElement(fact.name),
      order,
      type: compile(fact.type, fact),
    });
  }
}

/** A type's fields with those of its inlined types in place. */
export function flatFields(typeName: string): FieldFact[] {
  return (typeFacts[typeName]?.fields ?? []).flatMap((fact) =>
    fact.inline ? flatFields(fact.type) : [fact],
  );
}

/** The type of a member: undefined when the type has no such member. */
export function memberType(type: ManagedType, name: string): ManagedType | undefined {
  if (type.kind === "deduced") return type;
  return type.fields?.get(name)?.type ?? type.element;
}
