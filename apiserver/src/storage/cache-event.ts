// One change of one object, with the lines that watchers are sent. A line is made once, whatever the number of watchers.
import {
  type CachedObject,
  type EventType,
  replaceVersionLine,
  wrapLine,
} from "./cached-object.ts";

export type Predicate = (object: CachedObject) => boolean;

export class CacheEvent {
  readonly type: EventType;
  /** DELETED: the last state, with the deletion's revision as its resource version. */
  readonly object: CachedObject;
  /** The state before; absent if the object was created. */
  readonly previous: CachedObject | undefined;
  readonly revision: number;
  /** `{"type":…,"object":…}` and a line feed. */
  readonly line: Buffer;
  #added: CacheEvent | undefined;
  #deleted: CacheEvent | undefined;

  constructor(
    type: EventType,
    object: CachedObject,
    previous: CachedObject | undefined,
    line: Buffer,
  ) {
    this.type = type;
    this.object = object;
    this.previous = previous;
    this.revision = object.revision;
    this.line = line;
  }

  /**
   * As a watcher with `predicate` must see it; undefined = not at all. An object that begins to match is ADDED; one that no longer
   * matches is DELETED, with its old state at the new revision (upstream: cacher's cacheWatcher).
   */
  seenBy(predicate: Predicate, headLength: number): CacheEvent | undefined {
    const matched = this.previous !== undefined && predicate(this.previous);
    const matches = this.type !== "DELETED" && predicate(this.object);
    if (matches) return matched || this.type === "ADDED" ? this : this.#asAdded();
    if (!matched) return undefined;
    return this.type === "DELETED" ? this : this.#asDeleted(headLength);
  }

  #asAdded(): CacheEvent {
    const { object } = this;
    this.#added ??= new CacheEvent("ADDED", object, undefined, wrapLine("ADDED", object.bytes));
    return this.#added;
  }

  #asDeleted(headLength: number): CacheEvent {
    if (this.#deleted === undefined) {
      this.#deleted = deletionOf(this.previous as CachedObject, this.revision, headLength);
    }
    return this.#deleted;
  }
}

export function deletionOf(last: CachedObject, revision: number, headLength: number): CacheEvent {
  const { line, bytes } = replaceVersionLine(
    "DELETED",
    last.bytes,
    headLength,
    last.revision,
    revision,
  );
  return new CacheEvent("DELETED", last.at(revision, bytes), last, line);
}
