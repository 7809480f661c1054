import type { JobStatus } from "@coracle/shared/api/types/batch-v1";

/** Whether there is a condition of this type and status. */
export const hasCondition = (
  { conditions }: JobStatus,
  type: string,
  status: "True" | "False" = "True",
): boolean =>
  conditions?.some((condition) => condition.type === type && condition.status === status) === true;

export const isFinished = (status: JobStatus): boolean =>
  hasCondition(status, "Complete") || hasCondition(status, "Failed");
