// Cron expressions of five fields and the descriptors (`@hourly`, `@every 1h`), judged as the parser that upstream uses does
// (robfig/cron ParseStandard), in its words.
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

const DESCRIPTORS = new Set([
  "@yearly",
  "@annually",
  "@monthly",
  "@weekly",
  "@daily",
  "@midnight",
  "@hourly",
]);
const EVERY = "@every ";

/** What is wrong with the expression, in the parser's words. */
class ScheduleError extends Error {}

/** The parser's complaint; undefined when the expression is a schedule. */
export function scheduleComplaint(schedule: string): string | undefined {
  try {
    judge(schedule);
    return undefined;
  } catch (error) {
    if (error instanceof ScheduleError) return error.message;
    throw error;
  }
}

function judge(schedule: string): void {
  let text = schedule;
  if (text.startsWith("TZ=") || text.startsWith("CRON_TZ=")) {
    const space = text.indexOf(" ");
    if (space < 0) {
      // Upstream's parser panics here, and the API server reports that.
      const panic = "runtime error: slice bounds out of range [:-1]";
      throw new ScheduleError(`invalid schedule format: ${panic}`);
    }
    const zone = text.slice(text.indexOf("=") + 1, space);
    const complaint = zoneComplaint(zone);
    if (complaint !== undefined) {
      throw new ScheduleError(`provided bad location ${zone}: ${complaint}`);
    }
    text = text.slice(space).trim();
  }
  if (text.startsWith("@")) {
    judgeDescriptor(text);
    return;
  }
  const fields = text.split(/\s+/).filter((field) => field !== "");
  if (fields.length !== FIELDS.length) {
    const found = `found ${fields.length}: [${fields.join(" ")}]`;
    throw new ScheduleError(`expected exactly ${FIELDS.length} fields, ${found}`);
  }
  fields.forEach((field, i) => {
    for (const range of field.split(",")) {
      if (range !== "") judgeRange(range, FIELDS[i] as Field);
    }
  });
}

function judgeDescriptor(text: string): void {
  if (DESCRIPTORS.has(text)) return;
  if (!text.startsWith(EVERY)) throw new ScheduleError(`unrecognized descriptor: ${text}`);
  const duration = parseGoDuration(text.slice(EVERY.length));
  if (typeof duration === "bigint") return;
  throw new ScheduleError(`failed to parse duration ${text}: ${duration.message}`);
}

/** `*`, `5`, `1-5`, each with a `/step`. */
function judgeRange(text: string, field: Field): void {
  const [range = "", stepText, ...moreSlashes] = text.split("/");
  const [low = "", high, ...moreHyphens] = range.split("-");
  let start = field.min;
  let end = field.max;
  if (low !== "*" && low !== "?") {
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
