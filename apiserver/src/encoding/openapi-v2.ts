// /openapi/v2: one Swagger 2 document of everything, from the same operations and schemas as
// version 3.
import type { Parameter } from "./openapi-parameters.ts";
import type { Operation, PathItem } from "./openapi-paths.ts";
import type { Schema, SchemaContext } from "./openapi-schema.ts";
import { closureOf, schemaOf } from "./openapi-schema.ts";
import type { GroupVersionApi } from "./openapi-v3.ts";
import { info, security } from "./openapi-v3.ts";

const PRODUCES = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const STREAMS = [
  "application/json;stream=watch",
  "application/vnd.kubernetes.protobuf;stream=watch",
];
/** In the order in which upstream's Swagger lists them. */
const PATCH_CONSUMES = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
];

const reference = (typeName: string): string => `#/definitions/${typeName}`;

/** Version 2 knows neither `oneOf` nor defaults beside a reference. */
export function schemaV2(schema: Schema): Schema {
  const out: Schema = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === "default") continue;
    if (key === "allOf") {
      const [first] = value as { $ref: string }[];
      out.$ref = (first?.$ref ?? "").replace("#/components/schemas/", "#/definitions/");
    } else if (key === "$ref") {
      out.$ref = (value as string).replace("#/components/schemas/", "#/definitions/");
    } else if (key === "oneOf") out.type = "string";
    else if (key === "items" || key === "additionalProperties")
      out[key] = schemaV2(value as Schema);
    else if (key === "properties")
      out.properties = Object.fromEntries(
        Object.entries(value as Record<string, Schema>).map(([name, property]) => [
          name,
          schemaV2(property),
        ]),
      );
    else out[key] = value;
  }
  return out;
}

const parameterV2 = ({ name, in: place, type, description }: Parameter): Schema => ({
  uniqueItems: true,
  type,
  description,
  name,
  in: place,
  ...(place === "path" && { required: true }),
});

function operationV2(operation: Operation): Schema {
  const { body, kind, action } = operation;
  const text = operation.responses[0]?.text;
  const responses: Schema = {};
  for (const { code, typeName } of operation.responses)
    responses[code] = {
      description: { "200": "OK", "201": "Created", "202": "Accepted" }[code],
      schema: typeName === undefined ? { type: "string" } : { $ref: reference(typeName) },
    };
  responses["401"] = { description: "Unauthorized" };
  const parameters = operation.parameters.map(parameterV2);
  if (body !== undefined)
    parameters.unshift({
      name: "body",
      in: "body",
      ...(body.required && { required: true }),
      schema: { $ref: reference(body.typeName) },
    });
  return {
    consumes:
      action === undefined
        ? PRODUCES
        : body === undefined || body.mediaTypes.length === 1
          ? ["*/*"]
          : PATCH_CONSUMES,
    produces:
      text === "stream"
        ? ["*/*"]
        : text === "log"
          ? ["text/plain", ...PRODUCES]
          : operation.streams === true
            ? [...PRODUCES, ...STREAMS]
            : PRODUCES,
    schemes: ["https"],
    tags: [operation.tag],
    description: operation.description,
    operationId: operation.operationId,
    ...(parameters.length > 0 && { parameters }),
    responses,
    ...(action !== undefined && { "x-kubernetes-action": action }),
    ...(kind !== undefined && { "x-kubernetes-group-version-kind": kind }),
  };
}

function pathV2({ operations, parameters }: PathItem): Schema {
  const item: Schema = {};
  for (const [method, operation] of Object.entries(operations))
    item[method] = operationV2(operation);
  if (parameters.length > 0) item.parameters = parameters.map(parameterV2);
  return item;
}

export function documentV2(apis: readonly GroupVersionApi[], context: SchemaContext): Schema {
  const paths: Schema = {};
  for (const api of apis) for (const [path, item] of api.paths) paths[path] = pathV2(item);
  const typeNames = closureOf(apis.flatMap((api) => api.typeNames));
  return {
    swagger: "2.0",
    info,
    paths,
    definitions: Object.fromEntries(
      typeNames.map((name) => [name, schemaV2(schemaOf(name, context))]),
    ),
    securityDefinitions: security,
    security: [{ BearerToken: [] }],
  };
}
