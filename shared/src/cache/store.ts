// Objects by key (`namespace/name`) with indices that follow every change.
import { type KubernetesObject, keyOf } from "../api/resources.ts";

/** Objects are shared by all readers: never mutate one; `structuredClone` it to change it. */
export interface Lister<T> {
  get(key: string): T | undefined;
  /** All, or those of a namespace. */
  list(namespace?: string): T[];
  byIndex(index: string, value: string): T[];
}

export type Indexers<T> = Record<string, (object: T) => string[]>;

const NAMESPACE = "namespace";

export class Store<T extends KubernetesObject> implements Lister<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexers: [string, (object: T) => string[]][];
  readonly #indices = new Map<string, Map<string, Map<string, T>>>();

  constructor(indexers: Indexers<T> = {}) {
    const byNamespace = (object: T) => [object.metadata.namespace ?? ""];
    this.#indexers = Object.entries({ [NAMESPACE]: byNamespace, ...indexers });
    for (const [name] of this.#indexers) this.#indices.set(name, new Map());
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  list(namespace?: string): T[] {
    if (namespace !== undefined) return this.byIndex(NAMESPACE, namespace);
    return [...this.#objects.values()];
  }

  byIndex(index: string, value: string): T[] {
    const values = this.#indices.get(index);
    if (values === undefined) throw new Error(`no index ${index}`);
    const found = values.get(value);
    return found === undefined ? [] : [...found.values()];
  }

  /** Returns what was there before. */
  set(object: T): T | undefined {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    if (old !== undefined) this.#unindex(key, old);
    this.#objects.set(key, object);
    for (const [name, valuesOf] of this.#indexers) {
      const values = this.#indices.get(name) as Map<string, Map<string, T>>;
      for (const value of valuesOf(object)) {
        const bucket = values.get(value);
        if (bucket === undefined) values.set(value, new Map([[key, object]]));
        else bucket.set(key, object);
      }
    }
    return old;
  }

  /** Returns what was there. */
  delete(key: string): T | undefined {
    const old = this.#objects.get(key);
    if (old === undefined) return undefined;
    this.#objects.delete(key);
    this.#unindex(key, old);
    return old;
  }

  #unindex(key: string, object: T): void {
    for (const [name, valuesOf] of this.#indexers) {
      const values = this.#indices.get(name) as Map<string, Map<string, T>>;
      for (const value of valuesOf(object)) {
        const bucket = values.get(value);
        bucket?.delete(key);
        if (bucket?.size === 0) values.delete(value);
      }
    }
  }
}
