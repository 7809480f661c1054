// Protobuf messages into plain values, as JSON would have given them. What upstream's round trip
// then drops or adds is normalise.ts's concern.
import type { FieldFact } from "@coracle/shared/api/facts";
import { typeFacts } from "@coracle/shared/api/facts";
import { formatDuration, formatMicroTime, formatTime } from "./go-time.ts";
import { hugeNumber, isTooDeep, readJson } from "./json-document.ts";
import type { Reader } from "./protobuf-wire.ts";
import { ProtobufError, WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT } from "./protobuf-wire.ts";
import type { Scalar, Shape } from "./type-shape.ts";
import { goNameOf, shapeOf } from "./type-shape.ts";

type Value = Record<string, unknown>;

interface ValueDecoder {
  wireType: number;
  read: (reader: Reader) => unknown;
}

/** Calls `each` for every field of a message; what it does not read is skipped. */
function readFields(
  reader: Reader,
  name: string,
  each: (number: number, wireType: number) => boolean,
): void {
  while (!reader.done) {
    const { number, wireType } = reader.field(name);
    if (!each(number, wireType)) reader.skip(wireType);
  }
}

/** What a message without a field means; normalise.ts prints it as null or leaves it out. */
const ZERO_TIME = "0001-01-01T00:00:00Z";
const ZERO_MICRO_TIME = "0001-01-01T00:00:00.000000Z";

function readInstant(reader: Reader, format: typeof formatTime): string | null {
  if (reader.done) return format === formatTime ? ZERO_TIME : ZERO_MICRO_TIME;
  const instant = { seconds: 0, nanos: 0 };
  readFields(reader, "Timestamp", (number) => {
    if (number === 1) instant.seconds = reader.signed();
    else if (number === 2) instant.nanos = reader.signed();
    return number <= 2;
  });
  return format(instant);
}

function readIntOrString(reader: Reader): number | string {
  let kind = 0;
  let integer = 0;
  let text = "";
  readFields(reader, "IntOrString", (number) => {
    if (number === 1) kind = reader.signed();
    else if (number === 2) integer = reader.signed();
    else if (number === 3) text = reader.string();
    return number <= 3;
  });
  return kind === 1 ? text : integer;
}

/** The one field of a message that wraps a value. */
function readFirst<T>(reader: Reader, name: string, fallback: T, read: () => T): T {
  let result = fallback;
  readFields(reader, name, (number) => {
    if (number === 1) result = read();
    return number === 1;
  });
  return result;
}

function readRaw(reader: Reader): unknown {
  const text = readFirst(reader, "RawExtension", "", () => reader.string());
  if (text === "") return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ProtobufError("json: invalid raw extension");
  }
  if (isTooDeep(value)) throw new ProtobufError("json: exceeded max depth");
  const huge = hugeNumber(readJson(text));
  if (huge !== undefined)
    throw new ProtobufError(`json: cannot unmarshal number ${huge} into Go value of type float64`);
  return value;
}

const messageDecoder = (read: (reader: Reader) => unknown): ValueDecoder => ({
  wireType: WIRE_BYTES,
  read: (reader) => read(reader.message()),
});

const integerDecoder: ValueDecoder = { wireType: WIRE_VARINT, read: (reader) => reader.signed() };

const scalarDecoders: Readonly<Record<Scalar, ValueDecoder>> = {
  string: { wireType: WIRE_BYTES, read: (reader) => reader.string() },
  int32: { wireType: WIRE_VARINT, read: (reader) => reader.signed() | 0 },
  int64: integerDecoder,
  boolean: { wireType: WIRE_VARINT, read: (reader) => reader.signed() !== 0 },
  double: { wireType: WIRE_FIXED64, read: (reader) => reader.double() },
  bytes: { wireType: WIRE_BYTES, read: (reader) => reader.bytes().toString("base64") },
  Quantity: messageDecoder((reader) => readFirst(reader, "Quantity", "0", () => reader.string())),
  IntOrString: messageDecoder(readIntOrString),
  Time: messageDecoder((reader) => readInstant(reader, formatTime)),
  MicroTime: messageDecoder((reader) => readInstant(reader, formatMicroTime)),
  Duration: messageDecoder((reader) =>
    formatDuration(readFirst(reader, "Duration", 0, () => reader.signed())),
  ),
  raw: messageDecoder(readRaw),
};

function valueDecoder(shape: Shape): ValueDecoder {
  switch (shape.kind) {
    case "scalar":
      return scalarDecoders[shape.scalar];
    case "struct": {
      const { typeName } = shape;
      return messageDecoder((reader) => readStruct(reader, typeName));
    }
    case "list": {
      // A named list (ExtraValue): a message around it.
      const element = valueDecoder(shape.element);
      return messageDecoder((reader) => {
        const items: unknown[] = [];
        readFields(reader, "Items", (number) => {
          if (number === 1) items.push(element.read(reader));
          return number === 1;
        });
        return items;
      });
    }
    case "either":
      return messageDecoder((reader) => readEither(reader, shape));
    case "map":
      throw new ProtobufError(`no protobuf form of ${shape.goType}`);
  }
}

function readEither(reader: Reader, shape: Shape & { kind: "either" }): unknown {
  let allowed: unknown = null;
  let chosen: unknown;
  readFields(reader, goNameOf(shape.typeName), (number) => {
    const option = shape.options[number - 1];
    if (option === undefined) return false;
    if (option.kind === "list") {
      const items = Array.isArray(chosen) ? (chosen as unknown[]) : [];
      chosen = [...items, valueDecoder(option.element).read(reader)];
    } else if (option.kind === "scalar") allowed = scalarDecoders.boolean.read(reader);
    else chosen = valueDecoder(option).read(reader);
    return true;
  });
  return chosen ?? allowed;
}

type FieldDecoder = (reader: Reader, wireType: number, into: Value) => void;

function fieldDecoder(fact: FieldFact): FieldDecoder {
  const { name } = fact;
  if (fact.inline === true) {
    const { type } = fact;
    return (reader, wireType, into) => {
      expectWireType(wireType, WIRE_BYTES, goNameOf(type));
      readStructInto(reader.message(), type, into);
    };
  }
  const shape = shapeOf(fact.type, fact.goType);
  const goName = name.charAt(0).toUpperCase() + name.slice(1);
  if (shape.kind === "map") return mapDecoder(name, goName, valueDecoder(shape.element));
  const isList = shape.kind === "list" && shape.goType !== "v1.Verbs";
  const { wireType: wanted, read } = valueDecoder(isList ? shape.element : shape);
  if (!isList)
    return (reader, wireType, into) => {
      expectWireType(wireType, wanted, goName);
      into[name] = read(reader);
    };
  return (reader, wireType, into) => {
    into[name] ??= [];
    const items = into[name] as unknown[];
    if (wireType === WIRE_BYTES && wanted !== WIRE_BYTES) {
      // Packed numbers.
      const packed = reader.message();
      while (!packed.done) items.push(read(packed));
      return;
    }
    expectWireType(wireType, wanted, goName);
    items.push(read(reader));
  };
}

function expectWireType(given: number, wanted: number, goName: string): void {
  if (given !== wanted)
    throw new ProtobufError(`proto: wrong wireType = ${given} for field ${goName}`);
}

function mapDecoder(name: string, goName: string, element: ValueDecoder): FieldDecoder {
  return (reader, wireType, into) => {
    expectWireType(wireType, WIRE_BYTES, goName);
    const entry = reader.message();
    let key = "";
    let value: unknown = null;
    readFields(entry, goName, (number) => {
      if (number === 1) key = entry.string();
      else if (number === 2) value = element.read(entry);
      return number <= 2;
    });
    into[name] ??= Object.create(null);
    const map = into[name] as Value;
    map[key] = value;
  };
}

const structs = new Map<string, Map<number, FieldDecoder>>();

function fieldDecoders(typeName: string): Map<number, FieldDecoder> {
  const known = structs.get(typeName);
  if (known !== undefined) return known;
  const decoders = new Map<number, FieldDecoder>();
  structs.set(typeName, decoders);
  for (const fact of typeFacts[typeName]?.fields ?? [])
    if (fact.number !== undefined) decoders.set(fact.number, fieldDecoder(fact));
  return decoders;
}

function readStructInto(reader: Reader, typeName: string, into: Value): void {
  const decoders = fieldDecoders(typeName);
  readFields(reader, goNameOf(typeName), (number, wireType) => {
    const decode = decoders.get(number);
    decode?.(reader, wireType, into);
    return decode !== undefined;
  });
}

export function readStruct(reader: Reader, typeName: string): Value {
  const into: Value = {};
  readStructInto(reader, typeName, into);
  return into;
}
