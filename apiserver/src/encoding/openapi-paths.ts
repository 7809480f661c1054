// The operations of each served resource, in a form from which both OpenAPI versions are written.
import type { ResourceFact, SubresourceFact } from "@coracle/shared/api/facts";
import { typeFacts } from "@coracle/shared/api/facts";
import { kindTypeName } from "./body-document.ts";
import type { GroupVersionKind } from "./decode-errors.ts";
import {
  listParameters,
  type Parameter,
  parameters,
  pathParameters,
} from "./openapi-parameters.ts";

export type Method = "get" | "put" | "post" | "delete" | "options" | "head" | "patch";

export interface Operation {
  operationId: string;
  description: string;
  tag: string;
  /** list, get, post, put, patch, delete, deletecollection, watch, watchlist, connect. */
  action?: string;
  kind?: GroupVersionKind;
  parameters: readonly Parameter[];
  body?: { mediaTypes: readonly string[]; typeName: string; required: boolean };
  /** By status code; no type means plain text. */
  responses: readonly { code: string; typeName?: string; text?: "log" | "stream" }[];
  streams?: boolean;
}

export interface PathItem {
  operations: Partial<Record<Method, Operation>>;
  parameters: readonly Parameter[];
}

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";
const ANY_MEDIA = ["*/*"];
export const PATCH_MEDIA = [
  "application/apply-patch+yaml",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
];

const title = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** `CoreV1`, `RbacAuthorizationV1`, `AppsV1`. */
export function groupTitle(group: string, version: string): string {
  const words = group === "" ? ["core"] : group.replace(/\.k8s\.io$/, "").split(".");
  return words.map(title).join("") + title(version);
}

export const groupTag = (group: string, version: string): string => {
  const words = group === "" ? ["core"] : group.replace(/\.k8s\.io$/, "").split(".");
  return `${words.map((word, i) => (i === 0 ? word : title(word))).join("")}_${version}`;
};

/** One resource's paths. `typeName` of its kind and of its list come from the facts. */
export class ResourcePaths {
  readonly #fact: ResourceFact;
  readonly #kind: GroupVersionKind;
  readonly #type: string;
  readonly #root: string;
  readonly #namespaced: boolean;
  readonly #title: string;
  readonly #tag: string;
  readonly paths = new Map<string, PathItem>();

  constructor(fact: ResourceFact, typeName: string) {
    const group = fact.group ?? "";
    this.#fact = fact;
    this.#kind = { group, version: fact.version, kind: fact.kind };
    this.#type = typeName;
    this.#root = group === "" ? `/api/${fact.version}` : `/apis/${group}/${fact.version}`;
    this.#namespaced = fact.scope === "Namespaced";
    this.#title = groupTitle(group, fact.version);
    this.#tag = groupTag(group, fact.version);
    this.#collection();
    this.#item();
    for (const subresource of fact.subresources ?? []) this.#subresource(subresource);
    this.#watches();
  }

  #has(verb: string): boolean {
    return this.#fact.verbs.includes(verb);
  }

  #collectionPath(prefix = ""): string {
    const namespace = this.#namespaced ? "/namespaces/{namespace}" : "";
    return `${this.#root}${prefix}${namespace}/${this.#fact.resource}`;
  }

  /** `Namespaced` + kind. */
  get #name(): string {
    return (this.#namespaced ? "Namespaced" : "") + this.#fact.kind;
  }

  #pathParameters(name: boolean): Parameter[] {
    return [
      ...(name ? [pathParameters.name] : []),
      ...(this.#namespaced ? [pathParameters.namespace] : []),
    ];
  }

  /** What all operations of a path take is said once, at the path. */
  #add(path: string, operations: PathItem["operations"], own: readonly Parameter[]): void {
    const all = Object.values(operations);
    const [first] = all;
    if (first === undefined) return;
    const common = new Set(
      first.parameters.filter((parameter) =>
        all.every((operation) => operation.parameters.includes(parameter)),
      ),
    );
    const rest = Object.entries(operations).map(([method, operation]) => [
      method,
      { ...operation, parameters: operation.parameters.filter((p) => !common.has(p)) },
    ]);
    this.paths.set(path, {
      operations: Object.fromEntries(rest) as PathItem["operations"],
      parameters: [...common, ...own].sort(byName),
    });
  }

  #operation(
    verb: string,
    suffix: string,
    action: string,
    rest: Partial<Operation> & Pick<Operation, "responses">,
  ): Operation {
    return {
      operationId: `${verb}${this.#title}${suffix}`,
      description: `${verb} ${action === "list" ? "objects of kind" : "a"} ${this.#fact.kind}`,
      tag: this.#tag,
      action,
      kind: this.#kind,
      parameters: [],
      ...rest,
    };
  }

  #answers(codes: readonly string[], typeName: string): Operation["responses"] {
    return codes.map((code) => ({ code, typeName }));
  }

  #collection(): void {
    const operations: PathItem["operations"] = {};
    const { dryRun, fieldManager, fieldValidation, pretty } = parameters;
    if (this.#has("list"))
      operations.get = this.#operation("list", this.#name, "list", {
        parameters: listParameters,
        responses: this.#answers(["200"], `${this.#type}List`),
        streams: true,
      });
    if (this.#has("create"))
      operations.post = this.#operation("create", this.#name, "post", {
        parameters: [dryRun, fieldManager, fieldValidation],
        body: { mediaTypes: ANY_MEDIA, typeName: this.#type, required: true },
        responses: this.#answers(["200", "201", "202"], this.#type),
      });
    if (this.#has("deletecollection"))
      operations.delete = this.#operation("delete", `Collection${this.#name}`, "deletecollection", {
        parameters: deleteCollectionParameters,
        body: { mediaTypes: ANY_MEDIA, typeName: `${META}.DeleteOptions`, required: false },
        responses: this.#answers(["200"], `${META}.Status`),
      });
    this.#add(this.#collectionPath(), operations, [...this.#pathParameters(false), pretty]);
    if (this.#namespaced && this.#has("list"))
      this.#add(
        `${this.#root}/${this.#fact.resource}`,
        {
          get: this.#operation("list", `${this.#fact.kind}ForAllNamespaces`, "list", {
            parameters: listParameters,
            responses: this.#answers(["200"], `${this.#type}List`),
            streams: true,
          }),
        },
        [pretty],
      );
  }

  #item(): void {
    const operations: PathItem["operations"] = {
      ...this.#changes(this.#fact.verbs, this.#name, this.#type, this.#kind),
    };
    if (this.#has("delete")) {
      const result = deletedObjects.has(this.#fact.kind) ? this.#type : `${META}.Status`;
      operations.delete = this.#operation("delete", this.#name, "delete", {
        parameters: deleteParameters,
        body: { mediaTypes: ANY_MEDIA, typeName: `${META}.DeleteOptions`, required: false },
        responses: this.#answers(["200", "202"], result),
      });
    }
    this.#add(`${this.#collectionPath()}/{name}`, operations, [
      ...this.#pathParameters(true),
      parameters.pretty,
    ]);
  }

  /** get, put and patch of an object or of a subresource. */
  #changes(
    verbs: readonly string[],
    suffix: string,
    typeName: string,
    kind: GroupVersionKind,
  ): PathItem["operations"] {
    const { dryRun, fieldManager, fieldValidation, force } = parameters;
    const operations: PathItem["operations"] = {};
    if (verbs.includes("get"))
      operations.get = this.#operation("read", suffix, "get", {
        kind,
        responses: this.#answers(["200"], typeName),
      });
    if (verbs.includes("update"))
      operations.put = this.#operation("replace", suffix, "put", {
        kind,
        parameters: [dryRun, fieldManager, fieldValidation],
        body: { mediaTypes: ANY_MEDIA, typeName, required: true },
        responses: this.#answers(["200", "201"], typeName),
      });
    if (verbs.includes("patch"))
      operations.patch = this.#operation("patch", suffix, "patch", {
        kind,
        parameters: [dryRun, fieldManager, fieldValidation, force],
        body: { mediaTypes: PATCH_MEDIA, typeName: `${META}.Patch`, required: true },
        responses: this.#answers(["200", "201"], typeName),
      });
    return operations;
  }

  #subresource(subresource: SubresourceFact): void {
    const { name } = subresource;
    const path = `${this.#collectionPath()}/{name}/${name}`;
    const kind: GroupVersionKind =
      subresource.kindVersion === ""
        ? { ...this.#kind, kind: subresource.kind }
        : {
            group: subresource.kindGroup,
            version: subresource.kindVersion,
            kind: subresource.kind,
          };
    const suffix = `${this.#name}${title(name)}`;
    const common = [...this.#pathParameters(true), parameters.pretty];
    if (subresource.kind.endsWith("Options")) {
      this.#connect(subresource, path, suffix, kind);
      return;
    }
    const typeName = kindTypeName(kind);
    if (typeName === undefined) return;
    if (name === "log") {
      const operation = this.#operation("read", suffix, "get", {
        kind,
        responses: [{ code: "200", text: "log" }],
      });
      const options = optionParameters("io.k8s.api.core.v1.PodLogOptions");
      this.#add(path, { get: operation }, [...options, ...common]);
      return;
    }
    const operations = this.#changes(subresource.verbs, suffix, typeName, kind);
    const { dryRun, fieldManager, fieldValidation } = parameters;
    if (subresource.verbs.includes("create"))
      operations.post = this.#operation("create", suffix, "post", {
        kind,
        parameters: [dryRun, fieldManager, fieldValidation],
        body: { mediaTypes: ANY_MEDIA, typeName, required: true },
        responses: this.#answers(["200", "201", "202"], typeName),
      });
    this.#add(path, operations, common);
  }

  /** exec, attach, port-forward, proxy: the query holds the options, the reply is a stream. */
  #connect(
    subresource: SubresourceFact,
    path: string,
    suffix: string,
    kind: GroupVersionKind,
  ): void {
    const isProxy = subresource.name === "proxy";
    const methods: Method[] = isProxy
      ? ["get", "put", "post", "delete", "options", "head", "patch"]
      : ["get", "post"];
    const operationsOf = (end: string): PathItem["operations"] =>
      Object.fromEntries(
        methods.map((method) => [
          method,
          {
            ...this.#operation("connect", "", "connect", {
              kind,
              responses: [{ code: "200", text: "stream" }],
            }),
            operationId: `connect${this.#title}${title(method)}${suffix}${end}`,
            description: `connect ${method.toUpperCase()} requests to ${subresource.name} of ${this.#fact.kind}`,
          },
        ]),
      );
    const typeName = `io.k8s.api.core.v1.${subresource.kind}`;
    const own = [...optionParameters(typeName), ...this.#pathParameters(true)];
    this.#add(path, operationsOf(""), own);
    if (isProxy)
      this.#add(`${path}/{path}`, operationsOf("WithPath"), [pathParameters.path, ...own]);
  }

  #watches(): void {
    if (!this.#has("watch")) return;
    const watch = (path: string, suffix: string, action: string, own: Parameter[]): void => {
      const operation = this.#operation("watch", suffix, action, {
        responses: this.#answers(["200"], `${META}.WatchEvent`),
        streams: true,
      });
      this.#add(path, { get: operation }, [...listParameters, parameters.pretty, ...own]);
    };
    const collection = this.#collectionPath("/watch");
    const many = this.#pathParameters(false);
    watch(collection, `${this.#name}List`, "watchlist", many);
    if (this.#has("get"))
      watch(`${collection}/{name}`, this.#name, "watch", this.#pathParameters(true));
    if (this.#namespaced)
      watch(
        `${this.#root}/watch/${this.#fact.resource}`,
        `${this.#fact.kind}ListForAllNamespaces`,
        "watchlist",
        [],
      );
  }
}

const byName = (a: Parameter, b: Parameter): number => (a.name < b.name ? -1 : 1);

/** Kinds of which a delete answers with the object. */
const deletedObjects = new Set([
  "Pod",
  "PersistentVolume",
  "PersistentVolumeClaim",
  "PodTemplate",
  "ResourceQuota",
  "Service",
  "ServiceAccount",
]);

const deleteParameters: readonly Parameter[] = [
  parameters.dryRun,
  parameters.gracePeriodSeconds,
  parameters.ignoreStoreReadErrorWithClusterBreakingPotential,
  parameters.orphanDependents,
  parameters.propagationPolicy,
];

const deleteCollectionParameters: readonly Parameter[] = [
  ...deleteParameters,
  ...listParameters.filter(({ name }) => name !== "watch" && name !== "allowWatchBookmarks"),
].sort(byName);

/** The fields of an options type as query parameters. */
function optionParameters(typeName: string): Parameter[] {
  return (typeFacts[typeName]?.fields ?? [])
    .filter((field) => field.name !== "" && field.type !== "Time")
    .map((field) => {
      const type = field.type.replace("[]", "");
      return {
        name: field.name,
        in: "query" as const,
        type:
          type === "boolean" || type === "string"
            ? type
            : type.startsWith("int")
              ? "integer"
              : "string",
        description: `${field.name} of ${typeName.slice(typeName.lastIndexOf(".") + 1)}`,
      };
    });
}
