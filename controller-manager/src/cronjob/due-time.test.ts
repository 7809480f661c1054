import type { CronJob, CronJobSpec, Job } from "@coracle/shared/api/types/batch-v1";
import { describe, expect, it } from "vitest";
import { dueTime, EmptyScheduleError, nextDueAfterMs } from "./due-time.ts";
import { jobAt, surplusJobs } from "./jobs.ts";
import { scheduleOf } from "./sync.ts";

const cronJob = (spec: Partial<CronJobSpec> = {}, lastScheduleTime?: string): CronJob => ({
  metadata: {
    name: "tick",
    namespace: "default",
    uid: "uid-tick",
    resourceVersion: "1",
    creationTimestamp: "2026-01-01T10:00:30Z",
  },
  spec: { schedule: "0 * * * *", timeZone: "Etc/UTC", jobTemplate: {}, ...spec },
  status: { lastScheduleTime },
});
const due = (subject: CronJob, now: string) => {
  const found = dueTime(subject, scheduleOf(subject), Date.parse(now));
  return found && { ...found, at: new Date(found.at * 1000).toISOString().slice(0, 16) };
};

describe("a CronJob's due time", () => {
  it("is the last one since the last Job, or since it was made", () => {
    expect(due(cronJob(), "2026-01-01T10:59:59Z")).toBeUndefined();
    expect(due(cronJob(), "2026-01-01T11:00:00Z")).toEqual({
      at: "2026-01-01T11:00",
      tooManyMissed: false,
    });
    expect(due(cronJob(), "2026-01-01T15:30:00Z")?.at).toBe("2026-01-01T15:00");
    const started = cronJob({}, "2026-01-01T15:00:00Z");
    expect(due(started, "2026-01-01T15:30:00Z")).toBeUndefined();
  });

  it("is none when the deadline for all of them has passed", () => {
    const strict = cronJob({ startingDeadlineSeconds: 60 });
    expect(due(strict, "2026-01-01T11:02:00Z")).toBeUndefined();
    expect(due(strict, "2026-01-01T11:00:30Z")?.at).toBe("2026-01-01T11:00");
  });

  it("tells when more than a hundred were missed", () => {
    expect(due(cronJob(), "2026-01-09T10:30:00Z")).toEqual({
      at: "2026-01-09T10:00",
      tooManyMissed: true,
    });
  });

  it("knows a schedule that never comes", () => {
    const never = cronJob({ schedule: "0 0 31 2 *" });
    expect(() => due(never, "2026-01-01T11:00:00Z")).toThrow(EmptyScheduleError);
  });

  it("is waited for with a little to spare", () => {
    const subject = cronJob();
    const now = Date.parse("2026-01-01T10:59:00Z");
    expect(nextDueAfterMs(subject, scheduleOf(subject), now)).toBe(60_100);
  });
});

describe("a CronJob's Jobs", () => {
  it("are named for their time, and say it in their zone", () => {
    const at = Date.parse("2026-01-01T11:00:00Z") / 1000;
    expect(jobAt(cronJob({ timeZone: "Asia/Kolkata" }), at).metadata).toMatchObject({
      name: "tick-29454420",
      annotations: {
        "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-01T16:30:00+05:30",
      },
    });
  });

  it("are kept up to the limits", () => {
    const ended = (name: string, type: string, startTime: string) =>
      ({
        metadata: { name, uid: name },
        status: { startTime, conditions: [{ type, status: "True" }] },
      }) as Job;
    const jobs = [
      ended("b", "Complete", "2026-01-01T12:00:00Z"),
      ended("a", "Complete", "2026-01-01T13:00:00Z"),
      ended("f", "Failed", "2026-01-01T11:00:00Z"),
    ];
    const limits = { successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 1 };
    expect(surplusJobs(cronJob(limits), jobs).map(({ metadata }) => metadata.name)).toEqual(["b"]);
  });
});
