// What is written along with an object, in the same transaction: all of it or nothing.
import type { Compare, Operation } from "../storage/storage.ts";
import type { WatchCache } from "../storage/watch-cache.ts";
import type { AnyObject, ServedResource } from "./served-resource.ts";

/** One write of one object: `before` is absent when it is created, `after` when it is taken away. */
export interface Change {
  resource: ServedResource;
  before?: AnyObject;
  after?: AnyObject;
}

export interface Companions {
  compares: readonly Compare[];
  operations: readonly Operation[];
  /** Of what is compared: to be waited for when somebody else was faster. */
  cache: WatchCache;
}

/** Undefined for nearly every write, so it has to find that out quickly. Throws StatusError where the change cannot be. */
export type CompanionsOf = (change: Change) => Companions | undefined;

export const noCompanions: CompanionsOf = () => undefined;
