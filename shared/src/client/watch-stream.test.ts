import { describe, expect, it } from "vitest";
import { parseLines } from "./watch-stream.ts";

async function collect(chunks: Buffer[]): Promise<unknown[][]> {
  const source = (async function* () {
    yield* chunks;
  })();
  const batches: unknown[][] = [];
  for await (const batch of parseLines(source)) batches.push(batch);
  return batches;
}

describe("parseLines", () => {
  it("gives the events of one chunk together", async () => {
    expect(await collect([Buffer.from('{"a":1}\n{"a":2}\n')])).toEqual([[{ a: 1 }, { a: 2 }]]);
  });

  it("joins an event that is cut anywhere, also inside a character", async () => {
    const whole = Buffer.from('{"text":"Grüße 🚀"}\n{"b":2}\n');
    for (let cut = 1; cut < whole.length; cut++) {
      const batches = await collect([whole.subarray(0, cut), whole.subarray(cut)]);
      expect(batches.flat()).toEqual([{ text: "Grüße 🚀" }, { b: 2 }]);
    }
  });

  it("drops what a lost connection left unfinished", async () => {
    expect(await collect([Buffer.from('{"a":1}\n{"a":')])).toEqual([[{ a: 1 }]]);
  });
});
