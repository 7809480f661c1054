// Times and durations as Go reads and prints them: metav1.Time (RFC 3339, whole seconds, UTC),
// metav1.MicroTime (six digits) and metav1.Duration (`1h2m3.5s`), with the texts of Go's
// time.Parse and time.ParseDuration.

export const RFC3339 = "2006-01-02T15:04:05Z07:00";
export const RFC3339_MICRO = "2006-01-02T15:04:05.000000Z07:00";

/** The message is Go's. */
export class TimeError extends Error {}

/** A point in time; `nanos` is always the positive rest. */
export interface Instant {
  seconds: number;
  nanos: number;
}

/** 0001-01-01T00:00:00Z, Go's zero time, which is printed as null. */
const ZERO_SECONDS = -62135596800;

const isDigit = (text: string, at: number): boolean => {
  const c = text.charCodeAt(at);
  return c >= 48 && c <= 57;
};

const two = (text: string, at: number): number =>
  (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;

const PLAIN = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?Z$/;

/** Whether it is already the canonical text of `layout`, so that nothing needs to be parsed. */
function isCanonical(text: string, layout: string): boolean {
  if (text.length !== (layout === RFC3339 ? 20 : 27) || !PLAIN.test(text)) return false;
  const month = two(text, 5);
  const day = two(text, 8);
  return (
    text > "0001-01-02" &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= 28 &&
    two(text, 11) < 24 &&
    two(text, 14) < 60 &&
    two(text, 17) < 60
  );
}

/** The canonical form of a time; null for Go's zero time. Throws TimeError. */
export function canonicalTime(text: string): string | null {
  return isCanonical(text, RFC3339) ? text : formatTime(parseGoTime(text, RFC3339));
}

export function canonicalMicroTime(text: string): string | null {
  return isCanonical(text, RFC3339_MICRO)
    ? text
    : formatMicroTime(parseGoTime(text, RFC3339_MICRO));
}

const isZero = (instant: Instant): boolean =>
  instant.seconds === ZERO_SECONDS && instant.nanos === 0;

export function formatTime(instant: Instant): string | null {
  if (isZero(instant)) return null;
  return `${toIso(instant.seconds).slice(0, -5)}Z`;
}

export function formatMicroTime(instant: Instant): string | null {
  if (isZero(instant)) return null;
  const micros = String(Math.floor(instant.nanos / 1000)).padStart(6, "0");
  return `${toIso(instant.seconds).slice(0, -5)}.${micros}Z`;
}

const DAYS_PER_CYCLE = 146097;

/** `2008-01-01T01:01:01.000Z`; a date computed from the count of days, because only clock.ts may
 *  make a Date. */
function toIso(seconds: number): string {
  const days = Math.floor(seconds / 86400);
  const rest = seconds - days * 86400;
  const shifted = days + 719468;
  const cycle = Math.floor(shifted / DAYS_PER_CYCLE);
  const dayOfCycle = shifted - cycle * DAYS_PER_CYCLE;
  const yearOfCycle = Math.floor(
    (dayOfCycle -
      Math.floor(dayOfCycle / 1460) +
      Math.floor(dayOfCycle / 36524) -
      Math.floor(dayOfCycle / 146096)) /
      365,
  );
  const dayOfYear =
    dayOfCycle - (365 * yearOfCycle + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0);
  const pad = (n: number, width = 2): string => String(n).padStart(width, "0");
  const clock = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60].map((n) => pad(n));
  return `${pad(year, 4)}-${pad(month)}-${pad(day)}T${clock.join(":")}.000Z`;
}

/** Days since 1970-01-01 of a proleptic Gregorian date. */
function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const cycle = Math.floor(y / 400);
  const yearOfCycle = y - cycle * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const leaps = Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100);
  return cycle * DAYS_PER_CYCLE + yearOfCycle * 365 + leaps + dayOfYear - 719468;
}

const daysIn = (year: number, month: number): number =>
  daysOf(month === 12 ? year + 1 : year, (month % 12) + 1, 1) - daysOf(year, month, 1);

/** One element of a layout: its own text and how to read it off the rest of the value. */
class TimeReader {
  rest: string;
  readonly #value: string;
  readonly #layout: string;

  constructor(value: string, layout: string) {
    this.rest = value;
    this.#value = value;
    this.#layout = layout;
  }

  bad(element: string, at = this.rest): never {
    const quoted = [this.#value, this.#layout, at, element].map((text) => JSON.stringify(text));
    throw new TimeError(
      `parsing time ${quoted[0]} as ${quoted[1]}: cannot parse ${quoted[2]} as ${quoted[3]}`,
    );
  }

  fail(why: string): never {
    throw new TimeError(`parsing time ${JSON.stringify(this.#value)}: ${why}`);
  }

  literal(text: string): void {
    if (!this.rest.startsWith(text)) this.bad(text);
    this.rest = this.rest.slice(text.length);
  }

  year(): number {
    const year = this.rest.slice(0, 4);
    if (!/^\d{4}$/.test(year)) this.bad("2006");
    this.rest = this.rest.slice(4);
    return Number(year);
  }

  /** Two digits; one is enough where `fixed` is false (Go's hour). */
  number(element: string, range: string, min: number, max: number, fixed = true): number {
    const digits = !isDigit(this.rest, 0) ? 0 : isDigit(this.rest, 1) ? 2 : fixed ? 0 : 1;
    if (digits === 0) this.bad(element);
    const number = Number(this.rest.slice(0, digits));
    this.rest = this.rest.slice(digits);
    if (number < min || number > max) this.fail(`${range} out of range`);
    return number;
  }

  /** The fraction, in nanoseconds: any digits where the layout has none, else exactly six. */
  fraction(exact: boolean): number {
    if (exact) {
      if (!/^[.,]\d{6}/.test(this.rest)) this.bad(".000000");
    } else if (!/^[.,]\d/.test(this.rest)) {
      return 0;
    }
    const digits = exact ? this.rest.slice(1, 7) : (/^[.,](\d+)/.exec(this.rest)?.[1] as string);
    this.rest = this.rest.slice(digits.length + 1);
    return Number(digits.slice(0, 9).padEnd(9, "0"));
  }

  /** Offset from UTC in seconds. */
  zone(): number {
    if (this.rest.startsWith("Z")) {
      this.rest = this.rest.slice(1);
      return 0;
    }
    const parts = /^([+-])(\d\d):(\d\d)/.exec(this.rest);
    if (parts === null) this.bad("Z07:00");
    this.rest = this.rest.slice(6);
    const [hours, minutes] = [Number(parts[2]), Number(parts[3])];
    if (hours > 24) this.fail("time zone offset hour out of range");
    if (minutes > 60) this.fail("time zone offset minute out of range");
    return (parts[1] === "-" ? -1 : 1) * (hours * 60 + minutes) * 60;
  }
}

/** Go's time.Parse for the two layouts. */
export function parseGoTime(value: string, layout: string): Instant {
  const reader = new TimeReader(value, layout);
  const year = reader.year();
  reader.literal("-");
  const month = reader.number("01", "month", 1, 12);
  reader.literal("-");
  const day = reader.number("02", "day", 0, 99);
  reader.literal("T");
  const hour = reader.number("15", "hour", 0, 23, false);
  reader.literal(":");
  const minute = reader.number("04", "minute", 0, 59);
  reader.literal(":");
  const second = reader.number("05", "second", 0, 59);
  const nanos = reader.fraction(layout === RFC3339_MICRO);
  const offset = reader.zone();
  if (reader.rest !== "") reader.fail(`extra text: ${JSON.stringify(reader.rest)}`);
  if (day < 1 || day > daysIn(year, month)) reader.fail("day out of range");
  const seconds = daysOf(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset;
  return { seconds, nanos };
}

const UNIT_NANOS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Nanoseconds of a Go duration such as `1h30m`. Throws TimeError with time.ParseDuration's
 *  text. */
export function parseDuration(text: string): number {
  const quoted = JSON.stringify(text);
  const invalid = (): TimeError => new TimeError(`time: invalid duration ${quoted}`);
  const sign = /^[+-]/.test(text) ? text[0] : "";
  let rest = text.slice(sign?.length ?? 0);
  if (rest === "0") return 0;
  if (rest === "") throw invalid();
  let total = 0;
  while (rest !== "") {
    const number = /^(?:\d+\.?\d*|\.\d+)/.exec(rest)?.[0];
    if (number === undefined) throw invalid();
    rest = rest.slice(number.length);
    const unit = /^[^.\d]+/.exec(rest)?.[0];
    if (unit === undefined) throw new TimeError(`time: missing unit in duration ${quoted}`);
    const nanos = UNIT_NANOS[unit];
    if (nanos === undefined)
      throw new TimeError(`time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`);
    rest = rest.slice(unit.length);
    total += Number(number) * nanos;
  }
  if (total > 2 ** 63) throw invalid();
  return sign === "-" ? -total : Math.trunc(total);
}

/** Go's Duration.String(): `1h0m0s`, `1.5ms`, `0s`. */
export function formatDuration(nanos: number): string {
  if (nanos === 0) return "0s";
  const sign = nanos < 0 ? "-" : "";
  const total = Math.abs(nanos);
  if (total < 1e3) return `${sign}${total}ns`;
  if (total < 1e6) return `${sign}${total / 1e3}µs`;
  if (total < 1e9) return `${sign}${total / 1e6}ms`;
  const hours = Math.floor(total / 3600e9);
  const minutes = Math.floor((total - hours * 3600e9) / 60e9);
  const seconds = (total - hours * 3600e9 - minutes * 60e9) / 1e9;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`;
}
