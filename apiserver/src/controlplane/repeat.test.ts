import { SimulatedClock } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import { expect, test } from "vitest";
import { repeat } from "./repeat.ts";

test("a task runs after the delay, then again and again, until it is stopped", async () => {
  const clock = new SimulatedClock();
  const runs: number[] = [];
  const options = { name: "t", delayMs: 100, intervalMs: 1000, clock, logger: {} as Logger };
  const task = repeat(async () => void runs.push(clock.monotonic()), options);
  await clock.advance(2_500);
  await task.stop();
  await clock.advance(5_000);
  expect(runs).toEqual([100, 1100, 2100]);
});

test("stop waits for the run under way", async () => {
  const clock = new SimulatedClock();
  let end = () => {};
  const under = new Promise<void>((resolve) => {
    end = resolve;
  });
  const options = { name: "t", delayMs: 0, intervalMs: 1000, clock, logger: {} as Logger };
  const task = repeat(() => under, options);
  await clock.advance(1);
  let stopped = false;
  const stopping = task.stop().then(() => {
    stopped = true;
  });
  await clock.advance(1);
  expect(stopped).toBe(false);
  end();
  await stopping;
});

test("a failure is logged once, until it is another or over", async () => {
  const clock = new SimulatedClock();
  const logged: string[] = [];
  const warn = ({ err }: { err: Error }) => void logged.push(err.message);
  const failures = ["a", "a", "b", "", "b"];
  const task = repeat(
    async () => {
      const failure = failures.shift();
      if (failure) throw new Error(failure);
    },
    { name: "t", delayMs: 0, intervalMs: 1000, clock, logger: { warn } as unknown as Logger },
  );
  await clock.advance(10_000);
  await task.stop();
  expect(logged).toEqual(["a", "b", "b"]);
});
