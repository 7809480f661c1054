// Times of day in a time zone, in whole seconds since the epoch.

export interface CivilTime {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  /** 0: Sunday. */
  weekday: number;
}

export class TimeZone {
  readonly #format: Intl.DateTimeFormat | undefined;

  /** A name of the IANA database; undefined: the local zone. */
  constructor(name: string | undefined) {
    const local = () => new Intl.DateTimeFormat().resolvedOptions().timeZone;
    const zone = name === undefined || name === "Local" ? local() : name;
    if (zone === "" || zone === "UTC") return;
    const numeric = "numeric";
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    });
  }

  /** Seconds east of Greenwich at this time. */
  offsetAt(epoch: number): number {
    if (this.#format === undefined) return 0;
    const parts: Record<string, number> = {};
    for (const { type, value } of this.#format.formatToParts(epoch * 1000)) {
      parts[type] = Number(value);
    }
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - epoch;
  }

  civilAt(epoch: number): CivilTime {
    const date = new Date((epoch + this.offsetAt(epoch)) * 1000);
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
      weekday: date.getUTCDay(),
    };
  }

  /** Values out of their range are carried, as Go's time.Date does: month 13 is January. */
  epochOf({ year, month, day, hour, minute, second }: Omit<CivilTime, "weekday">): number {
    const local = Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
    const guess = this.offsetAt(local);
    if (guess === 0) return local;
    return local - this.offsetAt(local - guess);
  }

  /** RFC 3339. */
  format(epoch: number): string {
    const offset = this.offsetAt(epoch);
    const text = new Date((epoch + offset) * 1000).toISOString().slice(0, 19);
    if (offset === 0) return `${text}Z`;
    const minutes = Math.trunc(Math.abs(offset) / 60);
    const two = (value: number) => String(value).padStart(2, "0");
    return `${text}${offset < 0 ? "-" : "+"}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
  }
}
