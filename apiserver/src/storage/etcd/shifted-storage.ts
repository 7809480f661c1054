// A store whose revisions are another one's plus a number (revision-shift.ts says why).
import {
  CompactedError,
  FutureRevisionError,
  type KeyValue,
  type Storage,
  type StorageEvent,
} from "../storage.ts";
import type { RevisionShift } from "./revision-shift.ts";

/** No key has it. */
const NO_REVISION = -1;

export function shiftedStorage(inner: Storage, { shift, restoredAt }: RevisionShift): Storage {
  const outer = (revision: number): number => revision + shift;
  const floor = outer(restoredAt);
  const item = (one: KeyValue): KeyValue => ({
    ...one,
    revision: outer(one.revision),
    createRevision: outer(one.createRevision),
  });
  const event = (one: StorageEvent): StorageEvent =>
    one.type === "delete"
      ? { ...one, revision: outer(one.revision) }
      : { ...one, revision: outer(one.revision), createRevision: outer(one.createRevision) };
  const read = async <T>(revision: number, ask: (own: number) => Promise<T>): Promise<T> => {
    if (revision > 0 && revision < floor) throw new CompactedError(revision, floor);
    try {
      return await ask(revision === 0 ? 0 : revision - shift);
    } catch (error) {
      throw shiftedError(error, shift);
    }
  };
  return {
    async get(key, { revision = 0 } = {}) {
      const found = await read(revision, (own) => inner.get(key, { revision: own }));
      return found && item(found);
    },
    async range(options) {
      const found = await read(options.revision ?? 0, (revision) =>
        inner.range({ ...options, revision }),
      );
      return { ...found, items: found.items.map(item), revision: outer(found.revision) };
    },
    scan: (options, visit) =>
      read(options.revision, (revision) =>
        inner.scan({ ...options, revision }, (items) => visit(items.map(item))),
      ),
    async transaction(compares, operations) {
      const own = compares.map(({ key, revision }) => ({
        key,
        revision: revision === 0 ? 0 : revision > shift ? revision - shift : NO_REVISION,
      }));
      const result = await inner.transaction(own, operations);
      const revision = outer(result.revision);
      if (result.succeeded) return { ...result, revision };
      return { ...result, revision, current: result.current.map((one) => one && item(one)) };
    },
    watch: (options) =>
      inner.watch({
        ...options,
        // etcd refuses a revision that is compacted; 1 is, since the restore compacted up to its end.
        startRevision: options.startRevision <= floor ? 1 : options.startRevision - shift,
        onEvents: (events, revision) => options.onEvents(events.map(event), outer(revision)),
        onProgress: (revision) => options.onProgress?.(outer(revision)),
        onError: (error) => options.onError(shiftedError(error, shift)),
      }),
    currentRevision: async () => outer(await inner.currentRevision()),
    async compact(revision) {
      if (revision > floor) await read(revision, (own) => inner.compact(own));
    },
    grantLease: (ttlSeconds) => inner.grantLease(ttlSeconds),
    leaseSeconds: (id) => inner.leaseSeconds(id),
    revokeLease: (id) => inner.revokeLease(id),
    async statistics() {
      const found = await inner.statistics();
      const compactRevision = Math.max(floor, outer(found.compactRevision));
      return { ...found, revision: outer(found.revision), compactRevision };
    },
    close: () => inner.close(),
  };
}

function shiftedError(error: unknown, shift: number): Error {
  if (error instanceof CompactedError) {
    return new CompactedError(error.requestedRevision + shift, error.compactRevision + shift);
  }
  if (error instanceof FutureRevisionError) {
    return new FutureRevisionError(error.requestedRevision + shift, error.currentRevision + shift);
  }
  return error as Error;
}
