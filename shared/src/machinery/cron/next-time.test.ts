import { describe, expect, it } from "vitest";
import { nextTime } from "./next-time.ts";
import { parseSchedule, scheduleComplaint } from "./schedule.ts";

const seconds = (time: string): number => Date.parse(time) / 1000;
const next = (schedule: string, after: string): string | undefined => {
  const time = nextTime(parseSchedule(`TZ=UTC ${schedule}`), seconds(after));
  return time === undefined ? undefined : new Date(time * 1000).toISOString();
};
const inZone = (zone: string, schedule: string, after: string): string | undefined => {
  const time = nextTime(parseSchedule(`TZ=${zone} ${schedule}`), seconds(after));
  return time === undefined ? undefined : new Date(time * 1000).toISOString();
};

describe("the next time of a schedule", () => {
  it.each([
    ["* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00.000Z"],
    ["*/15 * * * *", "2026-01-01T14:45:30Z", "2026-01-01T15:00:00.000Z"],
    ["20-35/15 * * * *", "2026-01-01T15:35:00Z", "2026-01-01T16:20:00.000Z"],
    ["0 9 * * mon-fri", "2026-01-02T09:00:00Z", "2026-01-05T09:00:00.000Z"],
    ["0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00.000Z"],
    ["59 23 31 12 *", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00.000Z"],
    ["@weekly", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00.000Z"],
    ["@monthly", "2026-01-31T10:00:00Z", "2026-02-01T00:00:00.000Z"],
  ])("%s after %s", (schedule, after, expected) => {
    expect(next(schedule, after)).toBe(expected);
  });

  it("takes the day of the month or of the week, unless one of them is left open", () => {
    // The 15th is a Thursday, the 11th a Sunday.
    expect(next("0 0 15 * sun", "2026-01-08T00:00:00Z")).toBe("2026-01-11T00:00:00.000Z");
    expect(next("0 0 15 * sun", "2026-01-11T00:00:00Z")).toBe("2026-01-15T00:00:00.000Z");
    expect(next("0 0 */1 * sun", "2026-01-08T00:00:00Z")).toBe("2026-01-11T00:00:00.000Z");
  });

  it("counts whole seconds for @every", () => {
    const schedule = parseSchedule("@every 90s");
    expect(nextTime(schedule, 1000.7)).toBe(1090);
  });

  it("has no time when there is no such day", () => {
    expect(next("0 0 31 2 *", "2026-01-01T00:00:00Z")).toBeUndefined();
  });

  it("leaves out an hour that does not exist, and takes the first of one that comes twice", () => {
    const berlin = "Europe/Berlin";
    expect(inZone(berlin, "30 2 * * *", "2026-03-28T12:00:00Z")).toBe("2026-03-30T00:30:00.000Z");
    expect(inZone(berlin, "30 2 * * *", "2026-10-24T12:00:00Z")).toBe("2026-10-25T00:30:00.000Z");
    expect(inZone(berlin, "0 9 * * 1", "2026-01-01T00:00:00Z")).toBe("2026-01-05T08:00:00.000Z");
  });

  it("goes on when midnight does not exist", () => {
    expect(inZone("America/Sao_Paulo", "0 0 5 11 *", "2018-11-04T12:00:00Z")).toBe(
      "2018-11-05T02:00:00.000Z",
    );
    expect(inZone("America/Sao_Paulo", "0 12 * * *", "2018-11-03T16:00:00Z")).toBe(
      "2018-11-04T14:00:00.000Z",
    );
  });

  it("complains in the parser's words", () => {
    expect(scheduleComplaint("* * *")).toBe("expected exactly 5 fields, found 3: [* * *]");
    expect(scheduleComplaint("60 * * * *")).toBe("end of range (60) above maximum (59): 60");
    expect(scheduleComplaint("@hourly")).toBeUndefined();
  });
});
