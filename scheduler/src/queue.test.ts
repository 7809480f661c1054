import type { Pod } from "@coracle/shared/api/types/core-v1";
import { SimulatedClock } from "@coracle/shared/runtime/clock";
import { describe, expect, it } from "vitest";
import { type PodFacts, podFacts } from "./pod-facts.ts";
import { backoffMs, SchedulingQueue } from "./queue.ts";

function facts(name: string, priority = 0): PodFacts {
  const metadata = { name, namespace: "d", uid: name, resourceVersion: "1", creationTimestamp: "" };
  const pod: Pod = { metadata, spec: { containers: [{ name: "c" }], priority }, status: {} };
  return podFacts(pod);
}

function queueOn(clock = new SimulatedClock()) {
  const woken: number[] = [];
  const queue = new SchedulingQueue(clock, () => woken.push(clock.monotonic()));
  const popAll = () => {
    const names: string[] = [];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) names.push(next.facts.uid);
    return names;
  };
  return { clock, queue, popAll, woken };
}

describe("SchedulingQueue", () => {
  it("gives the highest priority first, then the longest waiting", async () => {
    const { clock, queue, popAll } = queueOn();
    for (const [name, priority] of [
      ["low", 0],
      ["b", 5],
      ["top", 9],
      ["c", 5],
    ] as const) {
      queue.add(facts(name, priority));
      await clock.advance(1);
    }
    expect(popAll()).toEqual(["top", "b", "c", "low"]);
  });

  it("skips what was removed, also when it came back meanwhile", () => {
    const { queue, popAll } = queueOn();
    queue.add(facts("a"));
    queue.add(facts("b"));
    queue.remove("a");
    expect(queue.activeCount).toBe(1);
    queue.add(facts("a"));
    expect(popAll().sort()).toEqual(["a", "b"]);
  });

  it("keeps an unschedulable Pod until an event concerns it, and at least for its back-off", async () => {
    const { clock, queue, popAll, woken } = queueOn();
    queue.add(facts("a"));
    const queued = queue.pop();
    if (queued === undefined) throw new Error("nothing queued");
    queue.putUnschedulable(queued, new Set(["PodRemoved"]));
    await clock.advance(5_000);
    queue.onClusterEvent("NodeLabelsChanged");
    expect(popAll()).toEqual([]);
    queue.onClusterEvent("PodRemoved");
    expect(popAll()).toEqual(["a"]);
    queue.putUnschedulable(queued, new Set(["PodRemoved"]));
    queue.onClusterEvent("PodRemoved");
    expect(popAll()).toEqual([]);
    const before = woken.length;
    await clock.advance(backoffMs(2));
    expect(woken.length).toBe(before + 1);
    expect(popAll()).toEqual(["a"]);
  });

  it("tries everything again after five minutes of quiet", async () => {
    const { clock, queue, popAll } = queueOn();
    queue.add(facts("a"));
    const queued = queue.pop();
    if (queued === undefined) throw new Error("nothing queued");
    queue.putUnschedulable(queued, new Set(["NodeAdded"]));
    await clock.advance(299_000);
    expect(popAll()).toEqual([]);
    await clock.advance(1_000);
    expect(popAll()).toEqual(["a"]);
  });

  it("backs off 1, 2, 4, 8, 10, 10 seconds", () => {
    expect([1, 2, 3, 4, 5, 6].map(backoffMs)).toEqual([1000, 2000, 4000, 8000, 10000, 10000]);
  });
});
