// Schemas of the API's types as OpenAPI 3 has them, with the extensions that kubectl and server-
// side clients read (list types, merge keys, group version kinds). Derived from the facts.
import type { FieldFact } from "@coracle/shared/api/facts";
import { enumFacts, typeFacts } from "@coracle/shared/api/facts";
import type { Member, Shape } from "./type-shape.ts";
import { goNameOf, structShape } from "./type-shape.ts";

export type Schema = Record<string, unknown>;

/** Texts for `kubectl explain`; "" where there is none. */
export interface Descriptions {
  ofType(typeName: string): string;
  ofField(typeName: string, field: string): string;
}

export const noDescriptions: Descriptions = { ofType: () => "", ofField: () => "" };

export interface SchemaContext {
  descriptions: Descriptions;
  /** Group, version and kind of a type that is one. */
  kindsOf(typeName: string): readonly object[];
}

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";
const QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
const RAW_EXTENSION = "io.k8s.apimachinery.pkg.runtime.RawExtension";

/** Types that are no struct of the facts. */
const specialTypes: Readonly<Record<string, Schema>> = {
  [QUANTITY]: { oneOf: [{ type: "string" }, { type: "number" }] },
  [INT_OR_STRING]: { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] },
  [RAW_EXTENSION]: { type: "object" },
  [`${META}.Time`]: { type: "string", format: "date-time" },
  [`${META}.MicroTime`]: { type: "string", format: "date-time" },
  [`${META}.Duration`]: { type: "string" },
  [`${META}.FieldsV1`]: { type: "object" },
  [`${META}.Patch`]: { type: "object" },
};

const wellKnown: Readonly<Record<string, string>> = {
  Quantity: QUANTITY,
  IntOrString: INT_OR_STRING,
  RawExtension: RAW_EXTENSION,
  Time: `${META}.Time`,
  MicroTime: `${META}.MicroTime`,
  Duration: `${META}.Duration`,
  FieldsV1: `${META}.FieldsV1`,
};

export const schemaReference = (typeName: string): string => `#/components/schemas/${typeName}`;

function referenceTo(shape: Shape): string | undefined {
  if (shape.kind === "struct" || shape.kind === "either") return shape.typeName;
  return shape.kind === "scalar"
    ? (wellKnown[shape.typeName] ?? structReference(shape))
    : undefined;
}

const structReference = ({ typeName }: { typeName: string }): string | undefined =>
  typeName.startsWith("io.k8s.") ? typeName : undefined;

const scalarSchemas: Readonly<Record<string, Schema>> = {
  string: { type: "string" },
  int32: { type: "integer", format: "int32" },
  int64: { type: "integer", format: "int64" },
  integer: { type: "integer", format: "int32" },
  double: { type: "number", format: "double" },
  boolean: { type: "boolean" },
  bytes: { type: "string", format: "byte" },
  any: { type: "object" },
};

const zeroOf: Readonly<Record<string, unknown>> = {
  string: "",
  int32: 0,
  int64: 0,
  integer: 0,
  double: 0,
  boolean: false,
};

/** A value's schema; `bare` leaves the zero default out. */
function valueSchema(shape: Shape, bare: boolean): Schema {
  const reference = referenceTo(shape);
  if (reference !== undefined) {
    const ref = { $ref: schemaReference(reference) };
    // A struct that is not a pointer is never absent; types with a format of their own have no
    // default.
    return bare || shape.kind !== "struct" ? { allOf: [ref] } : { default: {}, allOf: [ref] };
  }
  if (shape.kind === "list") return { type: "array", items: elementSchema(shape.element) };
  if (shape.kind === "map")
    return { type: "object", additionalProperties: elementSchema(shape.element) };
  const { typeName } = shape as Shape & { kind: "scalar" };
  const enumName = typeName.startsWith("enum:") ? typeName.slice(5) : undefined;
  const plain = enumName === undefined ? typeName : "string";
  const schema: Schema = { ...scalarSchemas[plain] };
  if (!bare && plain in zeroOf) schema.default = zeroOf[plain];
  if (enumName !== undefined) schema.enum = enumFacts[enumName];
  return schema;
}

/** An element of a list or a map is always there, so it has its zero default. */
function elementSchema(shape: Shape): Schema {
  const schema = valueSchema(shape, false);
  const all = schema.allOf as Schema[] | undefined;
  return all !== undefined && schema.default === undefined ? (all[0] as Schema) : schema;
}

/** Defaults that the facts name as Go constants. */
const constants: Readonly<Record<string, string>> = {
  "ref(AzureDataDiskCachingReadWrite)": "ReadWrite",
  "ref(AzureSharedBlobDisk)": "Shared",
};

/** Types of which one member is chosen by another. */
const unions: Readonly<Record<string, readonly object[]>> = {
  "io.k8s.api.core.v1.AppArmorProfile": [
    {
      discriminator: "type",
      "fields-to-discriminateBy": { localhostProfile: "LocalhostProfile" },
    },
  ],
  "io.k8s.api.core.v1.PodSchedulingGroup": [
    { "fields-to-discriminateBy": { podGroupName: "PodGroupName" } },
  ],
  "io.k8s.api.core.v1.SeccompProfile": [
    {
      discriminator: "type",
      "fields-to-discriminateBy": { localhostProfile: "LocalhostProfile" },
    },
  ],
};

function parsedDefault(fact: FieldFact): unknown {
  if (typeof fact.default !== "string") return fact.default;
  const constant = constants[fact.default];
  if (constant !== undefined) return constant;
  try {
    return JSON.parse(fact.default) as unknown;
  } catch {
    return fact.default;
  }
}

function extensionsOf(fact: FieldFact): Schema {
  const extensions: Schema = {};
  if (fact.listMapKeys !== undefined) extensions["x-kubernetes-list-map-keys"] = fact.listMapKeys;
  if (fact.listType !== undefined) extensions["x-kubernetes-list-type"] = fact.listType;
  if (fact.mapType !== undefined) extensions["x-kubernetes-map-type"] = fact.mapType;
  if (fact.patchMergeKey !== undefined)
    extensions["x-kubernetes-patch-merge-key"] = fact.patchMergeKey;
  if (fact.patchStrategy !== undefined)
    extensions["x-kubernetes-patch-strategy"] = fact.patchStrategy;
  return extensions;
}

function propertySchema(member: Member, typeName: string, descriptions: Descriptions): Schema {
  const { fact, shape } = member;
  const isStruct = shape.kind === "struct";
  const bare = fact.pointer === true || (fact.omitEmpty === true && !isStruct);
  const { type, format, ...rest } = valueSchema(shape, bare);
  const schema: Schema = {};
  const reference = referenceTo(shape);
  const description =
    descriptions.ofField(typeName, member.name) ||
    (reference === undefined ? "" : descriptions.ofType(reference));
  if (description !== "") schema.description = description;
  if (type !== undefined) schema.type = type;
  if (format !== undefined) schema.format = format;
  Object.assign(schema, rest);
  if (fact.default !== undefined) schema.default = parsedDefault(fact);
  return Object.assign(schema, extensionsOf(fact));
}

export function schemaOf(typeName: string, context: SchemaContext): Schema {
  const { descriptions } = context;
  const description = descriptions.ofType(typeName);
  const head: Schema = description === "" ? {} : { description };
  const special = specialTypes[typeName];
  if (special !== undefined) return { ...head, ...special };
  const isAnything = /\.apiextensions\.v1\.JSON/.test(typeName) && !typeName.endsWith("Props");
  if (isAnything) return head;
  const shape = structShape(typeName);
  const schema: Schema = { ...head, type: "object" };
  const required = shape.members.filter((m) => m.fact.required === true).map((m) => m.name);
  if (required.length > 0) schema.required = required;
  const members = [...shape.members].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (members.length > 0)
    schema.properties = Object.fromEntries(
      members.map((member) => [member.name, propertySchema(member, typeName, descriptions)]),
    );
  const kinds = context.kindsOf(typeName);
  if (kinds.length > 0) schema["x-kubernetes-group-version-kind"] = kinds;
  const { mapType } = typeFacts[typeName] ?? {};
  if (mapType !== undefined) schema["x-kubernetes-map-type"] = mapType;
  if (unions[typeName] !== undefined) schema["x-kubernetes-unions"] = unions[typeName];
  return schema;
}

/** The types that `typeNames` need, themselves included, sorted. */
export function closureOf(typeNames: Iterable<string>): string[] {
  const found = new Set<string>();
  const visit = (typeName: string): void => {
    if (found.has(typeName)) return;
    found.add(typeName);
    if (specialTypes[typeName] !== undefined || typeFacts[typeName] === undefined) return;
    for (const member of structShape(typeName).members) visitShape(member.shape);
  };
  const visitShape = (shape: Shape): void => {
    if (shape.kind === "list" || shape.kind === "map") {
      visitShape(shape.element);
      return;
    }
    const reference = referenceTo(shape);
    if (reference !== undefined) visit(reference);
  };
  for (const typeName of typeNames) visit(typeName);
  return [...found].sort();
}

export const isKind = (typeName: string): boolean =>
  typeName === `${META}.WatchEvent` ||
  typeFacts[typeName]?.fields?.some(
    (field) => field.inline === true && goNameOf(field.type) === "TypeMeta",
  ) === true;
