// How far a rolling update may go above and below the size of the Deployment.
import type { Deployment } from "@coracle/shared/api/types/apps-v1";

export const isRollingUpdate = ({ spec }: Deployment): boolean =>
  spec.strategy?.type === "RollingUpdate";

export const desiredReplicas = ({ spec }: Deployment): number => spec.replicas ?? 1;

/** A count, or a share of `total` in percent. */
export function scaledValue(
  value: number | string | undefined,
  total: number,
  round: "up" | "down",
): number {
  if (value === undefined) return 0;
  if (typeof value === "number") return value;
  const share = (Number.parseInt(value, 10) * total) / 100;
  return round === "up" ? Math.ceil(share) : Math.floor(share);
}

/**
 * Both bounds together: when both are rounded to zero, one Pod may be missing, or nothing would
 * ever move.
 */
function bounds(deployment: Deployment): { surge: number; unavailable: number } {
  const total = desiredReplicas(deployment);
  const { maxSurge, maxUnavailable } = deployment.spec.strategy?.rollingUpdate ?? {};
  const surge = scaledValue(maxSurge, total, "up");
  const unavailable = scaledValue(maxUnavailable, total, "down");
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

/** Pods above the desired count. */
export const maxSurge = (deployment: Deployment): number =>
  isRollingUpdate(deployment) ? bounds(deployment).surge : 0;

/** Pods below the desired count. */
export function maxUnavailable(deployment: Deployment): number {
  const total = desiredReplicas(deployment);
  if (!isRollingUpdate(deployment) || total === 0) return 0;
  return Math.min(bounds(deployment).unavailable, total);
}
