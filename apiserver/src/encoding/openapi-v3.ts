// /openapi/v3: one document a group version.
import type { ResourceFact } from "@coracle/shared/api/facts";
import { resourceFacts } from "@coracle/shared/api/facts";
import { kindTypeName } from "./body-document.ts";
import type { Parameter } from "./openapi-parameters.ts";
import type { Operation, PathItem } from "./openapi-paths.ts";
import { groupTag, groupTitle, ResourcePaths } from "./openapi-paths.ts";
import type { Descriptions, Schema, SchemaContext } from "./openapi-schema.ts";
import { closureOf, isKind, schemaOf, schemaReference } from "./openapi-schema.ts";
import { goNameOf } from "./type-shape.ts";

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";
const PLAIN_MEDIA = ["application/json", "application/vnd.kubernetes.protobuf", "application/yaml"];
const STREAM_MEDIA = [
  "application/json",
  "application/json;stream=watch",
  "application/vnd.kubernetes.protobuf",
  "application/vnd.kubernetes.protobuf;stream=watch",
  "application/yaml",
];

const TEXT_MEDIA = { log: [...PLAIN_MEDIA, "text/plain"], stream: ["*/*"] } as const;

/** All that is known of one group version: its paths and the types that they use. */
export interface GroupVersionApi {
  group: string;
  version: string;
  paths: Map<string, PathItem>;
  typeNames: string[];
}

export const info = { title: "Kubernetes", version: "1.36" } as const;

const rootOf = (group: string, version: string): string =>
  group === "" ? `/api/${version}/` : `/apis/${group}/${version}/`;

/** The operation that lists a group version's resources. */
function resourcesOperation(group: string, version: string): Operation {
  return {
    operationId: `get${groupTitle(group, version)}APIResources`,
    description: "get available resources",
    tag: groupTag(group, version),
    parameters: [],
    responses: [{ code: "200", typeName: `${META}.APIResourceList` }],
  };
}

export function groupVersionApi(
  group: string,
  version: string,
  facts: readonly ResourceFact[],
): GroupVersionApi {
  const paths = new Map<string, PathItem>();
  paths.set(rootOf(group, version), {
    operations: { get: resourcesOperation(group, version) },
    parameters: [],
  });
  for (const fact of facts) {
    const typeName = kindTypeName({ group, version, kind: fact.kind });
    if (typeName === undefined) continue;
    for (const [path, item] of new ResourcePaths(fact, typeName).paths) paths.set(path, item);
  }
  const used = new Set<string>();
  for (const { operations } of paths.values())
    for (const operation of Object.values(operations)) {
      if (operation.body !== undefined) used.add(operation.body.typeName);
      for (const { typeName } of operation.responses)
        if (typeName !== undefined) used.add(typeName);
    }
  const sorted = new Map([...paths].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { group, version, paths: sorted, typeNames: closureOf(used) };
}

/** `io.k8s.api.apps.v1.Deployment` → apps/v1 Deployment, when `group` is the one whose folder it
 *  is. */
export function schemaContext(
  descriptions: Descriptions,
  groupVersions: readonly { group: string; version: string }[],
): SchemaContext {
  const groupOfFolder = new Map(
    resourceFacts.map(({ group = "" }) => [
      group === "" ? "core" : (group.split(".")[0] as string),
      group,
    ]),
  );
  return {
    descriptions,
    kindsOf(typeName) {
      if (!isKind(typeName)) return [];
      const kind = goNameOf(typeName);
      if (typeName.startsWith(`${META}.`)) {
        if (["DeleteOptions", "WatchEvent"].includes(kind))
          return [
            { group: "", version: "v1" },
            ...groupVersions.filter((gv) => gv.group !== ""),
          ].map(({ group, version }) => ({ group, kind, version }));
        return [{ group: "", kind, version: "v1" }];
      }
      const [folder = "", version = ""] = typeName.split(".").slice(-3, -1);
      const group = groupOfFolder.get(folder);
      return group === undefined ? [] : [{ group, kind, version }];
    },
  };
}

const parameterV3 = ({ name, in: place, type, description }: Parameter): Schema => ({
  name,
  in: place,
  description,
  ...(place === "path" && { required: true }),
  schema: { type, uniqueItems: true },
});

const descriptionOfCode: Readonly<Record<string, string>> = {
  "200": "OK",
  "201": "Created",
  "202": "Accepted",
};

function operationV3(operation: Operation): Schema {
  const responses: Schema = {};
  for (const { code, typeName, text } of operation.responses) {
    const schema =
      typeName === undefined ? { type: "string" } : { $ref: schemaReference(typeName) };
    const media =
      text !== undefined
        ? TEXT_MEDIA[text]
        : operation.streams === true
          ? STREAM_MEDIA
          : PLAIN_MEDIA;
    responses[code] = {
      description: descriptionOfCode[code],
      content: Object.fromEntries(media.map((type) => [type, { schema }])),
    };
  }
  responses["401"] = { description: "Unauthorized" };
  const { body, kind, action } = operation;
  return {
    tags: [operation.tag],
    description: operation.description,
    operationId: operation.operationId,
    ...(operation.parameters.length > 0 && { parameters: operation.parameters.map(parameterV3) }),
    ...(body !== undefined && {
      requestBody: {
        content: Object.fromEntries(
          body.mediaTypes.map((type) => [
            type,
            { schema: { $ref: schemaReference(body.typeName) } },
          ]),
        ),
        ...(body.required && { required: true }),
      },
    }),
    responses,
    ...(action !== undefined && { "x-kubernetes-action": action }),
    ...(kind !== undefined && { "x-kubernetes-group-version-kind": kind }),
  };
}

export const security = {
  BearerToken: {
    type: "apiKey",
    description: "Bearer Token authentication",
    name: "authorization",
    in: "header",
  },
} as const;

export function documentV3(api: GroupVersionApi, context: SchemaContext): Schema {
  const paths: Schema = {};
  for (const [path, { operations, parameters }] of api.paths) {
    const item: Schema = {};
    for (const [method, operation] of Object.entries(operations))
      item[method] = operationV3(operation);
    if (parameters.length > 0) item.parameters = parameters.map(parameterV3);
    paths[path] = item;
  }
  const schemas = Object.fromEntries(api.typeNames.map((name) => [name, schemaOf(name, context)]));
  return {
    openapi: "3.0.0",
    info,
    paths,
    components: { schemas, securitySchemes: security },
  };
}
