// Objects in protobuf, as upstream's generated code writes them: fields by ascending number; what
// is no pointer in Go is always there, zero or not; maps are sorted by key. Derived from the
// facts, one closure per field.
import type { FieldFact } from "@coracle/shared/api/facts";
import { typeFacts } from "@coracle/shared/api/facts";
import { formatDuration, parseDuration, parseGoTime, RFC3339, RFC3339_MICRO } from "./go-time.ts";
import {
  ProtobufError,
  WIRE_BYTES,
  WIRE_FIXED64,
  WIRE_VARINT,
  type Writer,
} from "./protobuf-wire.ts";
import type { Scalar, Shape } from "./type-shape.ts";
import { shapeOf } from "./type-shape.ts";

type Value = Record<string, unknown>;
/** Writes one value with what precedes it (its length), but without a tag. */
type Write = (writer: Writer, value: unknown) => void;

interface ValueEncoder {
  wireType: number;
  write: Write;
}

/** Go's named string slices: a message around the list. */
const wrappedLists = new Set(["v1.ExtraValue", "v1.Verbs"]);

function writeMessage(writer: Writer, content: () => void): void {
  const before = writer.length;
  content();
  writer.varint(writer.length - before);
}

function tagged(writer: Writer, number: number, encoder: ValueEncoder, value: unknown): void {
  encoder.write(writer, value);
  writer.varint(number * 8 + encoder.wireType);
}

function integer(writer: Writer, value: unknown): void {
  writer.varint(typeof value === "number" ? Math.trunc(value) : 0);
}

function text(writer: Writer, value: unknown): void {
  writer.string(typeof value === "string" ? value : "");
}

function message(write: (writer: Writer, value: unknown) => void): ValueEncoder {
  return {
    wireType: WIRE_BYTES,
    write: (writer, value) => writeMessage(writer, () => write(writer, value)),
  };
}

/** Seconds and nanoseconds; nothing at all for the zero time. */
function instant(layout: string): (writer: Writer, value: unknown) => void {
  return (writer, value) => {
    if (typeof value !== "string") return;
    const { seconds, nanos } = parseGoTime(value, layout);
    writer.varint(layout === RFC3339 ? 0 : nanos);
    writer.varint(16);
    writer.varint(seconds);
    writer.varint(8);
  };
}

const scalarEncoders: Readonly<Record<Scalar, ValueEncoder>> = {
  string: { wireType: WIRE_BYTES, write: text },
  int32: { wireType: WIRE_VARINT, write: integer },
  int64: { wireType: WIRE_VARINT, write: integer },
  boolean: {
    wireType: WIRE_VARINT,
    write: (writer, value) => writer.varint(value === true ? 1 : 0),
  },
  double: {
    wireType: WIRE_FIXED64,
    write: (writer, value) => writer.double(typeof value === "number" ? value : 0),
  },
  bytes: {
    wireType: WIRE_BYTES,
    write: (writer, value) => {
      const bytes = Buffer.from(typeof value === "string" ? value : "", "base64");
      writer.bytes(bytes);
      writer.varint(bytes.length);
    },
  },
  Quantity: message((writer, value) => {
    writer.string(typeof value === "string" ? value : "0");
    writer.varint(10);
  }),
  IntOrString: message((writer, value) => {
    const isText = typeof value === "string";
    writer.string(isText ? value : "");
    writer.varint(26);
    integer(writer, isText ? 0 : value);
    writer.varint(16);
    writer.varint(isText ? 1 : 0);
    writer.varint(8);
  }),
  Time: message(instant(RFC3339)),
  MicroTime: message(instant(RFC3339_MICRO)),
  Duration: message((writer, value) => {
    writer.varint(parseDuration(typeof value === "string" ? value : formatDuration(0)));
    writer.varint(8);
  }),
  raw: message((writer, value) => {
    if (value === undefined || value === null) return;
    writer.string(JSON.stringify(value));
    writer.varint(10);
  }),
};

function valueEncoder(shape: Shape): ValueEncoder {
  switch (shape.kind) {
    case "scalar":
      return scalarEncoders[shape.scalar];
    case "struct": {
      const { typeName } = shape;
      return message((writer, value) => writeStruct(writer, typeName, (value ?? {}) as Value));
    }
    case "list": {
      const element = valueEncoder(shape.element);
      return message((writer, value) => {
        const items = (value ?? []) as unknown[];
        for (let i = items.length - 1; i >= 0; i--) tagged(writer, 1, element, items[i]);
      });
    }
    case "either":
      return message((writer, value) => writeEither(writer, shape, value));
    case "map":
      throw new ProtobufError(`no protobuf form of ${shape.goType}`);
  }
}

/** `JSONSchemaPropsOrBool` and the like: the alternatives are fields of a message. */
function writeEither(writer: Writer, shape: Shape & { kind: "either" }, value: unknown): void {
  const alternatives = shape.options.map((option, index) => ({ option, number: index + 1 }));
  for (const { option, number } of alternatives.reverse()) {
    if (option.kind === "list" && Array.isArray(value)) {
      const element = valueEncoder(option.element);
      for (const item of [...(value as unknown[])].reverse()) tagged(writer, number, element, item);
    } else if (option.kind === "struct" && typeof value === "object" && !Array.isArray(value)) {
      tagged(writer, number, valueEncoder(option), value);
    } else if (option.kind === "scalar") {
      // A schema means that more is allowed.
      tagged(writer, number, scalarEncoders.boolean, value !== false);
    }
  }
}

type FieldEncoder = (writer: Writer, object: Value) => void;

function fieldEncoder(fact: FieldFact): FieldEncoder | undefined {
  const { number, name } = fact;
  if (number === undefined) return undefined;
  if (fact.inline === true) {
    const { type } = fact;
    const embedded = message((writer, value) => writeStruct(writer, type, value as Value));
    return (writer, object) => tagged(writer, number, embedded, object);
  }
  const shape = shapeOf(fact.type, fact.goType);
  if (shape.kind === "map") return mapEncoder(name, number, shape.element);
  if (shape.kind === "list" && !wrappedLists.has(shape.goType))
    return listEncoder(name, number, valueEncoder(shape.element));
  const encoder = valueEncoder(shape);
  const optional = fact.pointer === true || isNilable(shape);
  // A pointer to the zero time prints as null, but it is there.
  const isTime = shape.kind === "scalar" && shape.scalar.endsWith("Time");
  return (writer, object) => {
    const value = object[name];
    if (optional && (value === undefined || (value === null && !isTime))) return;
    tagged(writer, number, encoder, value);
  };
}

const isNilable = (shape: Shape): boolean =>
  shape.kind === "list" || (shape.kind === "scalar" && shape.scalar === "bytes");

function listEncoder(name: string, number: number, element: ValueEncoder): FieldEncoder {
  return (writer, object) => {
    const items = object[name] as unknown[] | undefined | null;
    if (items === undefined || items === null) return;
    for (let i = items.length - 1; i >= 0; i--) tagged(writer, number, element, items[i]);
  };
}

function mapEncoder(name: string, number: number, shape: Shape): FieldEncoder {
  const element = valueEncoder(shape);
  const nilable = isNilable(shape);
  const entry = message((writer, given) => {
    const { key, value } = given as { key: string; value: unknown };
    if (value !== null || !nilable) tagged(writer, 2, element, value);
    tagged(writer, 1, scalarEncoders.string, key);
  });
  return (writer, object) => {
    const map = object[name] as Value | undefined | null;
    if (map === undefined || map === null) return;
    for (const key of Object.keys(map).sort().reverse())
      tagged(writer, number, entry, { key, value: map[key] });
  };
}

const structs = new Map<string, FieldEncoder[]>();

/** By descending number, because writing goes backwards. */
function fieldEncoders(typeName: string): FieldEncoder[] {
  const known = structs.get(typeName);
  if (known !== undefined) return known;
  const encoders: FieldEncoder[] = [];
  structs.set(typeName, encoders);
  const fields = [...(typeFacts[typeName]?.fields ?? [])];
  fields.sort((a, b) => (b.number ?? 0) - (a.number ?? 0));
  for (const fact of fields) {
    const encoder = fieldEncoder(fact);
    if (encoder !== undefined) encoders.push(encoder);
  }
  return encoders;
}

export function writeStruct(writer: Writer, typeName: string, object: Value): void {
  for (const encode of fieldEncoders(typeName)) encode(writer, object);
}
