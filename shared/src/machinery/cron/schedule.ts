// Cron expressions of five fields and the descriptors (`@hourly`, `@every 1h`), read as the parser that upstream uses does
// (robfig/cron ParseStandard), with its complaints.
import { parseGoDuration } from "../go-duration.ts";
import { parseGoInt } from "../go-int.ts";
import { zoneComplaint } from "./time-zone.ts";

interface Field {
  min: number;
  max: number;
  names?: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** Minute, hour, day of the month, month, day of the week. A name stands for its place, counted from `min`. */
const FIELDS: readonly Field[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];

const DESCRIPTORS: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};
const EVERY = "@every ";

/** What is wrong with the expression, in the parser's words. */
export class ScheduleError extends Error {}

/** The values of one field; `star`: it was left open. */
export interface FieldValues {
  values: ReadonlySet<number>;
  star: boolean;
}

export type Schedule =
  /** Each so many seconds. */
  | { type: "every"; seconds: number }
  | {
      type: "fields";
      minute: FieldValues;
      hour: FieldValues;
      dayOfMonth: FieldValues;
      month: FieldValues;
      dayOfWeek: FieldValues;
      /** Undefined: the local one. */
      timeZone: string | undefined;
    };

/** The parser's complaint; undefined when the expression is a schedule. */
export function scheduleComplaint(schedule: string): string | undefined {
  try {
    parseSchedule(schedule);
    return undefined;
  } catch (error) {
    if (error instanceof ScheduleError) return error.message;
    throw error;
  }
}

/** Throws {@link ScheduleError}. */
export function parseSchedule(schedule: string): Schedule {
  const { timeZone, text } = splitZone(schedule);
  if (text.startsWith("@")) return parseDescriptor(text, timeZone);
  return parseFields(text, timeZone);
}

function splitZone(schedule: string): { timeZone: string | undefined; text: string } {
  if (!schedule.startsWith("TZ=") && !schedule.startsWith("CRON_TZ=")) {
    return { timeZone: undefined, text: schedule };
  }
  const space = schedule.indexOf(" ");
  if (space < 0) {
    // Upstream's parser panics here, and the API server reports that.
    const panic = "runtime error: slice bounds out of range [:-1]";
    throw new ScheduleError(`invalid schedule format: ${panic}`);
  }
  const timeZone = schedule.slice(schedule.indexOf("=") + 1, space);
  const complaint = zoneComplaint(timeZone);
  if (complaint !== undefined) {
    throw new ScheduleError(`provided bad location ${timeZone}: ${complaint}`);
  }
  return { timeZone, text: schedule.slice(space).trim() };
}

function parseFields(text: string, timeZone: string | undefined): Schedule {
  const fields = text.split(/\s+/).filter((field) => field !== "");
  if (fields.length !== FIELDS.length) {
    const found = `found ${fields.length}: [${fields.join(" ")}]`;
    throw new ScheduleError(`expected exactly ${FIELDS.length} fields, ${found}`);
  }
  const parsed = fields.map((field, i) => parseField(field, FIELDS[i] as Field));
  const [minute, hour, dayOfMonth, month, dayOfWeek] = parsed as [
    FieldValues,
    FieldValues,
    FieldValues,
    FieldValues,
    FieldValues,
  ];
  return { type: "fields", minute, hour, dayOfMonth, month, dayOfWeek, timeZone };
}

function parseDescriptor(text: string, timeZone: string | undefined): Schedule {
  const fields = DESCRIPTORS[text];
  if (fields !== undefined) return parseFields(fields, timeZone);
  if (!text.startsWith(EVERY)) throw new ScheduleError(`unrecognized descriptor: ${text}`);
  const duration = parseGoDuration(text.slice(EVERY.length));
  if (typeof duration !== "bigint") {
    throw new ScheduleError(`failed to parse duration ${text}: ${duration.message}`);
  }
  return { type: "every", seconds: Math.max(1, Number(duration / 1_000_000_000n)) };
}

function parseField(text: string, field: Field): FieldValues {
  const values = new Set<number>();
  let star = false;
  for (const range of text.split(",")) {
    if (range !== "" && addRange(range, field, values)) star = true;
  }
  return { values, star };
}

/** `*`, `5`, `1-5`, each with a `/step`. True when it leaves the field open. */
function addRange(text: string, field: Field, values: Set<number>): boolean {
  const [range = "", stepText, ...moreSlashes] = text.split("/");
  const [low = "", high, ...moreHyphens] = range.split("-");
  const open = low === "*" || low === "?";
  let start = field.min;
  let end = field.max;
  if (!open) {
    start = numberOf(low, field);
    if (moreHyphens.length > 0) throw new ScheduleError(`too many hyphens: ${text}`);
    end = high === undefined ? start : numberOf(high, field);
  }
  if (moreSlashes.length > 0) throw new ScheduleError(`too many slashes: ${text}`);
  let step = 1;
  if (stepText !== undefined) {
    step = numberOf(stepText, { min: 0, max: 0 });
    if (high === undefined) end = field.max;
  }
  if (start < field.min) {
    throw new ScheduleError(`beginning of range (${start}) below minimum (${field.min}): ${text}`);
  }
  if (end > field.max) {
    throw new ScheduleError(`end of range (${end}) above maximum (${field.max}): ${text}`);
  }
  if (start > end) {
    throw new ScheduleError(`beginning of range (${start}) beyond end of range (${end}): ${text}`);
  }
  if (step === 0) throw new ScheduleError(`step of range should be a positive number: ${text}`);
  for (let value = start; value <= end; value += step) values.add(value);
  return open && step === 1;
}

function numberOf(text: string, { min, names }: Field): number {
  const place = names?.indexOf(text.toLowerCase()) ?? -1;
  if (place >= 0) return place + min;
  const parsed = parseGoInt(text, "strconv.Atoi");
  if (typeof parsed !== "bigint") {
    throw new ScheduleError(`failed to parse int from ${text}: ${parsed.message}`);
  }
  if (parsed < 0n) throw new ScheduleError(`negative number (${parsed}) not allowed: ${text}`);
  return Number(parsed);
}
