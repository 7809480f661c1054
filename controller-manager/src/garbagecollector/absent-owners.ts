// Owners that are known to be gone: a uid never comes back, so each has to be asked for only once.
import type { ResourceName } from "@coracle/shared/api/resources";

const REMEMBERED_MAX = 500;

export class AbsentOwners {
  readonly #keys = new Set<string>();

  add(
    resource: ResourceName,
    namespace: string | undefined,
    owner: { name: string; uid: string },
  ): void {
    this.#keys.add(keyOf(resource, namespace, owner));
    if (this.#keys.size <= REMEMBERED_MAX) return;
    for (const oldest of this.#keys) {
      this.#keys.delete(oldest);
      return;
    }
  }

  has(
    resource: ResourceName,
    namespace: string | undefined,
    owner: { name: string; uid: string },
  ): boolean {
    return this.#keys.has(keyOf(resource, namespace, owner));
  }
}

const keyOf = (
  resource: ResourceName,
  namespace: string | undefined,
  { name, uid }: { name: string; uid: string },
): string => `${resource}/${namespace ?? ""}/${name}/${uid}`;
