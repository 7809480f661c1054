// CronJobs: a Job at each time of a schedule.
import { keyOf } from "@coracle/shared/api/resources";
import type { CronJob, Job } from "@coracle/shared/api/types/batch-v1";
import {
  type ControllerDependencies,
  type RunningController,
  startWorkers,
} from "@coracle/shared/controller/controller";
import type { EventSubject } from "@coracle/shared/controller/event-recorder";
import { BY_CONTROLLER } from "@coracle/shared/controller/owner-index";
import { ScheduleError } from "@coracle/shared/machinery/cron/schedule";
import { controllerOf } from "@coracle/shared/machinery/owner-references";
import { WorkQueue } from "@coracle/shared/workqueue/work-queue";
import { nextDueAfterMs } from "./due-time.ts";
import { scheduleOf, syncCronJob } from "./sync.ts";

const NAME = "cronjob";
const WORKERS = 5;

export function startCronJobController(dependencies: ControllerDependencies): RunningController {
  const { client, informers, clock } = dependencies;
  const logger = dependencies.logger.child({ controller: NAME });
  const recorder = dependencies.recorderFor("cronjob-controller");
  const queue = new WorkQueue(clock);
  const cronJobs = informers.for("cronjobs.batch");
  const jobs = informers.for("jobs.batch");

  /** With a new schedule, what was due by it in the past is not made good. */
  function enqueueNextTime(cronJob: CronJob): void {
    try {
      const delayMs = nextDueAfterMs(cronJob, scheduleOf(cronJob), clock.now());
      if (delayMs !== undefined) queue.addAfter(keyOf(cronJob), delayMs);
    } catch (error) {
      if (!(error instanceof ScheduleError)) throw error;
      const message = `unparseable schedule for cronjob: ${cronJob.spec.schedule}`;
      recorder.event(cronJob as EventSubject, "Warning", "UnParseableCronJobSchedule", message);
    }
  }

  cronJobs.addHandlers({
    onAdd: (cronJob) => queue.add(keyOf(cronJob)),
    onUpdate(old, cronJob) {
      const { schedule, timeZone } = cronJob.spec;
      const same = old.spec.schedule === schedule && old.spec.timeZone === timeZone;
      if (same) queue.add(keyOf(cronJob));
      else enqueueNextTime(cronJob);
    },
    onDelete: (cronJob) => queue.add(keyOf(cronJob)),
  });
  const enqueueOwner = (job: Job) => {
    const reference = controllerOf(job);
    if (reference?.kind !== "CronJob") return;
    const key = `${job.metadata.namespace}/${reference.name}`;
    if (cronJobs.lister.get(key)?.metadata.uid === reference.uid) queue.add(key);
  };
  jobs.addHandlers({
    onAdd: enqueueOwner,
    onUpdate: (_old, job) => enqueueOwner(job),
    onDelete: enqueueOwner,
  });

  const stop = startWorkers({
    queue,
    workers: WORKERS,
    logger,
    ready: Promise.all([dependencies.leading, cronJobs.synced, jobs.synced]),
    async process(key) {
      const cronJob = cronJobs.lister.get(key);
      if (cronJob === undefined) return undefined;
      const children = jobs.lister.byIndex(BY_CONTROLLER, cronJob.metadata.uid);
      const sync = { client, recorder, clock, logger };
      return { requeueAfterMs: await syncCronJob(cronJob, children, sync) };
    },
  });
  return { name: NAME, queue, stop };
}
