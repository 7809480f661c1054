// What an autoscaler of v1 keeps in annotations, because its type has no fields for it.
import type { ObjectMeta } from "@coracle/shared/api/types/meta-v1";

const PREFIX = "autoscaling.alpha.kubernetes.io/";
export const METRICS = `${PREFIX}metrics`;
export const CURRENT_METRICS = `${PREFIX}current-metrics`;
export const CONDITIONS = `${PREFIX}conditions`;
export const BEHAVIOR = `${PREFIX}behavior`;

const ROUND_TRIP: readonly string[] = [
  METRICS,
  CURRENT_METRICS,
  CONDITIONS,
  BEHAVIOR,
  `${PREFIX}scale-down-tolerance`,
  `${PREFIX}scale-up-tolerance`,
];

/** v2 has fields for all of it, and drops the annotations. Mutates the metadata, not the map. */
export function dropRoundTripAnnotations(metadata: ObjectMeta): void {
  const { annotations } = metadata;
  if (annotations === undefined || !ROUND_TRIP.some((key) => key in annotations)) return;
  const kept = Object.entries(annotations).filter(([key]) => !ROUND_TRIP.includes(key));
  if (kept.length === 0) delete metadata.annotations;
  else metadata.annotations = Object.fromEntries(kept);
}
