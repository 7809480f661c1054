// What a write of /status may not change of the metadata (upstream: metav1.ResetObjectMetaForStatus).
import type { ObjectMeta } from "@coracle/shared/api/types/meta-v1";

const KEPT = [
  "deletionTimestamp",
  "generation",
  "selfLink",
  "labels",
  "annotations",
  "finalizers",
  "ownerReferences",
] as const satisfies readonly (keyof ObjectMeta)[];

/** Takes those fields from `old`; managedFields stay, as the write has changed them. Mutates. */
export function resetMetadataForStatus(metadata: ObjectMeta, old: ObjectMeta): void {
  for (const field of KEPT) {
    if (old[field] === undefined) delete metadata[field];
    else Object.assign(metadata, { [field]: old[field] });
  }
}
