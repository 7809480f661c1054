// Brings each event to the groups of watchers it may concern, and wakes them once a turn of the event loop: after the writers have
// their answers, and for all events of the turn together.
import type { CacheEvent } from "./cache-event.ts";
import type { CachedObject } from "./cached-object.ts";
import type { WatchCursor } from "./watch-cursor.ts";
import { type Scope, WatchGroup } from "./watch-group.ts";

export class WatchRouter {
  #all: WatchGroup | undefined;
  readonly #byNamespace = new Map<string, WatchGroup>();
  /** One object in any namespace, or of a cluster-scoped resource. */
  readonly #byName = new Map<string, WatchGroup>();
  /** `<namespace>/<name>` */
  readonly #byObject = new Map<string, WatchGroup>();
  /** By field, then value. */
  readonly #byField = new Map<string, Map<string, WatchGroup>>();
  readonly #groups = new Set<WatchGroup>();
  readonly #dirty = new Set<WatchGroup>();
  readonly #wanting = new Set<WatchCursor>();
  #waking = false;

  get groups(): Iterable<WatchGroup> {
    return this.#groups;
  }

  /** The group of `scope`; a new one is told by `completeAbove` what it will have missed. */
  group(scope: Scope, completeAbove: number): WatchGroup {
    const { namespace, name, field } = scope;
    const make = () => this.#add(new WatchGroup(scope, completeAbove));
    if (name !== undefined && namespace !== undefined) {
      return getOrMake(this.#byObject, `${namespace}/${name}`, make);
    }
    if (name !== undefined) return getOrMake(this.#byName, name, make);
    if (field !== undefined) {
      const values = getOrMake(this.#byField, field.name, () => new Map<string, WatchGroup>());
      return getOrMake(values, field.value, make);
    }
    if (namespace !== undefined) return getOrMake(this.#byNamespace, namespace, make);
    this.#all ??= make();
    return this.#all;
  }

  route(event: CacheEvent): void {
    if (this.#groups.size === 0) return;
    const { object, previous } = event;
    if (this.#all !== undefined) this.#push(this.#all, event);
    this.#pushTo(this.#byNamespace, object.namespace, event);
    if (this.#byName.size > 0) this.#pushTo(this.#byName, object.name, event);
    if (this.#byObject.size > 0) {
      this.#pushTo(this.#byObject, `${object.namespace}/${object.name}`, event);
    }
    for (const [field, groups] of this.#byField) {
      const value = fieldOf(object, field);
      const before = fieldOf(previous, field);
      if (value !== undefined) this.#pushTo(groups, value, event);
      if (before !== undefined && before !== value) this.#pushTo(groups, before, event);
    }
  }

  wakeSoon(cursor: WatchCursor): void {
    this.#wanting.add(cursor);
    this.#schedule();
  }

  /** Lets events up to `floor` go. */
  trim(floor: number): void {
    for (const group of this.#groups) group.trim(floor);
  }

  remove(group: WatchGroup, cursor: WatchCursor): void {
    this.#wanting.delete(cursor);
    group.cursors.delete(cursor);
    if (group.cursors.size > 0) return;
    const { namespace, name, field } = group.scope;
    this.#groups.delete(group);
    this.#dirty.delete(group);
    if (name !== undefined && namespace !== undefined)
      this.#byObject.delete(`${namespace}/${name}`);
    else if (name !== undefined) this.#byName.delete(name);
    else if (field !== undefined) this.#removeField(field);
    else if (namespace !== undefined) this.#byNamespace.delete(namespace);
    else this.#all = undefined;
  }

  /** All that cursors stand on is gone. */
  expire(): void {
    for (const group of this.#groups) {
      for (const cursor of group.cursors) {
        cursor.expire();
        this.wakeSoon(cursor);
      }
    }
  }

  #add(group: WatchGroup): WatchGroup {
    this.#groups.add(group);
    return group;
  }

  #removeField(field: { name: string; value: string }): void {
    const values = this.#byField.get(field.name);
    values?.delete(field.value);
    if (values?.size === 0) this.#byField.delete(field.name);
  }

  #pushTo(groups: Map<string, WatchGroup>, id: string, event: CacheEvent): void {
    const group = groups.get(id);
    if (group !== undefined) this.#push(group, event);
  }

  #push(group: WatchGroup, event: CacheEvent): void {
    group.push(event);
    this.#dirty.add(group);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#waking) return;
    this.#waking = true;
    setImmediate(() => this.#wake());
  }

  #wake(): void {
    this.#waking = false;
    const groups = [...this.#dirty];
    const cursors = [...this.#wanting];
    this.#dirty.clear();
    this.#wanting.clear();
    for (const group of groups) for (const cursor of group.cursors) cursor.wake();
    for (const cursor of cursors) cursor.wake();
    // Who was woken reads now or in a promise's callback: both before the next turn.
    setImmediate(() => {
      for (const group of groups) group.forgetShared();
      for (const cursor of cursors) cursor.group.forgetShared();
    });
  }
}

function fieldOf(object: CachedObject | undefined, field: string): string | undefined {
  return object && (object.fields[field] ?? "");
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
