// Makes a store out of a snapshot, for either engine. The whole file is read twice: nothing is written before it is known to be whole.
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Random } from "@coracle/shared/runtime/random";
import { readSnapshot, type SnapshotSummary } from "@coracle/shared/snapshot/snapshot-reader";
import { restoreEtcd } from "../etcd/etcd-restore.ts";
import { restoreLevel, type SnapshotTarget } from "../level/level-restore.ts";
import type { StoreConfig } from "../open-storage.ts";

export interface Restored {
  summary: SnapshotSummary;
  /** The revision that the new store is at. */
  revision: number;
}

/** `open` reads the file from its beginning. Errors: SnapshotError, StorageOpenError when the store is not empty, its own. */
export async function restoreSnapshot(
  store: StoreConfig,
  open: () => AsyncIterable<Buffer>,
  dependencies: { clock: Clock; random: Random },
): Promise<Restored> {
  const summary = await readSnapshot(open());
  const read = async (target: SnapshotTarget): Promise<number> => {
    const { revision } = await readSnapshot(open(), {
      lease: (lease) => target.lease(lease),
      key: (key) => target.key(key),
    });
    return revision;
  };
  const revision =
    store.engine === "level"
      ? await restoreLevel(store.directory, read, dependencies.clock)
      : await restoreEtcd({ ...store, ...dependencies }, read, summary.revision);
  return { summary, revision };
}
