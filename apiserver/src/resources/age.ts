// Ages as tables print them (upstream: apimachinery util/duration HumanDuration and the printers' translateTimestampSince).
import { parseTime } from "@coracle/shared/runtime/clock";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** `large` of the bigger unit, followed by the rest in the smaller unit unless that is 0. */
function withRest(large: number, largeUnit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${rest}${restUnit}`;
}

/** About three significant digits: `5s`, `3m20s`, `47h`, `2d3h`, `2y10d`. A clock up to two seconds ahead counts as now. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 2 * MINUTE) return `${seconds}s`;
  const minutes = Math.trunc(seconds / MINUTE);
  if (minutes < 10) return withRest(minutes, "m", seconds % MINUTE, "s");
  if (seconds < 3 * HOUR) return `${minutes}m`;
  const hours = Math.trunc(seconds / HOUR);
  if (hours < 8) return withRest(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (days < 8) return withRest(days, "d", hours % 24, "h");
  if (seconds < 2 * YEAR) return `${days}d`;
  const years = Math.trunc(days / 365);
  return seconds < 8 * YEAR ? withRest(years, "y", days % 365, "d") : `${years}y`;
}

/** The AGE cell: time since `timestamp` (RFC 3339), `<unknown>` when there is none. `now` in ms. */
export function age(timestamp: string | undefined, now: number): string {
  const since = parseTime(timestamp);
  return since === undefined ? "<unknown>" : humanDuration(now - since);
}
