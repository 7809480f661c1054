// The Jobs of a CronJob: their names, what they are made of, and which of the finished ones are kept.
import type { Draft } from "@coracle/shared/api/resources";
import type { CronJob, Job, JobSpec } from "@coracle/shared/api/types/batch-v1";
import { TimeZone } from "@coracle/shared/machinery/cron/zoned-time";
import { controllerReference } from "@coracle/shared/machinery/owner-references";

const SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/** The same for the same time, so that no two Jobs are made for it. `at`: seconds since the epoch. */
export const jobNameAt = ({ metadata }: CronJob, at: number): string =>
  `${metadata.name}-${Math.trunc(at / 60)}`;

export function jobAt(cronJob: CronJob, at: number): Draft<Job> {
  const { jobTemplate, timeZone } = cronJob.spec;
  const { labels, annotations } = jobTemplate.metadata ?? {};
  return {
    kind: "Job",
    apiVersion: "batch/v1",
    metadata: {
      name: jobNameAt(cronJob, at),
      namespace: cronJob.metadata.namespace,
      labels,
      annotations: { ...annotations, [SCHEDULED]: new TimeZone(timeZone ?? "UTC").format(at) },
      ownerReferences: [controllerReference(cronJob, "batch/v1", "CronJob")],
    },
    spec: jobTemplate.spec as JobSpec,
  };
}

/** "Complete" or "Failed"; undefined while the Job is not finished. */
export const endOf = ({ status }: Job): string | undefined =>
  status?.conditions?.find(
    ({ type, status: holds }) => holds === "True" && (type === "Complete" || type === "Failed"),
  )?.type;

/** Finished Jobs above the limits, the oldest first. */
export function surplusJobs({ spec }: CronJob, jobs: readonly Job[]): Job[] {
  const above = (end: string, limit: number | undefined) => {
    if (limit === undefined) return [];
    const ended = jobs.filter((job) => endOf(job) === end).sort(byStart);
    return ended.slice(0, Math.max(0, ended.length - limit));
  };
  return [
    ...above("Complete", spec.successfulJobsHistoryLimit),
    ...above("Failed", spec.failedJobsHistoryLimit),
  ];
}

/** Those that never started last. */
function byStart(a: Job, b: Job): number {
  const text = ({ metadata, status }: Job) => `${status?.startTime ?? "~"} ${metadata.name}`;
  return text(a) < text(b) ? -1 : 1;
}
