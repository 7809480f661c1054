// Rules of CronJobs (upstream: pkg/apis/batch/validation).
import type { CronJob, CronJobSpec, JobSpec } from "@coracle/shared/api/types/batch-v1";
import { scheduleComplaint } from "@coracle/shared/machinery/cron/schedule";
import { zoneComplaint } from "@coracle/shared/machinery/cron/time-zone";
import { invalidValue, notSupported, required } from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { nonNegative } from "../field-rules.ts";
import { repeatMetadataUpdate } from "../metadata-validation.ts";
import { validateJobSpec } from "./job-validation.ts";

/** A Job is named after its CronJob, with 11 characters more, and has 63 at most. */
const NAME_BYTES_MAX = 52;

export function validateCronJob({ metadata, spec }: CronJob): FieldError[] {
  const { name = "" } = metadata;
  const errors = validateSpec(spec, undefined);
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) {
    const detail = `must be no more than ${NAME_BYTES_MAX} characters`;
    errors.push(invalidValue("metadata.name", name, detail));
  }
  return errors;
}

export const validateCronJobUpdate = (cronJob: CronJob, old: CronJob): FieldError[] => [
  ...repeatMetadataUpdate(cronJob.metadata, old.metadata),
  ...validateSpec(cronJob.spec, old.spec),
];

function validateSpec(spec: CronJobSpec, old: CronJobSpec | undefined): FieldError[] {
  const errors = [
    ...validateSchedule(spec, old?.schedule.includes("TZ") === true),
    ...nonNegative(spec.startingDeadlineSeconds, "spec.startingDeadlineSeconds"),
  ];
  if (old === undefined || old.timeZone !== spec.timeZone) {
    errors.push(...validateTimeZone(spec.timeZone));
  }
  const policies = ["Allow", "Forbid", "Replace"];
  const { concurrencyPolicy = "" } = spec;
  if (!policies.includes(concurrencyPolicy)) {
    errors.push(notSupported("spec.concurrencyPolicy", concurrencyPolicy, policies));
  }
  const jobSpec = spec.jobTemplate.spec as JobSpec;
  const path = "spec.jobTemplate.spec";
  errors.push(...validateJobSpec(jobSpec, path));
  if (jobSpec.selector != null) {
    const detail = "`selector` will be auto-generated";
    errors.push(invalidValue(`${path}.selector`, jobSpec.selector, detail));
  }
  if (jobSpec.manualSelector === true) {
    errors.push(notSupported(`${path}.manualSelector`, true, ["nil", "false"]));
  }
  return [
    ...errors,
    ...nonNegative(spec.successfulJobsHistoryLimit, "spec.successfulJobsHistoryLimit"),
    ...nonNegative(spec.failedJobsHistoryLimit, "spec.failedJobsHistoryLimit"),
  ];
}

/** `zoneAllowed`: the schedule had a time zone when that was allowed, and may keep it. */
function validateSchedule({ schedule, timeZone }: CronJobSpec, zoneAllowed: boolean): FieldError[] {
  const field = "spec.schedule";
  if (!schedule) return [required(field)];
  const errors: FieldError[] = [];
  const complaint = scheduleComplaint(schedule);
  if (complaint !== undefined) errors.push(invalidValue(field, schedule, complaint));
  if (!schedule.includes("TZ")) return errors;
  if (!zoneAllowed) {
    const detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
    errors.push(invalidValue(field, schedule, detail));
  } else if (timeZone !== undefined) {
    const detail = "cannot use both timeZone field and TZ or CRON_TZ in schedule";
    errors.push(invalidValue(field, schedule, detail));
  }
  return errors;
}

/** Digits and plus signs only for the names of old. */
const PART = /^[A-Za-z.\-_0-9+]{1,14}$/;

function validateTimeZone(zone: string | undefined): FieldError[] {
  const field = "spec.timeZone";
  if (zone === undefined) return [];
  if (zone === "") return [invalidValue(field, zone, "timeZone must be nil or non-empty string")];
  const misfit = (part: string) =>
    part === "." || part === ".." || part.startsWith("-") || !PART.test(part);
  if (zone.split("/").some(misfit)) {
    return [invalidValue(field, zone, `unknown time zone ${zone}`)];
  }
  const errors: FieldError[] = [];
  if (zone.toLowerCase() === "local") {
    const detail =
      "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
    errors.push(invalidValue(field, zone, detail));
  }
  const complaint = zoneComplaint(zone);
  if (complaint !== undefined) errors.push(invalidValue(field, zone, complaint));
  return errors;
}
