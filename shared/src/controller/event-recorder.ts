// Records core/v1 Events about objects. Nobody waits for an event: they queue, and are dropped when
// the queue is full.
import type { KubernetesObject } from "../api/resources.ts";
import type { Event } from "../api/types/core-v1.ts";
import type { Client } from "../client/client.ts";
import { isNotFound, StatusError } from "../machinery/status-error.ts";
import { Backoff } from "../runtime/backoff.ts";
import { type Clock, formatTime } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Random } from "../runtime/random.ts";
import { type Correlated, EventCorrelator } from "./event-correlator.ts";

export interface EventRecorderOptions {
  client: Client;
  /** Becomes `source.component` and `reportingComponent`. */
  component: string;
  host?: string;
  clock: Clock;
  random: Random;
  logger: Logger;
}

export type EventSubject = KubernetesObject & { kind: string; apiVersion: string };

/** Events about one object stay in order: it has a lane. */
const LANES = 4;
const QUEUED_MAX = 4000;
const TRIES_MAX = 12;
const NAME_LENGTH_MAX = 253;

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #correlator = new EventCorrelator();
  readonly #lanes: Correlated[][] = Array.from({ length: LANES }, () => []);
  readonly #draining: (Promise<void> | undefined)[] = [];
  #queued = 0;
  #sequence = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Returns at once. `fieldPath` names a part of the object, e.g. `spec.containers{web}`. */
  event(
    object: EventSubject,
    type: "Normal" | "Warning",
    reason: string,
    message: string,
    fieldPath?: string,
  ): void {
    const nowMs = this.#options.clock.now();
    const made = this.#make(object, { type, reason, message, fieldPath }, nowMs);
    const correlated = this.#correlator.correlate(made, nowMs);
    if (correlated === undefined) return;
    if (this.#queued >= QUEUED_MAX) {
      this.#options.logger.warn({ reason, object: object.metadata.name }, "event dropped");
      return;
    }
    const lane = laneOf(object.metadata.uid);
    this.#queued++;
    this.#lanes[lane]?.push(correlated);
    this.#draining[lane] ??= this.#drain(lane);
  }

  /** Resolves when everything recorded so far has been sent, or given up. */
  async flush(): Promise<void> {
    await Promise.all(this.#draining);
  }

  #make(
    object: EventSubject,
    what: { type: string; reason: string; message: string; fieldPath?: string },
    nowMs: number,
  ): Event {
    const { component, host, random } = this.#options;
    const { name, namespace, uid, resourceVersion } = object.metadata;
    // Upstream: the name, and the time in nanoseconds; the clock is coarser, so a counter takes the
    // rest.
    this.#sequence = (this.#sequence + 1) % 1_000_000;
    const stamp = (BigInt(Math.trunc(nowMs)) * 1_000_000n + BigInt(this.#sequence)).toString(16);
    const eventName = `${name}.${stamp}`;
    const time = formatTime(nowMs);
    return {
      kind: "Event",
      apiVersion: "v1",
      metadata: {
        name: eventName.length <= NAME_LENGTH_MAX ? eventName : random.uuid(),
        namespace: namespace || "default",
      } as Event["metadata"],
      involvedObject: {
        kind: object.kind,
        namespace,
        name,
        uid,
        apiVersion: object.apiVersion,
        resourceVersion,
        fieldPath: what.fieldPath,
      },
      reason: what.reason,
      message: what.message,
      source: { component, host },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      type: what.type,
      reportingComponent: component,
      reportingInstance: host ?? "",
    };
  }

  async #drain(lane: number): Promise<void> {
    const waiting = this.#lanes[lane] as Correlated[];
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await this.#send(next);
      this.#queued--;
    }
    this.#draining[lane] = undefined;
  }

  async #send(correlated: Correlated): Promise<void> {
    const { clock, random, logger } = this.#options;
    const backoff = new Backoff({ startMs: 50, maxMs: 10_000 }, random);
    for (let tries = 1; ; tries++) {
      try {
        return await this.#sendOnce(correlated);
      } catch (error) {
        // A refusal is final: most often the namespace is going away.
        if (error instanceof StatusError || tries === TRIES_MAX) {
          logger.debug({ reason: correlated.event.reason, err: error }, "event refused");
          return;
        }
        await clock.sleep(backoff.next());
      }
    }
  }

  async #sendOnce({ event, ...rest }: Correlated): Promise<void> {
    const events = this.#options.client.for("events");
    const { name, namespace } = event.metadata;
    if (rest.type === "count") {
      try {
        await events.patch(name, rest.patch, { namespace });
        return;
      } catch (error) {
        if (!isNotFound(error)) throw error; // it has expired: start anew
      }
    }
    await events.create(event);
  }
}

function laneOf(uid: string): number {
  let sum = 0;
  for (let i = 0; i < uid.length; i++) sum += uid.charCodeAt(i);
  return sum % LANES;
}
