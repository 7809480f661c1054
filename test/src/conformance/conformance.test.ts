// Requests whose answers were recorded from a real kube-apiserver 1.36.3: status, media type, warnings and body have to be
// the same, ids and times aside. Each file is one sequence: later steps rely on the objects of earlier ones.
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import type { TestApiServer } from "../harness/api-server.ts";
import { describeOnBothEngines } from "../harness/both-engines.ts";
import { prepareNamespace, Replay, type Step } from "./replay.ts";

const testdata = new URL("./testdata/", import.meta.url);

describeOnBothEngines(recordedCases);

function recordedCases(server: () => TestApiServer): void {
  for (const file of readdirSync(testdata)) {
    const { steps } = JSON.parse(readFileSync(new URL(file, testdata), "utf8")) as {
      steps: Step[];
    };
    describe(file, () => {
      let replay: Replay;
      beforeAll(async () => {
        const namespace = `conformance-${file.replace(/\.json$/, "")}`;
        await prepareNamespace(server(), namespace);
        replay = new Replay(server(), namespace);
      });
      it.each(steps)("$name", async (step) => {
        expect(await replay.send(step)).toEqual(step.expected);
      });
    });
  }
}
