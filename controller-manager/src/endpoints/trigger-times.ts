// When the change happened that endpoints are written for (upstream: trigger_time_tracker.go). Network programmers measure by it
// how late they are.
import type { Pod, Service } from "@coracle/shared/api/types/core-v1";
import { findCondition } from "@coracle/shared/machinery/conditions";
import { formatTime, parseTime } from "@coracle/shared/runtime/clock";

export const TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time";

interface Seen {
  service: number;
  pods: Map<string, number>;
}

export class TriggerTimes {
  readonly #seen = new Map<string, Seen>();

  /** The annotation for the first change since the last call; none when nothing that has a time has changed. */
  annotation(key: string, service: Service, pods: readonly Pod[]): Record<string, string> {
    const before = this.#seen.get(key);
    const created = parseTime(service.metadata.creationTimestamp) ?? 0;
    const seen: Seen = { service: created, pods: new Map() };
    const changes = created > (before?.service ?? 0) ? [created] : [];
    for (const { metadata, status } of pods) {
      const at = parseTime(findCondition(status?.conditions, "Ready")?.lastTransitionTime);
      if (at === undefined) continue;
      seen.pods.set(metadata.name, at);
      if (at > (before?.pods.get(metadata.name) ?? 0)) changes.push(at);
    }
    this.#seen.set(key, seen);
    return changes.length === 0 ? {} : { [TRIGGER_TIME]: formatTime(Math.min(...changes)) };
  }

  forget(key: string): void {
    this.#seen.delete(key);
  }
}
