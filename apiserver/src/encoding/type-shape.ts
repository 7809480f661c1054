// The field facts in the form that the codecs work on: one shape per value, and per struct its
// members in upstream's order with the members of embedded structs in place. Made once per type,
// when it is first needed.
import type { FieldFact } from "@coracle/shared/api/facts";
import { typeFacts } from "@coracle/shared/api/facts";

export type Scalar =
  | "string"
  | "int32"
  | "int64"
  | "double"
  | "boolean"
  | "bytes"
  | "Quantity"
  | "IntOrString"
  | "Time"
  | "MicroTime"
  | "Duration"
  /** Kept as it is: FieldsV1, RawExtension, any, and the JSON of a custom resource's schema. */
  | "raw";

/** `goType` is how Go's reflection prints the type (`v1.PullPolicy`, `[]v1.Container`), for
 *  decoding errors. */
export type Shape =
  | { kind: "scalar"; scalar: Scalar; goType: string; typeName: string }
  | { kind: "list"; element: Shape; goType: string }
  | { kind: "map"; element: Shape; goType: string }
  | { kind: "struct"; typeName: string; goType: string }
  /** One of several in JSON, told apart by how it looks (`JSONSchemaPropsOrBool`). */
  | { kind: "either"; options: readonly Shape[]; typeName: string; goType: string };

export interface Member {
  name: string;
  fact: FieldFact;
  shape: Shape;
  /** Position in the struct. */
  index: number;
  /** Go names of the embedded structs between the struct and the member. */
  embedded: readonly string[];
}

export interface StructShape {
  typeName: string;
  /** `PodSpec`. */
  goName: string;
  members: readonly Member[];
  byName: ReadonlyMap<string, Member>;
}

const scalars: Readonly<Record<string, { scalar: Scalar; goType: string }>> = {
  string: { scalar: "string", goType: "string" },
  int32: { scalar: "int32", goType: "int32" },
  int64: { scalar: "int64", goType: "int64" },
  integer: { scalar: "int64", goType: "int" },
  double: { scalar: "double", goType: "float64" },
  boolean: { scalar: "boolean", goType: "bool" },
  bytes: { scalar: "bytes", goType: "[]uint8" },
  any: { scalar: "raw", goType: "interface {}" },
  Quantity: { scalar: "Quantity", goType: "resource.Quantity" },
  IntOrString: { scalar: "IntOrString", goType: "intstr.IntOrString" },
  Time: { scalar: "Time", goType: "v1.Time" },
  MicroTime: { scalar: "MicroTime", goType: "v1.MicroTime" },
  Duration: { scalar: "Duration", goType: "v1.Duration" },
  FieldsV1: { scalar: "raw", goType: "v1.FieldsV1" },
  RawExtension: { scalar: "raw", goType: "runtime.RawExtension" },
};

/** Structs whose JSON is whatever was given. */
const rawTypes = new Set([
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON",
  "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
]);

/** `v1.PodSpec` for `io.k8s.api.core.v1.PodSpec`. */
const goTypeOf = (typeName: string): string => typeName.split(".").slice(-2).join(".");

export const goNameOf = (typeName: string): string => typeName.slice(typeName.lastIndexOf(".") + 1);

/** The element's type out of `[]v1.Capability` or `map[v1.ResourceName]resource.Quantity`;
 *  undefined for a named type. */
function elementGoType(goType: string | undefined): string | undefined {
  if (goType === undefined) return undefined;
  if (goType.startsWith("[]")) return goType.slice(2);
  return /^map\[[^\]]*\](.*)$/.exec(goType)?.[1];
}

export function shapeOf(type: string, goType?: string): Shape {
  if (type.startsWith("[]")) {
    const element = shapeOf(type.slice(2), elementGoType(goType));
    return { kind: "list", element, goType: goType ?? `[]${element.goType}` };
  }
  if (type.startsWith("map:")) {
    const element = shapeOf(type.slice(4), elementGoType(goType));
    return { kind: "map", element, goType: goType ?? `map[string]${element.goType}` };
  }
  const scalar = type.startsWith("enum:") ? scalars.string : scalars[type];
  if (scalar !== undefined)
    return {
      kind: "scalar",
      scalar: scalar.scalar,
      goType: goType ?? (type.startsWith("enum:") ? goTypeOf(type.slice(5)) : scalar.goType),
      typeName: type,
    };
  if (rawTypes.has(type))
    return { kind: "scalar", scalar: "raw", goType: goType ?? goTypeOf(type), typeName: type };
  const fields = typeFacts[type]?.fields ?? [];
  if (fields.some((field) => field.name === "" && field.inline !== true)) {
    const options = fields.map((field) => shapeOf(field.type, field.goType));
    return { kind: "either", options, typeName: type, goType: goType ?? goTypeOf(type) };
  }
  return { kind: "struct", typeName: type, goType: goType ?? goTypeOf(type) };
}

const structs = new Map<string, StructShape>();

/** Throws for a type that the facts do not have. */
export function structShape(typeName: string): StructShape {
  const known = structs.get(typeName);
  if (known !== undefined) return known;
  if (typeFacts[typeName] === undefined) throw new Error(`no facts of type ${typeName}`);
  const members: Member[] = [];
  collectMembers(typeName, [], members);
  const byName = new Map(members.map((member) => [member.name, member]));
  const shape = { typeName, goName: goNameOf(typeName), members, byName };
  structs.set(typeName, shape);
  return shape;
}

function collectMembers(typeName: string, embedded: readonly string[], members: Member[]): void {
  for (const fact of typeFacts[typeName]?.fields ?? []) {
    if (fact.inline === true) {
      collectMembers(fact.type, [...embedded, goNameOf(fact.type)], members);
      continue;
    }
    const shape = shapeOf(fact.type, fact.goType);
    members.push({ name: fact.name, fact, shape, index: members.length, embedded });
  }
}
