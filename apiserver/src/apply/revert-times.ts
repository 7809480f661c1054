// A write that changes nothing must not show by its time alone: it would make a new revision.
import type { KubernetesObject } from "@coracle/shared/api/resources";
import type { ManagedFieldsEntry } from "@coracle/shared/api/types/meta-v1";
import { equalJson, type JsonObject } from "../patch/json-members.ts";

/**
 * Takes the live managedFields back when only their times differ and the objects are equal
 * otherwise (resourceVersion aside). To be called on the final object, just before it is compared
 * and stored. Mutates `updated`.
 */
export function revertTimes(live: KubernetesObject, updated: KubernetesObject): void {
  const before = live.metadata.managedFields;
  const after = updated.metadata.managedFields;
  if (before === undefined || after === undefined || before === after) return;
  if (before.length !== after.length || before.length === 0) return;
  if (after.every((entry, i) => entry.time === before[i]?.time)) return;
  if (!after.every((entry, i) => equalButTime(entry, before[i] as ManagedFieldsEntry))) return;
  if (equalBesides(live, updated)) updated.metadata.managedFields = before;
}

function equalButTime(
  { time: _left, ...left }: ManagedFieldsEntry,
  { time: _right, ...right }: ManagedFieldsEntry,
): boolean {
  return equalJson(left, right);
}

function equalBesides(left: KubernetesObject, right: KubernetesObject): boolean {
  const rest = ({ metadata, ...object }: KubernetesObject): JsonObject => {
    const { managedFields: _fields, resourceVersion: _version, ...kept } = metadata;
    return { ...object, metadata: kept };
  };
  return equalJson(rest(left), rest(right));
}
