import { describe, expect, it } from "vitest";
import { ConnectionError } from "../client/transport.ts";
import { SimulatedClock } from "../runtime/clock.ts";
import { silentLogger } from "../runtime/logger.ts";
import { WorkQueue } from "../workqueue/work-queue.ts";
import { type Reconciled, startWorkers } from "./controller.ts";

/** Runs one worker; `results` are what it does with the keys, in turn. Returns when each key was processed. */
async function run(results: (Reconciled | Error | undefined)[], forMs: number): Promise<number[]> {
  const clock = new SimulatedClock();
  const queue = new WorkQueue(clock);
  const times: number[] = [];
  const start = clock.now();
  const stop = startWorkers({
    queue,
    workers: 1,
    logger: silentLogger,
    ready: Promise.resolve(),
    async process() {
      times.push(clock.now() - start);
      const result = results.shift();
      if (result instanceof Error) throw result;
      return result;
    },
  });
  queue.add("key");
  await clock.advance(forMs);
  await stop();
  return times;
}

describe("startWorkers", () => {
  it("comes back to a key when asked to, and only then", async () => {
    expect(await run([{ requeueAfterMs: 100 }, { requeueAfterMs: 1000 }, {}], 5000)).toEqual([
      0, 100, 1100,
    ]);
  });

  it("backs off from errors, and starts anew after a success", async () => {
    const error = new Error("broken");
    const results = [error, error, error, { requeueAfterMs: 100 }, error, undefined];
    expect(await run(results, 5000)).toEqual([0, 5, 15, 35, 135, 140]);
  });

  it("does not back off from a server that is away", async () => {
    const away = new ConnectionError("refused", { code: "ECONNREFUSED", unsent: true });
    expect(await run([away, away, away, undefined], 5000)).toEqual([0, 250, 500, 750]);
  });

  it("waits for the caches, works in parallel, and finishes what it has begun", async () => {
    const clock = new SimulatedClock();
    const queue = new WorkQueue(clock);
    let open: () => void = () => {};
    const ready = new Promise<void>((resolve) => {
      open = resolve;
    });
    const log: string[] = [];
    const stop = startWorkers({
      queue,
      workers: 2,
      logger: silentLogger,
      ready,
      async process(key) {
        log.push(`begin ${key}`);
        await clock.sleep(10);
        log.push(`end ${key}`);
        return undefined;
      },
    });
    for (const key of ["a", "b", "c"]) queue.add(key);
    await clock.advance(50);
    expect(log).toEqual([]);
    open();
    await clock.advance(5);
    expect(log).toEqual(["begin a", "begin b"]);
    const stopped = stop();
    await clock.advance(10);
    await stopped;
    expect(log).toEqual(["begin a", "begin b", "end a", "end b"]);
  });
});
