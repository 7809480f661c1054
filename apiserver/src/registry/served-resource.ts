// The run-time row of one served resource: everything that routes, discovery, tables and handlers derive from.
import type { ResourceFact } from "@coracle/shared/api/facts";
import type { KubernetesObject } from "@coracle/shared/api/resources";
import type { GroupResource } from "@coracle/shared/machinery/status-error";
import type { WatchCache } from "../storage/watch-cache.ts";
import type { ResourceBehaviour } from "./strategy.ts";

/** An object as the API server handles it: any kind. */
export type AnyObject = KubernetesObject & { [member: string]: unknown };

export interface ServedResource extends GroupResource {
  fact: ResourceFact;
  group: string;
  version: string;
  /** Plural. */
  resource: string;
  kind: string;
  namespaced: boolean;
  /** `v1`, `apps/v1`. */
  apiVersion: string;
  /** Full name of the type in the field facts. */
  typeName: string;
  behaviour: ResourceBehaviour<AnyObject>;
  cache: WatchCache;
  /** `/registry/pods/` */
  keyPrefix: string;
  /** `{"kind":"Pod","apiVersion":"v1","metadata":{`: how every stored object of the kind begins. */
  head: Buffer;
}

export function keyFor(resource: ServedResource, namespace: string, name: string): string {
  return resource.namespaced
    ? `${resource.keyPrefix}${namespace}/${name}`
    : `${resource.keyPrefix}${name}`;
}

/** The bytes that clients get: the resource version spliced in as the first member of the metadata. */
export function servedBytes(resource: ServedResource, atRest: Buffer, revision: number): Buffer {
  const version = Buffer.from(`"resourceVersion":"${revision}",`, "latin1");
  return Buffer.concat([resource.head, version, atRest.subarray(resource.head.length)]);
}
