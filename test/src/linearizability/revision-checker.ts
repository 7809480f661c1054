// What resource versions and watches promise beyond each object alone: one order of all writes, which every watcher sees, whole.
import type { RegisterOperation } from "./register-history.ts";

export interface WatchedEvent {
  type: "ADDED" | "MODIFIED" | "DELETED";
  key: string;
  /** "" = deleted. */
  value: string;
  revision: number;
}

/** What is wrong, in words; empty = nothing. `watchers`: all events from the beginning of the history to its end. */
export function checkRevisions(
  history: readonly RegisterOperation[],
  watchers: readonly (readonly WatchedEvent[])[],
): string[] {
  const [first = [], ...others] = watchers;
  return [
    ...realTime(history),
    ...watchers.flatMap((events, i) => ordered(events, `watcher ${i}`)),
    ...others.flatMap((events, i) => same(first, events, i + 1)),
    ...explained(history, first),
  ];
}

/** A write that began when another had been answered has the greater revision. */
function realTime(history: readonly RegisterOperation[]): string[] {
  const writes = history.filter(
    ({ kind, outcome, revision }) => kind !== "read" && outcome === "done" && revision > 0,
  );
  const byEnd = writes.toSorted((a, b) => a.end - b.end);
  const found: string[] = [];
  let ended = 0;
  let newest = 0;
  for (const write of writes.toSorted((a, b) => a.start - b.start)) {
    for (; ended < byEnd.length && (byEnd[ended] as RegisterOperation).end < write.start; ended++) {
      newest = Math.max(newest, (byEnd[ended] as RegisterOperation).revision);
    }
    if (write.revision <= newest) {
      found.push(`${write.kind} ${write.key} has revision ${write.revision}, after ${newest}`);
    }
  }
  return found;
}

/** Revisions grow, and each event continues what its key was. */
function ordered(events: readonly WatchedEvent[], watcher: string): string[] {
  const found: string[] = [];
  const alive = new Set<string>();
  let last = 0;
  for (const { type, key, revision } of events) {
    if (revision <= last) found.push(`${watcher} saw revision ${revision} after ${last}`);
    last = revision;
    if ((type === "ADDED") === alive.has(key)) {
      found.push(`${watcher} saw ${key} ${type} at ${revision}, which it cannot be`);
    }
    if (type === "DELETED") alive.delete(key);
    else alive.add(key);
  }
  return found;
}

function same(
  one: readonly WatchedEvent[],
  other: readonly WatchedEvent[],
  watcher: number,
): string[] {
  const text = (event: WatchedEvent | undefined) =>
    event === undefined
      ? "nothing"
      : `${event.type} ${event.key}=${event.value} at ${event.revision}`;
  for (let i = 0; i < Math.max(one.length, other.length); i++) {
    if (text(one[i]) !== text(other[i])) {
      return [`watcher 0 saw ${text(one[i])}, watcher ${watcher} saw ${text(other[i])}`];
    }
  }
  return [];
}

/** Each acknowledged write is an event with its revision, each event is a write that was sent, and reads show what was written. */
function explained(
  history: readonly RegisterOperation[],
  events: readonly WatchedEvent[],
): string[] {
  const found: string[] = [];
  const byValue = new Map(
    events.filter(({ value }) => value !== "").map((one) => [one.value, one]),
  );
  const sent = new Set<string>();
  for (const { kind, key, value, outcome, revision } of history) {
    if (kind === "create" || kind === "replace") {
      sent.add(value);
      const event = byValue.get(value);
      if (outcome === "refused" && event !== undefined)
        found.push(`${key}=${value} was refused, and done`);
      if (outcome === "done" && event?.revision !== revision) {
        found.push(
          `${key}=${value} was written at ${revision}, watchers saw it at ${event?.revision}`,
        );
      }
    } else if (kind === "read" && outcome === "done" && value !== "") {
      if (byValue.get(value)?.revision !== revision) {
        found.push(
          `${key}=${value} was read at ${revision}, watchers saw it at ${byValue.get(value)?.revision}`,
        );
      }
    }
  }
  for (const { key, value } of events) {
    if (value !== "" && !sent.has(value)) found.push(`${key}=${value} was seen, but never written`);
  }
  return found;
}
