// A short run of the fuzzer with fixed seeds, and every request that once failed. The long run: npm run bench -- fuzz.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { complaintOf } from "./answer-rules.ts";
import { type Corpus, readCorpus } from "./corpus.ts";
import { fromStored, type StoredRequest, toStored } from "./fuzz-request.ts";
import { type Failure, fuzz } from "./fuzz-run.ts";
import { FuzzTarget } from "./fuzz-target.ts";
import { closeConnections, prepareObjects } from "./prepare-objects.ts";
import { sendRequest } from "./send-request.ts";

const SEEDS = [1, 2];
const REQUESTS = 1500;
const RUN_MS = 300_000;

interface KeptSeed {
  /** What it did. */
  found: string;
  request: StoredRequest;
}

const { seeds } = JSON.parse(readFileSync(new URL("./seeds.json", import.meta.url), "utf8")) as {
  seeds: KeptSeed[];
};

/** Enough to make the request again. */
const shown = ({ seed, index, why, cause, request }: Failure): string =>
  `seed ${seed}, index ${index}: ${why}\n${cause ?? ""}\n${JSON.stringify(toStored(request))}`;

afterAll(closeConnections);

describe.each(SEEDS)("seed %i", (seed) => {
  it(
    "finds nothing",
    async () => {
      const { failures, requests } = await fuzz({ seed, requests: REQUESTS, corpus: readCorpus() });
      expect(failures.map(shown)).toEqual([]);
      expect(requests).toBe(REQUESTS);
    },
    RUN_MS,
  );
});

describe("what failed once", () => {
  const target = new FuzzTarget();
  let corpus: Corpus;
  beforeAll(async () => {
    corpus = readCorpus();
    await target.start();
    await prepareObjects(target, corpus);
  }, RUN_MS);
  afterAll(() => target.stop());

  it.each(seeds)("$found", async ({ request }) => {
    const kept = fromStored("kept", request);
    const complaint = complaintOf(kept, await sendRequest(target, kept));
    expect(target.causes.get(kept.path)).toBeUndefined();
    expect(complaint).toBeUndefined();
  });
});
