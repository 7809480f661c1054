// A Job's conditions: which there are, and how they change.
import type { Job, JobCondition } from "@coracle/shared/api/types/batch-v1";
import { findCondition, isConditionTrue } from "@coracle/shared/machinery/conditions";
import { formatTime } from "@coracle/shared/runtime/clock";

export function jobCondition(
  type: "SuccessCriteriaMet" | "FailureTarget" | "Complete" | "Failed" | "Suspended",
  status: "True" | "False",
  reason: string,
  message: string,
  nowMs: number,
): JobCondition {
  const now = formatTime(nowMs);
  return { type, status, lastProbeTime: now, lastTransitionTime: now, reason, message };
}

export const isFinished = ({ status }: Job): boolean =>
  isConditionTrue(status?.conditions, "Complete") || isConditionTrue(status?.conditions, "Failed");

/** The conditions with this one; undefined when it says nothing new. What never was is not said to be False. */
export function changedConditions(
  conditions: readonly JobCondition[] | undefined,
  next: JobCondition,
): JobCondition[] | undefined {
  const before = findCondition(conditions, next.type);
  if (before === undefined) {
    return next.status === "False" ? undefined : [...(conditions ?? []), next];
  }
  const { status, reason, message } = before;
  if (status === next.status && reason === next.reason && message === next.message)
    return undefined;
  return (conditions ?? []).map((condition) => (condition === before ? next : condition));
}
