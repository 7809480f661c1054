import type { Job, JobStatus } from "@coracle/shared/api/types/batch-v1";
import { formatLabelSelector } from "@coracle/shared/machinery/selector";
import { parseTime } from "@coracle/shared/runtime/clock";
import { age, humanDuration } from "../age.ts";
import { containerCells } from "../apps/rollout.ts";
import { hasCondition } from "./job-conditions.ts";

function statusCell({ metadata, status }: Job): string {
  if (hasCondition(status, "Complete")) return "Complete";
  if (hasCondition(status, "Failed")) return "Failed";
  if (metadata.deletionTimestamp !== undefined) return "Terminating";
  const others = ["Suspended", "FailureTarget", "SuccessCriteriaMet"];
  return others.find((type) => hasCondition(status, type)) ?? "Running";
}

function completionsCell({ spec, status }: Job): string {
  const { completions, parallelism = 0 } = spec;
  const succeeded = status.succeeded ?? 0;
  if (completions !== undefined) return `${succeeded}/${completions}`;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationCell({ startTime, completionTime }: JobStatus, now: number): string {
  const start = parseTime(startTime);
  return start === undefined ? "" : humanDuration((parseTime(completionTime) ?? now) - start);
}

export function jobCells(job: Job, now: number): unknown[] {
  const { metadata, spec, status } = job;
  return [
    metadata.name,
    statusCell(job),
    completionsCell(job),
    durationCell(status, now),
    age(metadata.creationTimestamp, now),
    ...containerCells(spec.template),
    formatLabelSelector(spec.selector),
  ];
}
