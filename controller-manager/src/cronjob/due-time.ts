// Which time of its schedule a CronJob has to start a Job for, and when it is to be looked at again. Pure (upstream:
// cronjob/utils.go). All in seconds since the epoch.
import type { CronJob } from "@coracle/shared/api/types/batch-v1";
import { nextTime } from "@coracle/shared/machinery/cron/next-time";
import type { Schedule } from "@coracle/shared/machinery/cron/schedule";
import { parseTime } from "@coracle/shared/runtime/clock";

const MANY = 100;
/** Clocks of several machines are not quite the same. */
const PADDING_MS = 100;

/** Correct, and yet there is no such time: the 31st of February. */
export class EmptyScheduleError extends Error {}

interface Recent {
  earliest: number;
  /** The last time that was due; undefined when none has been since `earliest`. */
  due: number | undefined;
  missed: "none" | "few" | "many";
}

function recent(
  { metadata, spec, status }: CronJob,
  schedule: Schedule,
  now: number,
  withDeadline: boolean,
): Recent {
  const since = parseTime(status?.lastScheduleTime) ?? parseTime(metadata.creationTimestamp) ?? 0;
  const { startingDeadlineSeconds } = spec;
  const deadline =
    withDeadline && startingDeadlineSeconds !== undefined ? now - startingDeadlineSeconds : 0;
  const earliest = Math.max(since / 1000, deadline);
  const first = nextTime(schedule, earliest);
  const second = first === undefined ? undefined : nextTime(schedule, first);
  if (first === undefined || second === undefined) {
    throw new EmptyScheduleError("time difference between two schedules is less than 1 second");
  }
  if (now < first) return { earliest, due: undefined, missed: "none" };
  if (now < second) return { earliest, due: first, missed: "none" };
  const interval = second - first;
  const count = Math.trunc((now - first) / interval) + 1;
  // One interval back: they need not all be of the same length.
  let due: number | undefined;
  let time = nextTime(schedule, first + (count - 2) * interval);
  while (time !== undefined && time <= now) {
    due = time;
    time = nextTime(schedule, time);
  }
  return { earliest, due, missed: count > MANY ? "many" : "few" };
}

/** The time to start a Job for; undefined: none is due. Throws EmptyScheduleError. */
export function dueTime(
  cronJob: CronJob,
  schedule: Schedule,
  nowMs: number,
): { at: number; tooManyMissed: boolean } | undefined {
  const { due, missed } = recent(cronJob, schedule, nowMs / 1000, true);
  return due === undefined ? undefined : { at: due, tooManyMissed: missed === "many" };
}

/** Time until the schedule is due again. */
export function nextDueAfterMs(
  cronJob: CronJob,
  schedule: Schedule,
  nowMs: number,
): number | undefined {
  const now = nowMs / 1000;
  let from = now;
  try {
    const { earliest, due, missed } = recent(cronJob, schedule, now, false);
    from = due ?? (missed === "none" ? earliest : now);
  } catch (error) {
    if (!(error instanceof EmptyScheduleError)) throw error;
  }
  const next = nextTime(schedule, from);
  return next === undefined ? undefined : Math.max(0, next * 1000 + PADDING_MS - nowMs);
}
