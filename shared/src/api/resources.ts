// The kinds that Coracle serves: the key by which every other table (behaviour in the API server, typed client, informers)
// names them, and the TypeScript type of each.
import type { Deployment, ReplicaSet } from "./types/apps-v1.ts";
import type { Lease } from "./types/coordination-v1.ts";
import type {
  ConfigMap,
  Event,
  Namespace,
  Node,
  Pod,
  Secret,
  Service,
  ServiceAccount,
} from "./types/core-v1.ts";
import type { ObjectMeta } from "./types/meta-v1.ts";

/** Keyed by `<plural>` (core group) or `<plural>.<group>`. */
export interface ResourceTypes {
  configmaps: ConfigMap;
  events: Event;
  namespaces: Namespace;
  nodes: Node;
  pods: Pod;
  secrets: Secret;
  serviceaccounts: ServiceAccount;
  services: Service;
  "deployments.apps": Deployment;
  "replicasets.apps": ReplicaSet;
  "leases.coordination.k8s.io": Lease;
}

export type ResourceName = keyof ResourceTypes;

export interface ResourceRow {
  group: string;
  version: string;
  plural: string;
  kind: string;
  namespaced: boolean;
}

const core = (plural: string, kind: string, namespaced = true): ResourceRow => ({
  group: "",
  version: "v1",
  plural,
  kind,
  namespaced,
});

export const resources = {
  configmaps: core("configmaps", "ConfigMap"),
  events: core("events", "Event"),
  namespaces: core("namespaces", "Namespace", false),
  nodes: core("nodes", "Node", false),
  pods: core("pods", "Pod"),
  secrets: core("secrets", "Secret"),
  serviceaccounts: core("serviceaccounts", "ServiceAccount"),
  services: core("services", "Service"),
  "deployments.apps": {
    group: "apps",
    version: "v1",
    plural: "deployments",
    kind: "Deployment",
    namespaced: true,
  },
  "replicasets.apps": {
    group: "apps",
    version: "v1",
    plural: "replicasets",
    kind: "ReplicaSet",
    namespaced: true,
  },
  "leases.coordination.k8s.io": {
    group: "coordination.k8s.io",
    version: "v1",
    plural: "leases",
    kind: "Lease",
    namespaced: true,
  },
} as const satisfies Record<ResourceName, ResourceRow>;

export const apiVersionOf = (row: ResourceRow): string =>
  row.group === "" ? row.version : `${row.group}/${row.version}`;

/** `/api/v1/namespaces/default/pods/web/status`; `namespace` is left out for cluster scope or all namespaces. */
export function pathOf(
  row: ResourceRow,
  namespace?: string,
  name?: string,
  subresource?: string,
): string {
  let path = row.group === "" ? `/api/${row.version}` : `/apis/${row.group}/${row.version}`;
  if (row.namespaced && namespace !== undefined && namespace !== "")
    path += `/namespaces/${namespace}`;
  path += `/${row.plural}`;
  if (name !== undefined) path += `/${encodeURIComponent(name)}`;
  if (subresource !== undefined) path += `/${subresource}`;
  return path;
}

/** What every stored object has. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

/** An object to be created: the server fills in the rest. */
export type Draft<T extends KubernetesObject> = Omit<T, "metadata" | "status"> & {
  metadata: Partial<ObjectMeta>;
  status?: unknown;
};

/** `namespace/name`, or `name` for cluster scope: the key of stores and work queues. */
export function keyOf(object: KubernetesObject): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}

export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf("/");
  return slash < 0
    ? { namespace: "", name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
