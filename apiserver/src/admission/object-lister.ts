// The objects of one kind as admission plugins need them: parsed once a revision, and not looked for at all where there are
// none, as most namespaces have no quota and no limits and creating Pods has to stay cheap.
import type { KubernetesObject } from "@coracle/shared/api/resources";
import type { ServedResource } from "../registry/served-resource.ts";
import type { CachedObject } from "../storage/watch-cache.ts";

const NONE: readonly never[] = [];

/** What it returns is shared: not to be changed. */
export class ObjectLister<T extends KubernetesObject> {
  readonly #resource: ServedResource;
  readonly #parsed = new WeakMap<CachedObject, T>();

  constructor(resource: ServedResource) {
    this.#resource = resource;
  }

  /** "" for all of a cluster-scoped kind. */
  list(namespace: string): readonly T[] {
    const { cache } = this.#resource;
    if (cache.size === 0) return NONE;
    const { items } = cache.list(namespace === "" ? {} : { namespace });
    return items.length === 0 ? NONE : items.map((item) => this.#parse(item));
  }

  get(namespace: string, name: string): T | undefined {
    const cached = this.#resource.cache.get(namespace, name);
    return cached === undefined ? undefined : this.#parse(cached);
  }

  #parse(cached: CachedObject): T {
    let object = this.#parsed.get(cached);
    if (object === undefined) {
      object = JSON.parse(cached.bytes.toString()) as T;
      this.#parsed.set(cached, object);
    }
    return object;
  }
}
