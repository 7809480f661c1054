// Facts of the Kubernetes 1.36 API: every type with its fields, and every resource that a server of that version serves.
import resourcesJson from "./facts/resources.json" with { type: "json" };
import tablesJson from "./facts/tables.json" with { type: "json" };
import typesJson from "./facts/types.json" with { type: "json" };

/** `type` is a scalar (`string int32 int64 integer double boolean bytes any Quantity IntOrString Time MicroTime Duration
 *  FieldsV1 RawExtension`), `enum:<name>`, `[]T`, `map:T`, or a type's full name. */
export interface FieldFact {
  name: string;
  type: string;
  /** Protobuf field number. */
  number?: number;
  /** Its members appear in the parent in JSON, but as a nested message in protobuf. */
  inline?: boolean;
  required?: boolean;
  listType?: "atomic" | "set" | "map";
  listMapKeys?: string[];
  mapType?: "atomic" | "granular";
  patchStrategy?: string;
  patchMergeKey?: string;
  default?: unknown;
  featureGate?: string;
  /** A pointer in upstream's Go type: an explicit zero value (false, 0, "") is kept. */
  pointer?: boolean;
  /** Left out when empty (false, 0, "", [], {}); a struct is never empty in this sense. */
  omitEmpty?: boolean;
  /** Left out when it is the zero value, a struct included (creationTimestamp). */
  omitZero?: boolean;
  /** Upstream's Go type where `type` does not tell it, e.g. `v1.PullPolicy`: decoding errors name it. */
  goType?: string;
}

export interface TypeFact {
  client?: { namespaced: boolean; status: boolean };
  mapType?: "atomic" | "granular";
  fields?: FieldFact[];
}

export interface SubresourceFact {
  name: string;
  kind: string;
  kindGroup: string;
  kindVersion: string;
  verbs: string[];
}

export interface ResourceFact {
  /** Absent for the core group. */
  group?: string;
  version: string;
  resource: string;
  kind: string;
  scope: "Namespaced" | "Cluster";
  verbs: string[];
  singular: string;
  shortNames?: string[];
  categories?: string[];
  subresources?: SubresourceFact[];
  fieldSelectors?: string[];
}

export interface ColumnFact {
  name: string;
  type: string;
  format: string;
  /** 0 is always shown, 1 with `-o wide`. */
  priority: number;
}

const facts = typesJson as unknown as {
  types: Record<string, TypeFact>;
  enums: Record<string, string[]>;
};

/** By full name, e.g. `io.k8s.api.core.v1.Pod`. */
export const typeFacts: Readonly<Record<string, TypeFact>> = facts.types;
export const enumFacts: Readonly<Record<string, string[]>> = facts.enums;
export const resourceFacts = resourcesJson as unknown as readonly ResourceFact[];
/** Columns by `<plural>.<version>[.<group>]`. */
export const tableFacts = tablesJson as unknown as Readonly<Record<string, ColumnFact[]>>;

/** Groups whose types are not in the package of the others. */
const packages: Readonly<Record<string, string>> = {
  "": "io.k8s.api.core",
  "apiregistration.k8s.io": "io.k8s.kube-aggregator.pkg.apis.apiregistration",
  "metrics.k8s.io": "io.k8s.metrics.pkg.apis.metrics",
};

/** `io.k8s.api.apps.v1.Deployment` for ("apps", "v1", "Deployment"); undefined when there is no such kind. */
export function typeNameOf(group: string, version: string, kind: string): string | undefined {
  const folder = packages[group] ?? `io.k8s.api.${group.split(".")[0] as string}`;
  const name = `${folder}.${version}.${kind}`;
  return name in facts.types ? name : undefined;
}
