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
  caches: readonly WatchCache[];
}

/** Undefined for nearly every write, so it has to find that out quickly. Throws StatusError where the change cannot be. */
export type CompanionsOf = (change: Change) => Companions | undefined;

/** What all of them say. */
export function together(all: readonly CompanionsOf[]): CompanionsOf {
  return (change) => {
    let found: Companions[] | undefined;
    for (const of of all) {
      const companions = of(change);
      if (companions !== undefined) found = [...(found ?? []), companions];
    }
    if (found === undefined) return undefined;
    return {
      compares: found.flatMap(({ compares }) => compares),
      operations: found.flatMap(({ operations }) => operations),
      caches: found.flatMap(({ caches }) => caches),
    };
  };
}

export const noCompanions: CompanionsOf = () => undefined;
