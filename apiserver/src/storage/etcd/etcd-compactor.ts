// Forgets history every five minutes, as kube-apiserver does, and together with it: all that share an etcd agree through the
// version of one key, so that only the first of them compacts in each period.
import type { Clock, Timer } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import { StorageClosedError } from "../storage.ts";
import type { EtcdConnection } from "./etcd-connection.ts";
import { EQUAL, TARGET_VERSION } from "./etcd-schema.ts";

const COMPACT_KEY = Buffer.from("compact_rev_key"); // upstream's

export interface EtcdCompactorOptions {
  connection: Pick<EtcdConnection, "call">;
  clock: Clock;
  logger: Logger;
  /** Infinity = never. */
  intervalMs: number;
  compact(revision: number): Promise<void>;
}

export class EtcdCompactor {
  readonly #options: EtcdCompactorOptions;
  /** The key's version, as last seen. */
  #version = 0;
  /** etcd's revision then: what is older than one period. */
  #revision = 0;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: EtcdCompactorOptions) {
    this.#options = options;
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    const { clock, intervalMs, logger } = this.#options;
    if (this.#stopped || intervalMs === Number.POSITIVE_INFINITY) return;
    this.#timer = clock.setTimer(intervalMs, () => {
      this.#tick()
        .catch((error: unknown) => {
          if (error instanceof StorageClosedError) return;
          logger.warn({ err: error }, "compaction of etcd failed"); // the next period tries again
        })
        .finally(() => this.#schedule());
    });
  }

  async #tick(): Promise<void> {
    const { connection, compact, logger } = this.#options;
    const value = Buffer.from(String(this.#revision));
    const { header, succeeded, responses } = await connection.call(
      "KV/Txn",
      {
        compare: [
          { result: EQUAL, target: TARGET_VERSION, key: COMPACT_KEY, version: this.#version },
        ],
        success: [{ request_put: { key: COMPACT_KEY, value } }],
        failure: [{ request_range: { key: COMPACT_KEY } }],
      },
      { repeatable: false },
    );
    const target = this.#revision;
    this.#revision = header.revision;
    if (!succeeded) {
      this.#version = responses[0]?.response_range?.kvs[0]?.version ?? 0;
      return;
    }
    this.#version++;
    if (target === 0) return;
    logger.debug({ revision: target }, "compacting history");
    await compact(target);
  }
}
