// Events about Pods, with the limits that keep a burst of Pods from drowning the API server in them.
import type { Container, Pod } from "@coracle/shared/api/types/core-v1";
import type { EventRecorder, EventSubject } from "@coracle/shared/controller/event-recorder";
import type { Clock } from "@coracle/shared/runtime/clock";

/** Normal events a second, and how many may come at once; warnings are never held back. As --event-qps, for the whole process. */
const EVENTS_PER_SECOND = 50;
const EVENTS_AT_ONCE = 500;

export class EventBudget {
  readonly #clock: Clock;
  #left = EVENTS_AT_ONCE;
  #filledMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#filledMs = clock.monotonic();
  }

  take(): boolean {
    const nowMs = this.#clock.monotonic();
    const gained = ((nowMs - this.#filledMs) / 1000) * EVENTS_PER_SECOND;
    this.#left = Math.min(EVENTS_AT_ONCE, this.#left + gained);
    this.#filledMs = nowMs;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}

export class PodEvents {
  readonly #recorder: EventRecorder;
  readonly #budget: EventBudget;

  constructor(recorder: EventRecorder, budget: EventBudget) {
    this.#recorder = recorder;
    this.#budget = budget;
  }

  normal(pod: Pod, reason: string, message: string, container?: Container): void {
    if (this.#budget.take()) this.#event(pod, "Normal", reason, message, container);
  }

  warning(pod: Pod, reason: string, message: string, container?: Container): void {
    this.#event(pod, "Warning", reason, message, container);
  }

  #event(
    pod: Pod,
    type: "Normal" | "Warning",
    reason: string,
    message: string,
    container?: Container,
  ): void {
    const subject: EventSubject = { ...pod, kind: "Pod", apiVersion: "v1" };
    const path = container === undefined ? undefined : fieldPath(pod, container);
    this.#recorder.event(subject, type, reason, message, path);
  }
}

function fieldPath(pod: Pod, { name }: Container): string {
  if (pod.spec.initContainers?.some((each) => each.name === name)) {
    return `spec.initContainers{${name}}`;
  }
  if (pod.spec.ephemeralContainers?.some((each) => each.name === name)) {
    return `spec.ephemeralContainers{${name}}`;
  }
  return `spec.containers{${name}}`;
}

/** `web-1_default(uid)`, as upstream names a Pod in messages. */
export const formatPod = ({ metadata }: Pod): string =>
  `${metadata.name}_${metadata.namespace}(${metadata.uid})`;
