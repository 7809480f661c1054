// Ownership of a scalable object's replicas, as the scale subresource shows and changes it.
import type { ManagedFieldsEntry } from "@coracle/shared/api/types/meta-v1";
import { difference, has, isEmpty, setOfPaths } from "./field-set.ts";
import { type Managers, managerId, readManagers, writeManagers } from "./managers.ts";

const SCALE_VERSION = "autoscaling/v1";
/** The same in a Scale and in every built-in scalable kind. */
const REPLICAS_PATH = ["f:spec", "f:replicas"];
const REPLICAS = setOfPaths([REPLICAS_PATH]);

type Entries = ManagedFieldsEntry[] | undefined;

/**
 * managedFields of the Scale: those managers of the object (of version `apiVersion`) that own its
 * replicas.
 */
export function scaleManagedFields(parent: Entries, apiVersion: string): Entries {
  const owners: Managers = new Map();
  for (const [id, manager] of readManagers(parent)) {
    if (manager.apiVersion !== apiVersion || !has(manager.fields, REPLICAS_PATH)) continue;
    owners.set(id, { ...manager, apiVersion: SCALE_VERSION, fields: REPLICAS });
  }
  return writeManagers(owners);
}

/**
 * managedFields of the object after its Scale was written: who owns the replicas of the Scale owns
 * them here. As upstream, an owner by update gets an entry of its own for them, and a new one has
 * no time.
 */
export function parentManagedFields(parent: Entries, scale: Entries, apiVersion: string): Entries {
  const result: Managers = new Map();
  const parents = readManagers(parent);
  const scalers = readManagers(scale);
  for (const [id, manager] of parents) {
    if (manager.apiVersion !== apiVersion) continue;
    if (!has(manager.fields, REPLICAS_PATH)) {
      result.set(id, manager);
    } else if (scalers.delete(id)) {
      result.set(id, manager);
    } else {
      const fields = difference(manager.fields, REPLICAS);
      if (!isEmpty(fields)) result.set(id, { ...manager, fields });
    }
  }
  for (const [id, scaler] of scalers) {
    if (!has(scaler.fields, REPLICAS_PATH)) continue;
    const time = parents.get(managerId(scaler))?.time;
    result.set(id, { ...scaler, apiVersion, time, fields: REPLICAS });
  }
  return writeManagers(result);
}
