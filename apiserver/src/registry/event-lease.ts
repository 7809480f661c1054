// Kinds that expire (Event) are put under leases of the store. One lease serves all objects of a minute, so that a flood
// of events does not become a flood of leases.
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Storage } from "../storage/storage.ts";
import type { ServedResource } from "./served-resource.ts";

const TTL_SECONDS = 3600; // kube-apiserver --event-ttl
const WINDOW_MS = 60_000;
/** etcd deletes all keys of a lease in one revision, and slows down when those are many (upstream's limit). */
const OBJECTS_MAX = 1000;

interface Shared {
  until: number;
  objects: number;
  lease: Promise<number>;
}

const current = new WeakMap<Storage, Shared>();

/** The lease for an object of this kind written now; undefined for kinds that do not expire. */
export function leaseFor(
  resource: ServedResource,
  storage: Storage,
  clock: Clock,
): Promise<number> | undefined {
  if (resource.kind !== "Event") return undefined;
  const now = clock.monotonic();
  const known = current.get(storage);
  if (known !== undefined && now < known.until && known.objects < OBJECTS_MAX) {
    known.objects++;
    return known.lease;
  }
  const lease = storage.grantLease(TTL_SECONDS + WINDOW_MS / 1000);
  const shared = { until: now + WINDOW_MS, objects: 1, lease };
  lease.catch(() => {
    if (current.get(storage) === shared) current.delete(storage);
  });
  current.set(storage, shared);
  return lease;
}
