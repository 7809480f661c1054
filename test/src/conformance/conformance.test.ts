// Requests whose answers were recorded from a real kube-apiserver 1.36.3: status, media type, warnings and body have to be
// the same, ids and times aside. Each file is one sequence: later steps rely on the objects of earlier ones.
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startApiServer, type TestApiServer } from "../harness/api-server.ts";
import { etcdRequirement, startEtcd, type TestEtcd } from "../harness/etcd.ts";
import { describeWith } from "../requirement.ts";
import { prepareNamespace, Replay, type Step } from "./replay.ts";

const testdata = new URL("./testdata/", import.meta.url);

describe("on LevelDB", () => {
  let server: TestApiServer;
  beforeAll(async () => {
    server = await startApiServer();
  });
  afterAll(() => server.close());
  recordedCases(() => server);
});

describeWith("on etcd", [etcdRequirement], () => {
  let etcd: TestEtcd;
  let server: TestApiServer;
  beforeAll(async () => {
    etcd = await startEtcd();
    server = await startApiServer({ engine: "etcd", endpoints: [etcd.endpoint] });
  });
  afterAll(async () => {
    await server.close();
    await etcd.remove();
  });
  recordedCases(() => server);
});

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
