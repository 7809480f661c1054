// Chooses the engine.
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import type { Random } from "@coracle/shared/runtime/random";
import type { EtcdTls } from "./etcd/etcd-connection.ts";
import { openEtcdStorage } from "./etcd/etcd-storage.ts";
import { shiftedStorage } from "./etcd/shifted-storage.ts";
import { openLevelStorage } from "./level/level-storage.ts";
import type { Storage } from "./storage.ts";

export type StoreConfig =
  | {
      engine: "level";
      directory: string;
      /** Who opens it, for the error of whoever comes second: `apiserver, pid 7`. */
      holder: string;
      /** False acknowledges writes before they are on disk: for tests only. */
      sync: boolean;
      /** How long history reaches back; default 5 minutes. */
      historyMs?: number;
    }
  | {
      engine: "etcd";
      endpoints: readonly string[];
      tls?: EtcdTls;
      /** Where in etcd the keys are; default /registry. */
      prefix?: string;
      historyMs?: number;
    };

export interface OpenedStorage {
  storage: Storage;
  /** Why the store cannot be used at present, where the engine knows. */
  failure(): string | undefined;
  /**
   * Of a store that others write to as well: the revision of all that was written before the call, when it has been delivered to the
   * caches that follow the store.
   */
  caughtUp?: () => Promise<number>;
}

/** Errors: StorageOpenError, StorageUnavailableError. */
export async function openStorage(
  config: StoreConfig,
  dependencies: { clock: Clock; random: Random; logger: Logger },
): Promise<OpenedStorage> {
  if (config.engine === "level") {
    if (!config.sync)
      dependencies.logger.warn("writes are acknowledged before they are on disk: --unsafe-no-sync");
    const { historyMs: historyRetentionMs } = config;
    const storage = await openLevelStorage({ ...config, historyRetentionMs, ...dependencies });
    return { storage, failure: () => undefined };
  }
  const { historyMs: compactionIntervalMs } = config;
  const etcd = await openEtcdStorage({ ...config, compactionIntervalMs, ...dependencies });
  const { shift } = etcd;
  return {
    storage: shift.shift === 0 ? etcd : shiftedStorage(etcd, shift),
    failure: () => etcd.failure,
    caughtUp: async () => (await etcd.caughtUp()) + shift.shift,
  };
}
