// The run-time rows of served resources: everything that routes, discovery, tables and handlers derive from.
import type { ResourceFact } from "@coracle/shared/api/facts";
import type { KubernetesObject } from "@coracle/shared/api/resources";
import type { GroupResource } from "@coracle/shared/machinery/status-error";
import type { WatchCache } from "../storage/watch-cache.ts";
import type { ResourceBehaviour } from "./strategy.ts";

/** An object as the API server handles it: any kind. */
export type AnyObject = KubernetesObject & { [member: string]: unknown };

/** What discovery and OpenAPI tell of a resource. */
export interface DescribedResource extends GroupResource {
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
}

/** A resource whose objects are in the store. */
export interface ServedResource extends DescribedResource {
  behaviour: ResourceBehaviour<AnyObject>;
  cache: WatchCache;
  /** `/registry/pods/` */
  keyPrefix: string;
  /** `{"kind":"Pod","apiVersion":"v1","metadata":{`: how every object of the kind begins. */
  head: Buffer;
  /** Only of a version that is not the stored one. */
  conversion?: Conversion;
  /** How an object of this version looks in the other versions of its kind, by their apiVersion. */
  otherVersions: Map<string, VersionView>;
}

export interface VersionView {
  typeName: string;
  /** Neither changes its argument. */
  convert(object: AnyObject): AnyObject;
  /** From this version back. */
  back(object: AnyObject): AnyObject;
}

export interface Conversion {
  stored: ServedResource;
  /** Neither changes its argument. */
  toStored(object: AnyObject): AnyObject;
  fromStored(object: AnyObject): AnyObject;
  /**
   * The cache of a version that nobody asks for is not filled. Resolves when it is as fresh as the stored version's; undefined when it
   * is already.
   */
  follow(): Promise<void> | undefined;
}

/** The row whose objects are in the store, whatever version was asked for. */
export const storedForm = (resource: ServedResource): ServedResource =>
  resource.conversion?.stored ?? resource;

/** An object of the asked version as it is stored. */
export const toStored = (resource: ServedResource, object: AnyObject): AnyObject =>
  resource.conversion === undefined ? object : resource.conversion.toStored(object);

/** A stored object in the asked version. */
export const fromStored = (resource: ServedResource, object: AnyObject): AnyObject =>
  resource.conversion === undefined ? object : resource.conversion.fromStored(object);

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
