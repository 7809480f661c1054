// Objects by the value of a selectable field, so that the Pods of one node are found without looking at all Pods. An index is made
// when its field is first asked for (that reads the fields of all objects, once), and kept up to date from then on.
import type { CachedObject } from "./cached-object.ts";

/** Of one resource; a further field is looked for in all objects. */
const INDEXES_MAX = 4;

export interface FieldValue {
  name: string;
  value: string;
}

export class FieldIndexes {
  /** By field, then value, then key. */
  readonly #fields = new Map<string, Map<string, Map<string, CachedObject>>>();

  /** How many references are held. */
  get size(): number {
    let size = 0;
    for (const values of this.#fields.values()) {
      for (const objects of values.values()) size += objects.size;
    }
    return size;
  }

  /** In the order of keys; undefined = no index has it. `all` is looked at when the index is made. */
  find({ name, value }: FieldValue, all: () => Iterable<CachedObject>): CachedObject[] | undefined {
    let values = this.#fields.get(name);
    if (values === undefined) {
      if (this.#fields.size >= INDEXES_MAX) return undefined;
      values = new Map();
      this.#fields.set(name, values);
      for (const object of all()) add(values, name, object);
    }
    const objects = [...(values.get(value)?.values() ?? [])];
    return objects.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** How many find() would give; undefined = not known yet. */
  count({ name, value }: FieldValue): number | undefined {
    const values = this.#fields.get(name);
    return values && (values.get(value)?.size ?? 0);
  }

  replace(previous: CachedObject | undefined, next: CachedObject | undefined): void {
    for (const [name, values] of this.#fields) {
      if (previous !== undefined) remove(values, name, previous);
      if (next !== undefined) add(values, name, next);
    }
  }

  clear(): void {
    this.#fields.clear();
  }
}

type Values = Map<string, Map<string, CachedObject>>;

function add(values: Values, name: string, object: CachedObject): void {
  const value = object.fields[name] ?? "";
  let objects = values.get(value);
  if (objects === undefined) {
    objects = new Map();
    values.set(value, objects);
  }
  objects.set(object.key, object);
}

function remove(values: Values, name: string, object: CachedObject): void {
  const value = object.fields[name] ?? "";
  const objects = values.get(value);
  objects?.delete(object.key);
  if (objects?.size === 0) values.delete(value);
}
