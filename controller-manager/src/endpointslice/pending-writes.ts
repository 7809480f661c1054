// Writes of this controller that its cache does not show yet. While there are any, slices must not be planned: two would be made
// for the same endpoints.
import type { KubernetesObject } from "@coracle/shared/api/resources";

const GONE = Number.POSITIVE_INFINITY;

export class PendingWrites {
  /** By Service, the version that is awaited, by slice's uid. */
  readonly #awaited = new Map<string, Map<string, number>>();
  /** The newest versions seen: the watch may be faster than the answer. */
  readonly #seen = new Map<string, number>();

  wrote(key: string, { metadata }: KubernetesObject): void {
    this.#await(key, metadata.uid, Number(metadata.resourceVersion));
  }

  deleted(key: string, { metadata }: KubernetesObject): void {
    if (this.#seen.has(metadata.uid)) this.#await(key, metadata.uid, GONE);
  }

  /** The cache has it in this version, or has it no more. */
  seen(key: string, { metadata }: KubernetesObject, deleted: boolean): void {
    const version = deleted ? GONE : Number(metadata.resourceVersion);
    if (deleted) this.#seen.delete(metadata.uid);
    else this.#seen.set(metadata.uid, version);
    const awaited = this.#awaited.get(key);
    if ((awaited?.get(metadata.uid) ?? GONE) <= version) awaited?.delete(metadata.uid);
    if (awaited?.size === 0) this.#awaited.delete(key);
  }

  has(key: string): boolean {
    return this.#awaited.has(key);
  }

  forget(key: string): void {
    this.#awaited.delete(key);
  }

  #await(key: string, uid: string, version: number): void {
    if ((this.#seen.get(uid) ?? 0) >= version) return;
    const awaited = this.#awaited.get(key);
    if (awaited === undefined) this.#awaited.set(key, new Map([[uid, version]]));
    else awaited.set(uid, version);
  }
}
