// All objects of one resource in memory, as served, fed by the store's watch. Lists and watches are answered from here.
//
// One event takes these steps, all in one synchronous run: the hash map and the sorted chunks get the new state, the ring gets the
// event, the groups that it concerns get a reference to it. Watchers are woken later (watch-router.ts). Readers see either none or
// all of it. `revision` follows the store even if this resource has no events.
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import { CacheEvent, deletionOf, type Predicate } from "./cache-event.ts";
import {
  CachedObject,
  type Extract,
  namespaceOf,
  type ObjectForm,
  serve,
  serveLine,
} from "./cached-object.ts";
import { EventRing } from "./event-ring.ts";
import { FieldIndexes, type FieldValue } from "./field-index.ts";
import { RevisionWaiters } from "./revision-waiters.ts";
import { SnapshotShelf } from "./snapshot-shelf.ts";
import { prefixEnd, SortedChunks, type SortedView } from "./sorted-chunks.ts";
import {
  CompactedError,
  FutureRevisionError,
  type KeyValue,
  type Storage,
  type StorageEvent,
} from "./storage.ts";
import { listStored } from "./stored-list.ts";
import { WatchCursor } from "./watch-cursor.ts";
import { type Feed, followStorage } from "./watch-feed.ts";
import { seeThrough } from "./watch-group.ts";
import { WatchRouter } from "./watch-router.ts";

export type { CacheEvent, Predicate } from "./cache-event.ts";
export type { CachedObject, Extracted } from "./cached-object.ts";
export type { WatchCursor } from "./watch-cursor.ts";

export interface WatchCacheOptions {
  storage: Storage;
  /** `/registry/pods/` */
  prefix: string;
  /** Bytes before the metadata's first member: `{"kind":"Pod","apiVersion":"v1","metadata":{`.length */
  headLength: number;
  /** Labels and selectable fields, for selectors. Without a memo it is called only once a selector asks. */
  extract: Extract;
  clock: Clock;
  logger: Logger;
  /** Of the ring of events; default 32 MiB. */
  historyBytesMax?: number;
}

export interface ListOptions {
  namespace?: string;
  predicate?: Predicate;
  /** A field's value that `predicate` asks for: the objects that have it are found through an index. */
  field?: FieldValue;
  /** Only keys greater than this one. */
  startAfter?: string;
  limit?: number;
  /** Exactly the state at this revision; default the freshest. */
  revision?: number;
}

export interface ListResult {
  /** Shared: not to be changed. */
  items: readonly CachedObject[];
  revision: number;
  more: boolean;
  /** How many follow the last item; with a predicate that is not known, and 0. */
  remaining: number;
}

export interface CacheWatchOptions {
  /** Events with a greater revision are delivered. */
  fromRevision: number;
  namespace?: string;
  name?: string;
  /** Only objects whose selectable field has this value (absent counts as ""): the watcher is not woken for others. */
  field?: FieldValue;
  predicate?: Predicate;
  /** Says what `predicate` selects: watchers with the same text share their lines. */
  filterKey?: string;
}

const HISTORY_BYTES_MAX = 32 << 20;
/** Of a value that more than one in so many objects has, the sorted objects are looked through instead. */
const SHARE_WORTH_AN_INDEX = 4;

export class WatchCache {
  readonly #options: WatchCacheOptions;
  readonly #form: ObjectForm;
  #objects = new Map<string, CachedObject>();
  #sorted = new SortedChunks<CachedObject>();
  #ring: EventRing;
  #revision = 0;
  /** Of the last event applied; the state has not changed since. */
  #changed = 0;
  readonly #shelf = new SnapshotShelf();
  readonly #router = new WatchRouter();
  readonly #waiters: RevisionWaiters;
  /** Each namespace once, since every object holds its own. */
  readonly #namespaces = new Map<string, string>();
  /** Whole lists of the present state, by namespace ("" = all). */
  readonly #lists = new Map<string, readonly CachedObject[]>();
  readonly #indexes = new FieldIndexes();
  #feed: Feed | undefined;
  #loading: CachedObject[] = [];

  constructor(options: WatchCacheOptions) {
    const { prefix, headLength, extract, clock } = options;
    this.#options = options;
    this.#form = { prefix, headLength, extract };
    this.#ring = new EventRing(options.historyBytesMax ?? HISTORY_BYTES_MAX, 0);
    this.#waiters = new RevisionWaiters(clock);
  }

  /** Resolves when the cache is as fresh as the store was at the call. Errors: what the store says. */
  async start(): Promise<void> {
    const { storage, prefix, clock, logger } = this.#options;
    this.#feed = await followStorage({
      storage,
      prefix,
      clock,
      logger,
      begin: () => {
        this.#loading = [];
      },
      load: (items) => this.#load(items),
      loaded: (revision) => this.#loaded(revision),
      events: (events, revision) => this.#apply(events, revision),
      progress: (revision) => this.#advance(revision),
    });
  }

  async stop(): Promise<void> {
    this.#feed?.stop();
    this.#router.expire();
    this.#waiters.stop();
  }

  get revision(): number {
    return this.#revision;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** `namespace` is "" for cluster-scoped objects. */
  get(namespace: string, name: string): CachedObject | undefined {
    const { prefix } = this.#form;
    return this.#objects.get(namespace === "" ? prefix + name : `${prefix}${namespace}/${name}`);
  }

  /** false = the store did not reach `revision` in time: the client asked for the future. */
  waitFor(revision: number, timeoutMs: number): Promise<boolean> {
    if (this.#revision >= revision) return Promise.resolve(true);
    return this.#waiters.wait(revision, timeoutMs);
  }

  /** Errors: CompactedError (listStored() may still have it), FutureRevisionError. */
  list(options: ListOptions = {}): ListResult {
    const { namespace, predicate, startAfter } = options;
    const limit = options.limit || Number.POSITIVE_INFINITY;
    const revision = options.revision || this.#revision;
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision);
    const present = revision >= this.#changed;
    if (present && !options.limit && startAfter === undefined && predicate === undefined) {
      return { items: this.#wholeList(namespace ?? ""), revision, more: false, remaining: 0 };
    }
    const indexed = present ? this.#indexed(options) : undefined;
    if (indexed !== undefined) return this.#pageOf(indexed, options, revision);
    const view = present ? this.#sorted.live : this.#past(revision);
    const scope = namespace ? `${this.#form.prefix}${namespace}/` : this.#form.prefix;
    const from =
      startAfter !== undefined && startAfter >= scope ? view.after(startAfter) : view.from(scope);
    const to = view.from(prefixEnd(scope));
    if (predicate === undefined) {
      const items = view.take(from, to, limit);
      const remaining = view.count(from, to) - items.length;
      if (present && remaining > 0) this.#keepPresent();
      return { items, revision, more: remaining > 0, remaining };
    }
    const items: CachedObject[] = [];
    let more = false;
    view.visit(from, to, (object) => {
      if (!predicate(object)) return true;
      more = items.length === limit;
      if (!more) items.push(object);
      return !more;
    });
    if (present && more) this.#keepPresent();
    return { items, revision, more, remaining: 0 };
  }

  /** The objects that can be in a present list, if an index knows them to be few. */
  #indexed({ field, predicate }: ListOptions): readonly CachedObject[] | undefined {
    if (field === undefined || predicate === undefined) return undefined;
    const known = this.#indexes.count(field) ?? 0;
    if (known * SHARE_WORTH_AN_INDEX > this.#objects.size) return undefined;
    return this.#indexes.find(field, () => this.#objects.values());
  }

  #pageOf(candidates: readonly CachedObject[], options: ListOptions, revision: number): ListResult {
    const { namespace, predicate, startAfter = "" } = options;
    const limit = options.limit || Number.POSITIVE_INFINITY;
    const items: CachedObject[] = [];
    for (const object of candidates) {
      if (object.key <= startAfter || (namespace && object.namespace !== namespace)) continue;
      if (predicate?.(object) === false) continue;
      if (items.length === limit) {
        this.#keepPresent();
        return { items, revision, more: true, remaining: 0 };
      }
      items.push(object);
    }
    return { items, revision, more: false, remaining: 0 };
  }

  /** As list(), from the store: has what the ring has lost, as far back as history reaches. Errors: CompactedError. */
  listStored(options: ListOptions): Promise<ListResult> {
    return listStored(this.#options.storage, this.#form, options);
  }

  /** Errors: CompactedError. */
  watch(options: CacheWatchOptions): WatchCursor {
    const { fromRevision, namespace, name, field } = options;
    if (fromRevision < this.#ring.floor) throw new CompactedError(fromRevision, this.#ring.floor);
    const router = this.#router;
    const scope = { namespace, name, field };
    const group = router.group(scope, this.#revision);
    if (fromRevision < group.completeAbove) {
      const older = this.#ring.between(fromRevision, group.completeAbove);
      group.prepend(
        older.filter((event) => group.concerns(event)),
        fromRevision,
      );
    }
    const cursor = new WatchCursor({
      group,
      position: group.after(fromRevision),
      fromRevision,
      ...this.#filter(options),
      published: () => this.#revision,
      wakeSoon: (self) => router.wakeSoon(self),
      closed: (self) => router.remove(group, self),
    });
    group.cursors.add(cursor);
    return cursor;
  }

  #filter(options: CacheWatchOptions) {
    const { headLength } = this.#form;
    const { fromRevision, namespace, field, predicate, filterKey } = options;
    // The group of a field spans namespaces.
    const narrowed =
      field === undefined || !namespace
        ? predicate
        : (object: CachedObject) => object.namespace === namespace && (predicate?.(object) ?? true);
    const selected =
      narrowed ??
      (field && ((object: CachedObject) => (object.fields[field.name] ?? "") === field.value));
    const see = seeThrough(selected, headLength);
    if (fromRevision > this.#revision) {
      const later = (event: CacheEvent) => (event.revision > fromRevision ? see(event) : undefined);
      return { see: later, filterKey: undefined, filters: true };
    }
    const key =
      selected === undefined ? "" : (filterKey ?? (predicate === undefined ? "" : undefined));
    const sharedKey = key === undefined ? undefined : `${namespace ?? ""}|${key}`;
    return { see, filterKey: sharedKey, filters: selected !== undefined };
  }

  #load(items: readonly KeyValue[]): void {
    const { headLength } = this.#form;
    for (const { key, value, revision } of items) {
      this.#loading.push(this.#object(key, revision, serve(value, headLength, revision)));
    }
  }

  #loaded(revision: number): void {
    const objects = this.#loading;
    this.#loading = [];
    objects.sort((a, b) => (a.key < b.key ? -1 : 1));
    this.#objects = new Map(objects.map((object) => [object.key, object]));
    this.#sorted = SortedChunks.from(objects);
    this.#ring = new EventRing(this.#options.historyBytesMax ?? HISTORY_BYTES_MAX, revision);
    this.#changed = revision;
    this.#shelf.clear();
    this.#lists.clear();
    this.#indexes.clear();
    this.#router.expire();
    this.#advance(revision);
  }

  #apply(events: readonly StorageEvent[], revision: number): void {
    this.#lists.clear();
    let evicted = false;
    for (const event of events) {
      this.#shelf.close(event.revision);
      const change = this.#change(event);
      this.#changed = event.revision;
      if (this.#ring.push(change)) evicted = true;
      this.#router.route(change);
    }
    if (evicted) {
      this.#router.trim(this.#ring.floor);
      this.#shelf.trim(this.#ring.floor);
    }
    this.#advance(revision);
  }

  #change(event: StorageEvent): CacheEvent {
    const { key, revision } = event;
    const { headLength } = this.#form;
    const current = this.#objects.get(key);
    if (event.type === "delete") {
      // Cannot be, as watches have no gaps; the watch ends with this error, and the state is loaded anew.
      if (current === undefined) throw new Error(`${key} was deleted, but is not in the cache`);
      this.#objects.delete(key);
      this.#sorted.delete(key);
      this.#indexes.replace(current, undefined);
      return deletionOf(current, revision, headLength);
    }
    const { value, memo } = event;
    const type = current === undefined ? "ADDED" : "MODIFIED";
    const { line, bytes } = serveLine(type, value, headLength, revision);
    const object = this.#object(current?.key ?? key, revision, bytes);
    object.remember(value, memo);
    this.#objects.set(object.key, object);
    this.#sorted.set(object);
    this.#indexes.replace(current, object);
    return new CacheEvent(type, object, current, line);
  }

  #object(key: string, revision: number, bytes: Buffer): CachedObject {
    const text = namespaceOf(this.#form.prefix, key);
    let namespace = this.#namespaces.get(text);
    if (namespace === undefined) {
      namespace = text;
      this.#namespaces.set(text, text);
    }
    return new CachedObject(this.#form, key, namespace, revision, bytes);
  }

  #advance(revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    this.#waiters.reached(revision);
  }

  #wholeList(namespace: string): readonly CachedObject[] {
    let items = this.#lists.get(namespace);
    if (items === undefined) {
      const view = this.#sorted.live;
      const scope = namespace === "" ? this.#form.prefix : `${this.#form.prefix}${namespace}/`;
      items = view.take(view.from(scope), view.from(prefixEnd(scope)));
      this.#lists.set(namespace, items);
    }
    return items;
  }

  #keepPresent(): void {
    this.#shelf.keep(this.#changed, () => this.#sorted.snapshot());
  }

  #past(revision: number): SortedView<CachedObject> {
    const { floor } = this.#ring;
    if (revision < floor) throw new CompactedError(revision, floor);
    return this.#shelf.at(
      revision,
      () => this.#sorted.snapshot(),
      (from, to) => this.#ring.between(from, to),
    );
  }
}
