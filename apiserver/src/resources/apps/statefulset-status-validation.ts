import type { StatefulSet } from "@coracle/shared/api/types/apps-v1";
import { invalidValue } from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { decrementedCollisions, nonNegative } from "../field-rules.ts";
import { repeatMetadataUpdate } from "../metadata-validation.ts";

const BOUNDED = [
  "readyReplicas",
  "currentReplicas",
  "updatedReplicas",
  "availableReplicas",
] as const;

function validateStatus({ status }: StatefulSet): FieldError[] {
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = status;
  const errors: FieldError[] = [];
  const counts = ["replicas", ...BOUNDED, "observedGeneration", "collisionCount"] as const;
  for (const name of counts) errors.push(...nonNegative(status[name], `status.${name}`));
  for (const name of BOUNDED) {
    const count = status[name] ?? 0;
    if (count <= replicas) continue;
    errors.push(invalidValue(`status.${name}`, count, "cannot be greater than status.replicas"));
  }
  if (availableReplicas > readyReplicas) {
    const detail = "cannot be greater than status.readyReplicas";
    errors.push(invalidValue("status.availableReplicas", availableReplicas, detail));
  }
  return errors;
}

export const validateStatefulSetStatusUpdate = (
  statefulSet: StatefulSet,
  old: StatefulSet,
): FieldError[] => [
  ...validateStatus(statefulSet),
  ...repeatMetadataUpdate(statefulSet.metadata, old.metadata),
  ...decrementedCollisions(statefulSet.status, old.status),
];
