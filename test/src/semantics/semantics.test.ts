// Sequences of requests, and what shows of them afterwards: answers, warnings, lists and watches have to be those of a real
// kube-apiserver 1.36.3, from which they were recorded. Each case has a namespace of its own on one shared server.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { TestApiServer } from "../harness/api-server.ts";
import { describeOnBothEngines } from "../harness/both-engines.ts";
import { playCase } from "./play-case.ts";
import type { SemanticsCase } from "./semantics-case.ts";

const testdata = new URL("./testdata/", import.meta.url);
const areas = readdirSync(testdata).map((file) => {
  const { cases } = JSON.parse(readFileSync(new URL(file, testdata), "utf8")) as {
    cases: SemanticsCase[];
  };
  return { area: file.replace(/\.json$/, ""), cases };
});

describeOnBothEngines(recordedCases);

function recordedCases(server: () => TestApiServer): void {
  for (const { area, cases } of areas) {
    describe(area, () => {
      // Side by side: some wait for what a server lets them wait for.
      it.concurrent.each(cases.map((one, index) => [one.name, one, index] as const))(
        "%s",
        async (_name, one, index) => {
          const results = await playCase(server(), one, `sem-${area}-${index}`);
          expect(JSON.parse(JSON.stringify(results))).toEqual(
            one.steps.map(({ expected }) => expected),
          );
        },
      );
    });
  }
}

it("has cases that each name what they follow", () => {
  const all = areas.flatMap(({ cases }) => cases);
  expect(all.length).toBeGreaterThanOrEqual(300);
  expect(all.filter(({ follows }) => follows.trim() === "")).toEqual([]);
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
});
