// One look at a CronJob: brings its list of active Jobs up to date, and starts the Job that is due (upstream:
// cronjob_controllerv2.go).
import type { CronJob, CronJobStatus, Job } from "@coracle/shared/api/types/batch-v1";
import type { Client } from "@coracle/shared/client/client";
import type { EventRecorder, EventSubject } from "@coracle/shared/controller/event-recorder";
import { isDeleting } from "@coracle/shared/controller/owner-index";
import {
  parseSchedule,
  type Schedule,
  ScheduleError,
} from "@coracle/shared/machinery/cron/schedule";
import { zoneComplaint } from "@coracle/shared/machinery/cron/time-zone";
import { isControlledBy } from "@coracle/shared/machinery/owner-references";
import { isAlreadyExists, isNotFound } from "@coracle/shared/machinery/status-error";
import { type Clock, formatTime, parseTime } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import { isNamespaceTerminating } from "../namespace/terminating-cause.ts";
import { dueTime, EmptyScheduleError, nextDueAfterMs } from "./due-time.ts";
import { endOf, jobAt, jobNameAt, surplusJobs } from "./jobs.ts";

export interface SyncDependencies {
  client: Client;
  recorder: EventRecorder;
  clock: Clock;
  logger: Logger;
}

interface Sync extends SyncDependencies {
  cronJob: CronJob;
  status: CronJobStatus & { active: NonNullable<CronJobStatus["active"]> };
  changed: boolean;
}

/** Time until it is to be looked at again; undefined: when something changes. */
export async function syncCronJob(
  cronJob: CronJob,
  jobs: readonly Job[],
  dependencies: SyncDependencies,
): Promise<number | undefined> {
  const status = structuredClone({ ...cronJob.status, active: cronJob.status?.active ?? [] });
  const sync: Sync = { ...dependencies, cronJob, status, changed: false };
  let requeueAfterMs: number | undefined;
  let failure: unknown;
  try {
    await trackJobs(sync, jobs);
    if (!isDeleting(cronJob)) requeueAfterMs = await start(sync);
  } catch (error) {
    failure = error;
  }
  const staying = jobs.filter((job) => !isDeleting(job));
  for (const job of surplusJobs(cronJob, staying)) await deleteJob(sync, job);
  if (sync.changed) {
    await sync.client.for("cronjobs.batch").updateStatus({ ...sync.cronJob, status: sync.status });
  }
  if (failure !== undefined) throw failure;
  return requeueAfterMs;
}

function tell(
  { cronJob, recorder }: Pick<Sync, "cronJob" | "recorder">,
  type: "Normal" | "Warning",
  reason: string,
  message: string,
): void {
  recorder.event(cronJob as EventSubject, type, reason, message);
}

const isListed = ({ active }: Sync["status"], { metadata }: Job): boolean =>
  active.some(({ uid }) => uid === metadata.uid);

function unlist(sync: Sync, uid: string | undefined): void {
  sync.status.active = sync.status.active.filter((job) => job.uid !== uid);
  sync.changed = true;
}

async function trackJobs(sync: Sync, jobs: readonly Job[]): Promise<void> {
  const { client, status } = sync;
  for (const job of jobs) {
    const { name } = job.metadata;
    const end = endOf(job);
    if (end === undefined) {
      if (!isListed(status, job)) await checkUnlisted(sync, job);
      continue;
    }
    if (isListed(sync.status, job)) {
      unlist(sync, job.metadata.uid);
      const message = `Saw completed job: ${name}, condition: ${end}`;
      tell(sync, "Normal", "SawCompletedJob", message);
    }
    const { completionTime } = job.status;
    const last = parseTime(sync.status.lastSuccessfulTime) ?? Number.NEGATIVE_INFINITY;
    if (end === "Complete" && (parseTime(completionTime) ?? Number.NaN) > last) {
      sync.status.lastSuccessfulTime = completionTime;
      sync.changed = true;
    }
  }
  const known = new Set(jobs.map(({ metadata }) => metadata.uid));
  for (const { uid = "", name = "", namespace } of sync.status.active) {
    if (known.has(uid)) continue;
    try {
      await client.for("jobs.batch").get(name, namespace);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      tell(sync, "Normal", "MissingJob", `Active job went missing: ${name}`);
      unlist(sync, uid);
    }
  }
}

/** The cache of CronJobs may be behind that of Jobs. */
async function checkUnlisted(sync: Sync, job: Job): Promise<void> {
  const { name, namespace } = sync.cronJob.metadata;
  const fresh = await sync.client.for("cronjobs.batch").get(name, namespace);
  const status = { ...fresh.status, active: fresh.status?.active ?? [] };
  if (isListed(status, job)) {
    sync.cronJob = fresh;
    sync.status = status;
    return;
  }
  const message = `Saw a job that the controller did not create or forgot: ${job.metadata.name}`;
  tell(sync, "Warning", "UnexpectedJob", message);
}

/** The schedule in the CronJob's time zone. Throws ScheduleError. */
export function scheduleOf({ spec }: CronJob): Schedule {
  const { schedule, timeZone } = spec;
  const inZone = timeZone !== undefined && !schedule.includes("TZ");
  return parseSchedule(inZone ? `TZ=${timeZone} ${schedule}` : schedule);
}

/** Upstream's complaint about what keeps the CronJob from being scheduled; undefined when it has none. */
function readSchedule(sync: Sync): Schedule | undefined {
  const { schedule, timeZone } = sync.cronJob.spec;
  const complaint = timeZone === undefined ? undefined : zoneComplaint(timeZone);
  if (complaint !== undefined) {
    const message = `invalid timeZone: ${JSON.stringify(timeZone)}: ${complaint}`;
    tell(sync, "Warning", "UnknownTimeZone", message);
    return undefined;
  }
  if (sync.cronJob.spec.suspend === true) return undefined;
  if (schedule.includes("TZ")) {
    const page = "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/";
    const message = `CRON_TZ or TZ used in schedule ${JSON.stringify(schedule)} is not officially supported, see ${page} for more details`;
    tell(sync, "Warning", "UnsupportedSchedule", message);
  }
  try {
    return scheduleOf(sync.cronJob);
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    const message = `unparseable schedule: ${JSON.stringify(schedule)} : ${error.message}`;
    tell(sync, "Warning", "UnparseableSchedule", message);
    return undefined;
  }
}

/** Starts what is due. Time until something is due again. */
async function start(sync: Sync): Promise<number | undefined> {
  const schedule = readSchedule(sync);
  if (schedule === undefined) return undefined;
  const { cronJob, clock } = sync;
  const nowMs = clock.now();
  const next = () => nextDueAfterMs({ ...sync.cronJob, status: sync.status }, schedule, nowMs);
  let due: ReturnType<typeof dueTime>;
  try {
    due = dueTime(cronJob, schedule, nowMs);
  } catch (error) {
    if (!(error instanceof EmptyScheduleError)) throw error;
    const message = `invalid schedule: ${cronJob.spec.schedule} : ${error.message}`;
    tell(sync, "Warning", "InvalidSchedule", message);
    return undefined;
  }
  if (due === undefined) return next();
  if (due.tooManyMissed) {
    const message =
      "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
    tell(sync, "Warning", "TooManyMissedTimes", message);
  }
  if (!(await mayStart(sync, due.at, nowMs))) return next();
  await startJob(sync, due.at);
  return next();
}

async function mayStart(sync: Sync, at: number, nowMs: number): Promise<boolean> {
  const { cronJob, status } = sync;
  const { startingDeadlineSeconds, concurrencyPolicy } = cronJob.spec;
  if (startingDeadlineSeconds !== undefined && (at + startingDeadlineSeconds) * 1000 < nowMs) {
    const time = new Date(at * 1000).toUTCString().replace("GMT", "+0000");
    tell(sync, "Warning", "MissSchedule", `Missed scheduled time to start a job: ${time}`);
    return false;
  }
  const name = jobNameAt(cronJob, at);
  const isStarted =
    status.active.some((job) => job.name === name) ||
    parseTime(status.lastScheduleTime) === at * 1000;
  if (isStarted) return false;
  if (concurrencyPolicy === "Forbid" && status.active.length > 0) {
    const message =
      "Not starting job because prior execution is running and concurrency policy is Forbid";
    tell(sync, "Normal", "JobAlreadyActive", message);
    return false;
  }
  return true;
}

async function startJob(sync: Sync, at: number): Promise<void> {
  const { cronJob, client, logger, status } = sync;
  const { namespace } = cronJob.metadata;
  if (cronJob.spec.concurrencyPolicy === "Replace") await replaceActive(sync);
  const draft = jobAt(cronJob, at);
  let job: Job;
  try {
    job = await client.for("jobs.batch").create(draft);
    logger.info({ object: `job ${namespace}/${job.metadata.name}` }, "created job");
    tell(sync, "Normal", "SuccessfulCreate", `Created job ${job.metadata.name}`);
  } catch (error) {
    if (!isAlreadyExists(error)) {
      if (!isNamespaceTerminating(error)) {
        tell(sync, "Warning", "FailedCreate", `Error creating job: ${(error as Error).message}`);
      }
      throw error;
    }
    // It was made before, and the status not written.
    job = await client.for("jobs.batch").get(jobNameAt(cronJob, at), namespace);
    if (!isControlledBy(job, cronJob) || isListed(status, job)) return;
  }
  const { name, uid, resourceVersion } = job.metadata;
  const reference = { kind: "Job", namespace, name, uid, apiVersion: "batch/v1", resourceVersion };
  sync.status.active.push(reference);
  sync.status.lastScheduleTime = formatTime(at * 1000);
  sync.changed = true;
}

async function replaceActive(sync: Sync): Promise<void> {
  for (const { name = "", namespace } of [...sync.status.active]) {
    let job: Job;
    try {
      job = await sync.client.for("jobs.batch").get(name, namespace);
    } catch (error) {
      tell(sync, "Warning", "FailedGet", `Get job: ${(error as Error).message}`);
      throw error;
    }
    if (!(await deleteJob(sync, job)))
      throw new Error(`could not replace job ${namespace}/${name}`);
  }
}

async function deleteJob(sync: Sync, { metadata }: Job): Promise<boolean> {
  const { name, namespace, uid } = metadata;
  try {
    await sync.client
      .for("jobs.batch")
      .delete(name, { namespace, propagationPolicy: "Background" });
  } catch (error) {
    tell(sync, "Warning", "FailedDelete", `Deleted job: ${(error as Error).message}`);
    return false;
  }
  unlist(sync, uid);
  tell(sync, "Normal", "SuccessfulDelete", `Deleted job ${name}`);
  return true;
}
