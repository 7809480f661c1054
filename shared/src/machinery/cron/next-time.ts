// When a schedule is due next (robfig/cron spec.go: the same steps, so that days on which the clocks change come out the same).
import type { FieldValues, Schedule } from "./schedule.ts";
import { type CivilTime, TimeZone } from "./zoned-time.ts";

const MINUTE = 60;
const HOUR = 3600;
const YEARS_MAX = 5;

type Fields = Schedule & { type: "fields" };

/**
 * The first time after `epoch`, in seconds; undefined when there is none within five years (as for the 31st of February).
 */
export function nextTime(schedule: Schedule, epoch: number): number | undefined {
  if (schedule.type === "every") return Math.floor(epoch) + schedule.seconds;
  const zone = new TimeZone(schedule.timeZone);
  let time = Math.floor(epoch) + 1;
  const limit = zone.civilAt(time).year + YEARS_MAX;
  const search: Search = { schedule, zone, added: false };
  for (;;) {
    if (zone.civilAt(time).year > limit) return undefined;
    for (const step of STEPS) {
      const found = step(search, time);
      time = found.time;
      if (found.wrapped) break;
      if (step === toSecond) return time;
    }
  }
}

interface Search {
  schedule: Fields;
  zone: TimeZone;
  /** A field has been moved: those below it start from their beginning. */
  added: boolean;
}

interface Step {
  time: number;
  /** The field above it has moved on: everything is to be looked at again. */
  wrapped: boolean;
}

const has = ({ values }: FieldValues, value: number): boolean => values.has(value);

/** Cuts off what is below a field, once. */
function begin(search: Search, time: number, cut: (civil: CivilTime) => Partial<CivilTime>) {
  if (search.added) return time;
  search.added = true;
  const civil = search.zone.civilAt(time);
  return search.zone.epochOf({ ...civil, ...cut(civil) });
}

function toMonth(search: Search, from: number): Step {
  const { schedule, zone } = search;
  let time = from;
  while (!has(schedule.month, zone.civilAt(time).month)) {
    time = begin(search, time, () => ({ day: 1, hour: 0, minute: 0, second: 0 }));
    const civil = zone.civilAt(time);
    time = zone.epochOf({ ...civil, month: civil.month + 1 });
    if (zone.civilAt(time).month === 1) return { time, wrapped: true };
  }
  return { time, wrapped: false };
}

function dayMatches({ dayOfMonth, dayOfWeek }: Fields, { day, weekday }: CivilTime): boolean {
  const inMonth = has(dayOfMonth, day);
  const inWeek = has(dayOfWeek, weekday);
  return dayOfMonth.star || dayOfWeek.star ? inMonth && inWeek : inMonth || inWeek;
}

function toDay(search: Search, from: number): Step {
  const { schedule, zone } = search;
  let time = from;
  while (!dayMatches(schedule, zone.civilAt(time))) {
    time = begin(search, time, () => ({ hour: 0, minute: 0, second: 0 }));
    const civil = zone.civilAt(time);
    time = zone.epochOf({ ...civil, day: civil.day + 1 });
    // There are days without a midnight.
    const { hour } = zone.civilAt(time);
    if (hour > 12) time += (24 - hour) * HOUR;
    else time -= hour * HOUR;
    if (zone.civilAt(time).day === 1) return { time, wrapped: true };
  }
  return { time, wrapped: false };
}

function toHour(search: Search, from: number): Step {
  const { schedule, zone } = search;
  let time = from;
  while (!has(schedule.hour, zone.civilAt(time).hour)) {
    time = begin(search, time, () => ({ minute: 0, second: 0 })) + HOUR;
    if (zone.civilAt(time).hour === 0) return { time, wrapped: true };
  }
  return { time, wrapped: false };
}

function toMinute(search: Search, from: number): Step {
  const { schedule, zone } = search;
  let time = from;
  while (!has(schedule.minute, zone.civilAt(time).minute)) {
    if (!search.added) time -= time % MINUTE;
    search.added = true;
    time += MINUTE;
    if (zone.civilAt(time).minute === 0) return { time, wrapped: true };
  }
  return { time, wrapped: false };
}

/** Always the beginning of a minute. */
function toSecond(search: Search, from: number): Step {
  const { second } = search.zone.civilAt(from);
  if (second === 0) return { time: from, wrapped: false };
  search.added = true;
  const time = from + MINUTE - second;
  return { time, wrapped: true };
}

const STEPS = [toMonth, toDay, toHour, toMinute, toSecond];
