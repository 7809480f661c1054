import { expect, it } from "vitest";
import { readCorpus } from "./corpus.ts";
import { toStored } from "./fuzz-request.ts";
import { familiesOf, requestOf } from "./fuzz-run.ts";

it("makes the same request of the same seed, another of another", () => {
  const families = familiesOf(readCorpus());
  const made = (seed: number) =>
    Array.from({ length: 200 }, (_, index) => toStored(requestOf(families, seed, index)));
  expect(made(7)).toEqual(made(7));
  expect(made(7)).not.toEqual(made(8));
});
