// etcd's revisions cannot be set from outside, but those of a restored store have to go on above the old ones. So a restore leaves a
// note in etcd, outside of the registry, and every API server adds its number to etcd's revisions.
import type { EtcdConnection } from "./etcd-connection.ts";
import { EQUAL, TARGET_VERSION } from "./etcd-schema.ts";
import type { KeySpace } from "./key-space.ts";

export interface RevisionShift {
  /** What the store's revisions are greater than etcd's by. */
  shift: number;
  /** etcd's revision when everything was restored: what is below it is no history. 0 = the restore did not finish. */
  restoredAt: number;
}

const NO_SHIFT: RevisionShift = { shift: 0, restoredAt: 1 };

const noteKey = (keys: KeySpace): Buffer => Buffer.from(`coracle_restored${keys.root}`);

/** Errors: as EtcdConnection.call. */
export async function readShift(
  connection: EtcdConnection,
  keys: KeySpace,
): Promise<RevisionShift> {
  const request = { key: noteKey(keys) };
  const { kvs } = await connection.call("KV/Range", request, { repeatable: true });
  return kvs[0] === undefined ? NO_SHIFT : (JSON.parse(kvs[0].value.toString()) as RevisionShift);
}

/** `version`: how often the note was written before; false = it was not. */
export async function writeShift(
  connection: EtcdConnection,
  keys: KeySpace,
  shift: RevisionShift,
  version: number,
): Promise<boolean> {
  const key = noteKey(keys);
  const value = Buffer.from(JSON.stringify(shift));
  const compare = [{ result: EQUAL, target: TARGET_VERSION, key, version }];
  const request = { compare, success: [{ request_put: { key, value } }], failure: [] };
  const { succeeded } = await connection.call("KV/Txn", request, { repeatable: false });
  return succeeded;
}
