// A store seen through another version of a kind: what is read and watched is converted, value by value. For the cache of a
// version that is not the stored one.
import type { KeyValue, RangeResult, Storage, StorageEvent } from "./storage.ts";

/** Only for reading: writes go to the stored version, and throw here. `convert` maps at-rest bytes to at-rest bytes. */
export function convertedStorage(storage: Storage, convert: (value: Buffer) => Buffer): Storage {
  const item = (row: KeyValue): KeyValue => ({ ...row, value: convert(row.value) });
  const event = ({ memo: _, ...row }: StorageEvent): StorageEvent =>
    row.type === "delete" ? row : { ...row, value: convert(row.value) };
  return {
    async get(key, options) {
      const found = await storage.get(key, options);
      return found === undefined ? undefined : item(found);
    },
    async range(options): Promise<RangeResult> {
      const found = await storage.range(options);
      return { ...found, items: found.items.map(item) };
    },
    scan: (options, visit) => storage.scan(options, (items) => visit(items.map(item))),
    watch: (options) =>
      storage.watch({
        ...options,
        onEvents: (events, revision) => options.onEvents(events.map(event), revision),
      }),
    transaction: () => Promise.reject(new Error("a converted store is only read")),
    currentRevision: () => storage.currentRevision(),
    compact: (revision) => storage.compact(revision),
    grantLease: (ttlSeconds) => storage.grantLease(ttlSeconds),
    leaseSeconds: (id) => storage.leaseSeconds(id),
    revokeLease: (id) => storage.revokeLease(id),
    statistics: () => storage.statistics(),
    close: () => Promise.resolve(),
  };
}
