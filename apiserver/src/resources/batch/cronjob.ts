import type { CronJob, JobSpec } from "@coracle/shared/api/types/batch-v1";
import { isDns1123Label, isDns1123Subdomain } from "@coracle/shared/machinery/names";
import { formatLabelSelector } from "@coracle/shared/machinery/selector";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { containerCells, dropDisabledTemplateFields, nameWarning } from "../apps/rollout.ts";
import { semanticEqual } from "../core/pod/semantic-equal.ts";
import { validateCronJob, validateCronJobUpdate } from "./cronjob-validation.ts";
import { dropEmptyRules, setJobTemplateDefaults } from "./job.ts";
import { jobSpecWarnings } from "./job-warnings.ts";

/** Of a decoded CronJob: its template is always there. */
const jobSpecOf = ({ spec }: CronJob): JobSpec => spec.jobTemplate.spec as JobSpec;

function setDefaults({ spec }: CronJob): void {
  spec.jobTemplate ??= {};
  spec.jobTemplate.spec ??= {} as JobSpec;
  setJobTemplateDefaults(spec.jobTemplate.spec);
  spec.concurrencyPolicy ||= "Allow";
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
}

const warnings = (cronJob: CronJob) => jobSpecWarnings(jobSpecOf(cronJob), "spec.jobTemplate.spec");

/** Upstream's path has one `spec` too many. */
const ZONE_IN_SCHEDULE =
  "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details";

function suspendCell(suspend: boolean | undefined): string {
  if (suspend === undefined) return "<unset>";
  return suspend ? "True" : "False";
}

export const cronJobBehaviour: ResourceBehaviour<CronJob> = {
  storagePrefix: "cronjobs",
  setDefaults,
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate(cronJob) {
      cronJob.status = {};
      cronJob.metadata.generation = 1;
      dropDisabledTemplateFields(jobSpecOf(cronJob).template);
      dropEmptyRules(jobSpecOf(cronJob));
    },
    validate: validateCronJob,
    warningsOnCreate: (cronJob) => [
      ...nameWarning(isDns1123Label(cronJob.metadata.name)),
      ...warnings(cronJob),
    ],
    prepareForUpdate(cronJob, old) {
      cronJob.status = old.status;
      dropDisabledTemplateFields(jobSpecOf(cronJob).template);
      dropEmptyRules(jobSpecOf(cronJob));
      if (!semanticEqual(cronJob.spec, old.spec)) {
        cronJob.metadata.generation = (old.metadata.generation ?? 0) + 1;
      }
    },
    validateUpdate: validateCronJobUpdate,
    warningsOnUpdate: (cronJob, old) => [
      ...(cronJob.metadata.generation === old.metadata.generation ? [] : warnings(cronJob)),
      ...(cronJob.spec.schedule.includes("TZ") ? [ZONE_IN_SCHEDULE] : []),
    ],
  },
  statusStrategy: {
    prepareForUpdate(cronJob, old) {
      cronJob.spec = old.spec;
    },
    validateUpdate: () => [],
  },
  cells: (cronJob, now) => {
    const { metadata, spec, status } = cronJob;
    const jobSpec = jobSpecOf(cronJob);
    const { lastScheduleTime } = status;
    return [
      metadata.name,
      spec.schedule ?? "",
      spec.timeZone ?? "<none>",
      suspendCell(spec.suspend),
      status.active?.length ?? 0,
      lastScheduleTime === undefined ? "<none>" : age(lastScheduleTime, now),
      age(metadata.creationTimestamp, now),
      ...containerCells(jobSpec.template),
      formatLabelSelector(jobSpec.selector),
    ];
  },
};
