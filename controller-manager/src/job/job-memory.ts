// What the Job controller knows beyond its caches: its own writes that have not come back yet, and failures in a row.
import type { Job } from "@coracle/shared/api/types/batch-v1";
import type { BackoffRecord } from "./backoff.ts";

export class JobMemory {
  readonly #backoff = new Map<string, BackoffRecord>();
  /** By Job, the Pods whose finalizer has been taken off. */
  readonly #released = new Map<string, Set<string>>();
  /** By uid, the version of the Job's last status. */
  readonly #written = new Map<string, number>();

  backoffOf(key: string): BackoffRecord | undefined {
    return this.#backoff.get(key);
  }

  setBackoff(key: string, record: BackoffRecord): void {
    if (record.failures === 0) this.#backoff.delete(key);
    else this.#backoff.set(key, record);
  }

  wrote({ metadata }: Job): void {
    this.#written.set(metadata.uid, Number(metadata.resourceVersion));
  }

  /** The Job is older than what has been written of it. */
  isBehind({ metadata }: Job): boolean {
    return Number(metadata.resourceVersion) < (this.#written.get(metadata.uid) ?? 0);
  }

  /** `begins`: false when the finalizer was not taken off after all. */
  releasing(key: string, podUid: string, begins: boolean): void {
    if (!begins) {
      this.released(key, podUid);
      return;
    }
    const pods = this.#released.get(key);
    if (pods === undefined) this.#released.set(key, new Set([podUid]));
    else pods.add(podUid);
  }

  /** The cache shows that it is gone. */
  released(key: string, podUid: string): void {
    const pods = this.#released.get(key);
    pods?.delete(podUid);
    if (pods?.size === 0) this.#released.delete(key);
  }

  releasedOf(key: string): ReadonlySet<string> {
    return new Set(this.#released.get(key));
  }

  forget(key: string, uid: string): void {
    this.#backoff.delete(key);
    this.#released.delete(key);
    this.#written.delete(uid);
  }
}
