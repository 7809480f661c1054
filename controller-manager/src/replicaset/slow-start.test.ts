import { describe, expect, it } from "vitest";
import { slowStart } from "./slow-start.ts";

describe("slowStart", () => {
  it.each<[number, number, number[], number]>([
    [10, Number.POSITIVE_INFINITY, [1, 2, 4, 3], 10],
    [1, Number.POSITIVE_INFINITY, [1], 1],
    [0, Number.POSITIVE_INFINITY, [], 0],
    [10, 0, [1], 0],
    [10, 2, [1, 2], 2],
    [10, 3, [1, 2, 4], 3],
  ])("%i times, of which %d succeed: batches %j", async (count, good, batches, successes) => {
    const seen: number[] = [];
    let calls = 0;
    let running = 0;
    const result = await slowStart(count, async () => {
      if (running++ === 0) seen.push(0);
      seen[seen.length - 1] = (seen.at(-1) as number) + 1;
      const works = calls++ < good;
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      if (!works) throw new Error("refused");
    });
    expect(seen).toEqual(batches);
    expect(result.successes).toBe(successes);
    expect(result.error?.message).toBe(successes < count ? "refused" : undefined);
  });
});
