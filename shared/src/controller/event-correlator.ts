// Decides what becomes of an event before it is sent: a new object, a higher count on an old one, a
// summary, or nothing. (client-go tools/record: aggregation of 10 similar events in 10 minutes, 25
// in a burst for one object, one in 5 minutes after that.)
import type { Event } from "../api/types/core-v1.ts";

const AGGREGATE_AT = 10;
const AGGREGATE_WINDOW_MS = 600_000;
const BURST = 25;
const REFILL_MS = 300_000;
const REMEMBERED_MAX = 4096;

export type Correlated =
  | { type: "create"; event: Event }
  | {
      type: "count";
      event: Event;
      patch: { count: number; lastTimestamp: string; message: string };
    };

interface Bucket {
  tokens: number;
  at: number;
}

interface Similar {
  messages: Set<string>;
  at: number;
}

interface Sent {
  name: string;
  count: number;
  firstTimestamp: string;
}

/** A map that forgets what was not used for longest. */
class Recent<V> {
  readonly #entries = new Map<string, V>();

  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= REMEMBERED_MAX) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}

/** As upstream, a summary has lost its reporting component. */
const summaryOf = (event: Event): Event => ({
  ...event,
  message: `(combined from similar events): ${event.message}`,
  reportingComponent: "",
  reportingInstance: "",
});

export class EventCorrelator {
  readonly #buckets = new Recent<Bucket>();
  readonly #similar = new Recent<Similar>();
  readonly #sent = new Recent<Sent>();

  /**
   * `event` is complete and new. Undefined: its source says too much about this object, drop it.
   */
  correlate(event: Event, nowMs: number): Correlated | undefined {
    const of = event.involvedObject;
    const about = `${of.kind}/${of.apiVersion}/${of.namespace}/${of.name}/${of.uid}/${event.type}`;
    if (!this.#admit(about, nowMs)) return undefined;
    const group = `${about}/${event.reason}`;
    const own = `${group}/${of.fieldPath ?? ""}/${event.message}`;
    const summarised = this.#isOneOfMany(group, own, nowMs);
    return summarised ? this.#count(summaryOf(event), group) : this.#count(event, own);
  }

  #admit(about: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(about) ?? { tokens: BURST, at: nowMs };
    bucket.tokens = Math.min(BURST, bucket.tokens + (nowMs - bucket.at) / REFILL_MS);
    bucket.at = nowMs;
    const admitted = bucket.tokens >= 1;
    if (admitted) bucket.tokens -= 1;
    this.#buckets.set(about, bucket);
    return admitted;
  }

  #isOneOfMany(group: string, own: string, nowMs: number): boolean {
    let similar = this.#similar.get(group);
    if (similar === undefined || nowMs - similar.at > AGGREGATE_WINDOW_MS) {
      similar = { messages: new Set(), at: nowMs };
    }
    similar.messages.add(own);
    similar.at = nowMs;
    this.#similar.set(group, similar);
    if (similar.messages.size < AGGREGATE_AT) return false;
    for (const message of similar.messages) {
      similar.messages.delete(message);
      break;
    }
    return true;
  }

  #count(event: Event, key: string): Correlated {
    const sent = this.#sent.get(key);
    if (sent === undefined) {
      const { name } = event.metadata;
      this.#sent.set(key, { name, count: 1, firstTimestamp: event.firstTimestamp as string });
      return { type: "create", event };
    }
    sent.count += 1;
    const { lastTimestamp = "", message = "" } = event;
    return {
      type: "count",
      event: {
        ...event,
        metadata: { ...event.metadata, name: sent.name },
        count: sent.count,
        firstTimestamp: sent.firstTimestamp,
      },
      patch: { count: sent.count, lastTimestamp, message },
    };
  }
}
