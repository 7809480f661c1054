// Fills a fresh store. The objects are complete as they come, and go in by few transactions: 180 of them one by one through
// decoding, field ownership, validation and a sync each would take longer than everything else at a start.
import { apiVersionOf, resources as rows } from "@coracle/shared/api/resources";
import { formatTime } from "@coracle/shared/runtime/clock";
import type { Random } from "@coracle/shared/runtime/random";
import { encodeObject } from "./encoding/encode.ts";
import type { ResourceTable } from "./registry/resource-table.ts";
import { type AnyObject, keyFor } from "./registry/served-resource.ts";
import {
  type BootstrapObject,
  type BootstrapOptions,
  bootstrapObjects,
} from "./resources/bootstrap-objects.ts";
import type { Operation, Storage } from "./storage/storage.ts";

/** etcd takes 128 operations in one transaction, unless it is told otherwise. */
const OPERATIONS_MAX = 100;

export interface BootstrapDependencies {
  storage: Storage;
  resources: ResourceTable;
  random: Random;
}

/** What is already there stays as it is. */
export async function createBootstrapObjects(
  { storage, resources, random }: BootstrapDependencies,
  options: BootstrapOptions,
): Promise<void> {
  const time = formatTime(options.now);
  const puts: Operation[] = [];
  for (const { resource: name, object } of bootstrapObjects(options)) {
    const row = rows[name];
    const resource = resources.find(row.group, row.version, row.plural);
    if (resource === undefined) continue; // not served
    const { namespace = "", name: objectName } = object.metadata;
    if (resource.cache.get(namespace, objectName) !== undefined) continue;
    const complete = {
      kind: row.kind,
      apiVersion: apiVersionOf(row),
      ...completed(object, time, random.uuid()),
    };
    const key = keyFor(resource, namespace, objectName);
    const memo = complete as unknown as AnyObject;
    puts.push({ type: "put", key, value: encodeObject(complete), memo });
  }
  const writes: Promise<void>[] = []; // at once: they share a sync
  for (let start = 0; start < puts.length; start += OPERATIONS_MAX) {
    writes.push(createMissing(storage, puts.slice(start, start + OPERATIONS_MAX)));
  }
  await Promise.all(writes);
}

type Completed = BootstrapObject["object"];

function completed(object: Completed, time: string, uid: string): Completed {
  const { metadata, status, ...rest } = object;
  const managedFields = metadata.managedFields?.map((entry) => ({ ...entry, time }));
  const conditions = status?.conditions?.map((condition) => ({
    ...condition,
    lastTransitionTime: time,
  }));
  return {
    metadata: { ...metadata, uid, creationTimestamp: time, managedFields },
    ...rest,
    ...(status === undefined ? {} : { status: conditions ? { ...status, conditions } : status }),
  };
}

/** Another API server may be doing the same: what it has created is left out then. */
async function createMissing(storage: Storage, puts: readonly Operation[]): Promise<void> {
  let left = puts;
  while (left.length > 0) {
    const compares = left.map(({ key }) => ({ key, revision: 0 }));
    const result = await storage.transaction(compares, left);
    if (result.succeeded) return;
    left = left.filter((_, i) => result.current[i] === undefined);
  }
}
