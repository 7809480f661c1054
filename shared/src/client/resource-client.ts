// The verbs on one resource, as the typed client offers them.
import type { Draft, KubernetesObject } from "../api/resources.ts";

export interface ListOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  limit?: number;
  continue?: string;
  resourceVersion?: string;
  resourceVersionMatch?: string;
}

export interface ListResult<T> {
  items: T[];
  metadata: { resourceVersion: string; continue?: string };
}

export interface WatchOptions extends ListOptions {
  resourceVersion: string;
  /** Aborting it ends the iteration normally. */
  signal?: AbortSignal;
  allowWatchBookmarks?: boolean;
  timeoutSeconds?: number;
  /** For who does not need them: half the work of parsing a small object. */
  withoutManagedFields?: boolean;
}

/** A BOOKMARK's object has nothing but its kind and metadata.resourceVersion. */
export interface WatchEvent<T> {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  object: T;
}

export interface PatchOptions {
  namespace?: string;
  /** Default strategic. */
  type?: "strategic" | "merge" | "json";
  subresource?: string;
}

export interface DeleteOptions {
  namespace?: string;
  gracePeriodSeconds?: number;
  propagationPolicy?: "Background" | "Foreground" | "Orphan";
  /** Preconditions: Conflict when they do not hold. */
  uid?: string;
  resourceVersion?: string;
}

/** Every method throws StatusError for a refusal and ConnectionError when there was no answer. */
export interface ResourceClient<T extends KubernetesObject> {
  get(name: string, namespace?: string): Promise<T>;
  list(options?: ListOptions): Promise<ListResult<T>>;
  create(object: Draft<T>, namespace?: string): Promise<T>;
  update(object: T): Promise<T>;
  updateStatus(object: T): Promise<T>;
  patch(name: string, patch: unknown, options?: PatchOptions): Promise<T>;
  delete(name: string, options?: DeleteOptions): Promise<void>;
  deleteCollection(
    options: ListOptions & Pick<DeleteOptions, "propagationPolicy" | "gracePeriodSeconds">,
  ): Promise<void>;
  /** E.g. `subresource(pod, "binding", {…})`. */
  subresource(
    name: string,
    subresource: string,
    body: unknown,
    options?: { namespace?: string; method?: "POST" | "PUT" },
  ): Promise<unknown>;
  /** Ends when the server ends it. An ERROR event is thrown as StatusError. */
  watch(options: WatchOptions): AsyncIterable<WatchEvent<T>>;
}
