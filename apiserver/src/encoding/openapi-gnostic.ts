// The Swagger 2 document in gnostic's protobuf form, the only one in which kubectl asks for it.
import { Writer } from "./protobuf-wire.ts";

type Value = Record<string, unknown>;
type Encode = (writer: Writer, value: unknown) => void;

interface Field {
  number: number;
  wireType: 0 | 2;
  encode: Encode;
  repeated?: boolean;
}

const text: Encode = (writer, value) => writer.string(String(value));
const flag: Encode = (writer, value) => writer.varint(value === true ? 1 : 0);

function message(write: Encode): Encode {
  return (writer, value) => {
    const before = writer.length;
    write(writer, value);
    writer.varint(writer.length - before);
  };
}

function put(writer: Writer, number: number, encode: Encode, value: unknown, wireType = 2): void {
  encode(writer, value);
  writer.varint(number * 8 + wireType);
}

const string = (number: number): Field => ({ number, wireType: 2, encode: text });
const strings = (number: number): Field => ({ ...string(number), repeated: true });
const boolean = (number: number): Field => ({ number, wireType: 0, encode: flag });
const part = (number: number, encode: Encode): Field => ({ number, wireType: 2, encode });
const parts = (number: number, encode: Encode): Field => ({
  ...part(number, encode),
  repeated: true,
});

/** A message whose fields are named; members beginning with `x-` go into `extensions`. */
function record(fields: () => Readonly<Record<string, Field>>, extensions: number): Encode {
  let known: Readonly<Record<string, Field>> | undefined;
  return message((writer, given) => {
    const value = given as Value;
    known ??= fields();
    const table = known;
    const own = Object.entries(value).filter(([name]) => name.startsWith("x-"));
    const named = Object.entries(value).flatMap(([name, member]) => {
      const field = table[name];
      return field === undefined ? [] : [{ field, member }];
    });
    named.sort((a, b) => b.field.number - a.field.number);
    // Extensions have the highest number of all, and writing goes backwards.
    for (const [name, member] of own.reverse())
      put(writer, extensions, namedAny, { name, value: member });
    for (const { field, member } of named) {
      const items = field.repeated === true ? [...(member as unknown[])].reverse() : [member];
      for (const item of items) put(writer, field.number, field.encode, item, field.wireType);
    }
  });
}

/** Entries `{1: name, 2: value}` in field `number`. */
function entries(number: number, encode: Encode): Encode {
  const entry = message((writer, given) => {
    const { name, value } = given as { name: string; value: unknown };
    put(writer, 2, encode, value);
    put(writer, 1, text, name);
  });
  return message((writer, given) => {
    for (const [name, value] of Object.entries(given as Value).reverse())
      put(writer, number, entry, { name, value });
  });
}

/** An arbitrary value, as YAML; JSON is that too. */
const any: Encode = message((writer, value) => put(writer, 2, text, `${JSON.stringify(value)}\n`));

const namedAny: Encode = message((writer, given) => {
  const { name, value } = given as { name: string; value: unknown };
  put(writer, 2, any, value);
  put(writer, 1, text, name);
});

const schema: Encode = record(
  () => ({
    $ref: string(1),
    format: string(2),
    description: string(4),
    default: part(5, any),
    required: strings(19),
    enum: parts(20, any),
    additionalProperties: part(
      21,
      message((writer, value) => put(writer, 1, schema, value)),
    ),
    type: part(
      22,
      message((writer, value) => put(writer, 1, text, value)),
    ),
    items: part(
      23,
      message((writer, value) => put(writer, 1, schema, value)),
    ),
    properties: part(25, entries(1, schema)),
  }),
  31,
);

const bodyParameter: Encode = record(
  () => ({
    description: string(1),
    name: string(2),
    in: string(3),
    required: boolean(4),
    schema: part(5, schema),
  }),
  6,
);

/** Path parameters have no allowEmptyValue, so later numbers differ by one. */
const plainParameter = (place: "query" | "path"): Encode => {
  const later = place === "query" ? 1 : 0;
  return record(
    () => ({
      required: boolean(1),
      in: string(2),
      description: string(3),
      name: string(4),
      type: string(5 + later),
      uniqueItems: boolean(18 + 2 * later),
    }),
    22 + later,
  );
};
const queryParameter = plainParameter("query");
const pathParameter = plainParameter("path");

const queryItem: Encode = message((writer, value) => put(writer, 3, queryParameter, value));
const pathParameterItem: Encode = message((writer, value) => put(writer, 4, pathParameter, value));

const parameter: Encode = message((writer, given) => {
  const place = (given as Value).in;
  if (place === "body") put(writer, 1, bodyParameter, given);
  else put(writer, 2, place === "query" ? queryItem : pathParameterItem, given);
});
const parameterItem: Encode = message((writer, value) => put(writer, 1, parameter, value));

const responseSchema: Encode = message((writer, value) => put(writer, 1, schema, value));
const plainResponse: Encode = record(
  () => ({ description: string(1), schema: part(2, responseSchema) }),
  5,
);
const response: Encode = message((writer, value) => put(writer, 1, plainResponse, value));

const operation: Encode = record(
  () => ({
    tags: strings(1),
    description: string(3),
    operationId: string(5),
    produces: strings(6),
    consumes: strings(7),
    parameters: parts(8, parameterItem),
    responses: part(9, entries(1, response)),
    schemes: strings(10),
  }),
  13,
);

const pathItem: Encode = record(
  () => ({
    get: part(2, operation),
    put: part(3, operation),
    post: part(4, operation),
    delete: part(5, operation),
    options: part(6, operation),
    head: part(7, operation),
    patch: part(8, operation),
    parameters: parts(9, parameterItem),
  }),
  10,
);

const apiKeySecurity: Encode = record(
  () => ({ type: string(1), name: string(2), in: string(3), description: string(4) }),
  5,
);
const apiKey: Encode = message((writer, value) => put(writer, 2, apiKeySecurity, value));

const stringArray: Encode = message((writer, value) => {
  for (const item of [...(value as string[])].reverse()) put(writer, 1, text, item);
});

const documentFields: Readonly<Record<string, Field>> = {
  swagger: string(1),
  info: part(
    2,
    record(() => ({ title: string(1), version: string(2) }), 7),
  ),
  paths: part(8, entries(2, pathItem)),
  definitions: part(9, entries(1, schema)),
  security: parts(12, entries(1, stringArray)),
  securityDefinitions: part(13, entries(1, apiKey)),
};

export function encodeGnostic(document: Value): Buffer {
  const writer = new Writer(1 << 20);
  const named = Object.entries(documentFields).reverse();
  for (const [name, { number, encode, repeated }] of named) {
    const value = document[name];
    if (value === undefined) continue;
    const items = repeated === true ? [...(value as unknown[])].reverse() : [value];
    for (const item of items) put(writer, number, encode, item);
  }
  return writer.finish();
}
