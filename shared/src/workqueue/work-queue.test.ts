import { describe, expect, it } from "vitest";
import { SimulatedClock } from "../runtime/clock.ts";
import { WorkQueue } from "./work-queue.ts";

/** What is ready now, taken and done. */
async function drain(queue: WorkQueue): Promise<string[]> {
  const keys: string[] = [];
  while (queue.length > 0) {
    const key = (await queue.get()) as string;
    keys.push(key);
    queue.done(key);
  }
  return keys;
}

describe("WorkQueue", () => {
  it("keeps order and folds repetitions", async () => {
    const queue = new WorkQueue(new SimulatedClock());
    for (const key of ["a", "b", "a", "c", "b"]) queue.add(key);
    expect(await drain(queue)).toEqual(["a", "b", "c"]);
  });

  it("never gives a key out twice at once, and gives it again when it was added meanwhile", async () => {
    const queue = new WorkQueue(new SimulatedClock());
    queue.add("a");
    expect(await queue.get()).toBe("a");
    queue.add("a");
    queue.add("a");
    expect(queue.length).toBe(0);
    queue.done("a");
    expect(await drain(queue)).toEqual(["a"]);
  });

  it("wakes a waiting worker, and only one", async () => {
    const queue = new WorkQueue(new SimulatedClock());
    const taken = [queue.get(), queue.get()];
    queue.add("a");
    queue.add("a");
    expect(await taken[0]).toBe("a");
    queue.shutDown();
    expect(await taken[1]).toBeUndefined();
    expect(await queue.get()).toBeUndefined();
  });

  it("delays; the earliest of several delays counts", async () => {
    const clock = new SimulatedClock();
    const queue = new WorkQueue(clock);
    queue.addAfter("a", 100);
    queue.addAfter("a", 50);
    queue.addAfter("a", 200);
    await clock.advance(49);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(await drain(queue)).toEqual(["a"]);
    await clock.advance(1000);
    expect(queue.length).toBe(0);
  });

  it("backs off a failing key exponentially until it is forgotten", async () => {
    const clock = new SimulatedClock();
    const queue = new WorkQueue(clock);
    const delays: number[] = [];
    const measure = async () => {
      const start = clock.now();
      queue.addRateLimited("a");
      while (queue.length === 0) await clock.advance(5);
      delays.push(clock.now() - start);
      await drain(queue);
    };
    for (let i = 0; i < 4; i++) await measure();
    queue.forget("a");
    await measure();
    expect(delays).toEqual([5, 10, 20, 40, 5]);
  });

  it("never waits longer than 1,000 s", async () => {
    const clock = new SimulatedClock();
    const queue = new WorkQueue(clock);
    for (let i = 0; i < 40; i++) {
      queue.addRateLimited("a");
      await clock.advance(1_000_000);
      expect(await drain(queue)).toEqual(["a"]);
    }
  });
});
