// A local, indexed, always converging copy of one resource, and notices of its changes.
import { type KubernetesObject, keyOf, type ResourceName } from "../api/resources.ts";
import type { Client } from "../client/client.ts";
import type { ListResult, ResourceClient } from "../client/resource-client.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Random } from "../runtime/random.ts";
import { Reflector } from "./reflector.ts";
import { type Indexers, type Lister, Store } from "./store.ts";

export type { Lister } from "./store.ts";

/**
 * Called in the order of the changes, after the store has them. They must not throw and only do a
 * little.
 */
export interface InformerHandlers<T> {
  onAdd?(object: T): void;
  /** Two states of one object (same uid). */
  onUpdate?(old: T, object: T): void;
  /** The last known state: after a lost connection it may be older than the one deleted. */
  onDelete?(object: T): void;
}

export interface InformerOptions<T> {
  client: Client;
  resource: ResourceName;
  fieldSelector?: string;
  labelSelector?: string;
  namespace?: string;
  indexers?: Indexers<T>;
  clock: Clock;
  random: Random;
  logger: Logger;
}

/** Small enough to be parsed without a noticeable pause. */
const PAGE_SIZE = 2000;

export class Informer<T extends KubernetesObject> {
  readonly resource: ResourceName;
  readonly lister: Lister<T>;
  /** Resolves when the first list has been delivered. */
  readonly synced: Promise<void>;
  readonly #options: InformerOptions<T>;
  readonly #store: Store<T>;
  readonly #handlers: InformerHandlers<T>[] = [];
  #markSynced: () => void = () => {};
  #isSynced = false;
  #started = false;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.resource = options.resource;
    this.#store = new Store<T>(options.indexers);
    this.lister = this.#store;
    this.synced = new Promise((resolve) => {
      this.#markSynced = resolve;
    });
  }

  hasSynced(): boolean {
    return this.#isSynced;
  }

  /** Objects known already are told at once, as additions. */
  addHandlers(handlers: InformerHandlers<T>): void {
    this.#handlers.push(handlers);
    for (const object of this.#store.list()) this.#tell(() => handlers.onAdd?.(object));
  }

  /** Lists and watches until `signal` is aborted. Idempotent. */
  start(signal: AbortSignal): void {
    if (this.#started) return;
    this.#started = true;
    const { client, resource, clock, random, logger } = this.#options;
    const { namespace, fieldSelector, labelSelector } = this.#options;
    const selection = { namespace, fieldSelector, labelSelector };
    const source = client.for(resource) as unknown as ResourceClient<T>;
    const reflector = new Reflector<T>({
      resource,
      source: {
        list: (listSignal) => listPages(source, selection, listSignal),
        watch: (options) => source.watch({ ...options, ...selection, withoutManagedFields: true }),
      },
      sink: {
        replace: (objects) => this.#replace(objects),
        apply: (type, object) => (type === "DELETED" ? this.#remove(object) : this.#put(object)),
      },
      clock,
      random,
      logger,
    });
    // It never rejects; it ends with the signal.
    void reflector.run(signal);
  }

  #replace(objects: T[]): void {
    const vanished = new Set(this.#store.keys());
    for (const object of objects) vanished.delete(keyOf(object));
    for (const key of vanished) this.#drop(key);
    for (const object of objects) this.#put(object);
    if (this.#isSynced) return;
    this.#isSynced = true;
    this.#markSynced();
  }

  #put(object: T): void {
    const key = keyOf(object);
    const { uid, resourceVersion } = object.metadata;
    const old = this.#store.get(key);
    if (old?.metadata.uid === uid && old.metadata.resourceVersion === resourceVersion) return;
    if (old !== undefined && old.metadata.uid !== uid) this.#drop(key);
    // Nobody reads them from a cache, and they are a third of a small object. (Those of a list.)
    if (object.metadata.managedFields) object.metadata.managedFields = undefined;
    const previous = this.#store.set(object);
    for (const handlers of this.#handlers) {
      if (previous === undefined) this.#tell(() => handlers.onAdd?.(object));
      else this.#tell(() => handlers.onUpdate?.(previous, object));
    }
  }

  /** A watch's deletion carries the final state, which is worth more than the stored one. */
  #remove(object: T): void {
    const key = keyOf(object);
    const old = this.#store.get(key);
    if (old === undefined) return;
    this.#drop(key, old.metadata.uid === object.metadata.uid ? object : old);
  }

  #drop(key: string, final?: T): void {
    const old = this.#store.delete(key);
    if (old === undefined) return;
    for (const handlers of this.#handlers) this.#tell(() => handlers.onDelete?.(final ?? old));
  }

  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#options.logger.error({ resource: this.resource, err: error }, "informer handler threw");
    }
  }
}

/** All pages of one consistent list. */
async function listPages<T extends KubernetesObject>(
  source: ResourceClient<T>,
  selection: { namespace?: string; fieldSelector?: string; labelSelector?: string },
  signal: AbortSignal,
): Promise<ListResult<T>> {
  let page = await source.list({ ...selection, limit: PAGE_SIZE });
  const items = page.items;
  while (page.metadata.continue && !signal.aborted) {
    page = await source.list({ ...selection, limit: PAGE_SIZE, continue: page.metadata.continue });
    for (const item of page.items) items.push(item);
  }
  return { items, metadata: { resourceVersion: page.metadata.resourceVersion } };
}
