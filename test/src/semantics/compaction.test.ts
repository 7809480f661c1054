// After history is compacted (and the server has begun anew, so that it remembers nothing either): what needs the past is
// answered with 410, as by a real kube-apiserver 1.36.3, and the token in the answer goes on with the present.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStorage, type StoreConfig } from "@coracle/apiserver/storage/open-storage";
import { systemClock } from "@coracle/shared/runtime/clock";
import { silentLogger } from "@coracle/shared/runtime/logger";
import { systemRandom } from "@coracle/shared/runtime/random";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startApiServer, type TestApiServer } from "../harness/api-server.ts";
import { etcdRequirement, startEtcd, type TestEtcd } from "../harness/etcd.ts";
import { describeWith } from "../requirement.ts";
import { playCase } from "./play-case.ts";
import type { RequestStep, Step } from "./semantics-case.ts";

const NAMESPACE = "compacted";
const path = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
const create = (name: string): RequestStep => ({
  method: "POST",
  path,
  body: { metadata: { name } },
});

interface Shown {
  status: number;
  body: {
    message: string;
    reason: string;
    metadata: { resourceVersion: string; continue: string };
    items: { metadata: { name: string } }[];
  };
}

async function compact(store: StoreConfig): Promise<void> {
  const { storage } = await openStorage(store, {
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  });
  await storage.compact(await storage.currentRevision());
  await storage.close();
}

describe("on LevelDB", () => {
  const directory = mkdtempSync(join(tmpdir(), "coracle-compaction-"));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  compactedHistory(() => ({
    engine: "level",
    directory: join(directory, "store"),
    holder: "a test",
    sync: true,
  }));
});

describeWith("on etcd", [etcdRequirement], () => {
  let etcd: TestEtcd;
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd.remove());
  compactedHistory(() => ({ engine: "etcd", endpoints: [etcd.endpoint] }));
});

function compactedHistory(store: () => StoreConfig): void {
  let server: TestApiServer;
  let token: string;
  let version: string;

  const play = async (...steps: Step[]) =>
    (await playCase(server, { name: "", follows: "", steps }, NAMESPACE)) as Shown[];
  const get = async (query: string): Promise<Shown> => {
    const response = await fetchJson(`${path}?${query}`);
    return { status: response.status, body: response.body as Shown["body"] };
  };
  const fetchJson = async (target: string) => {
    const client = server.client();
    try {
      const body = await client.request("GET", target);
      return { status: 200, body };
    } catch (error) {
      const { status } = error as { status: { code: number } };
      return { status: status.code, body: status };
    } finally {
      client.close();
    }
  };

  beforeAll(async () => {
    server = await startApiServer(store());
    await play(...["c1", "c2", "c3", "c4", "c5"].map(create));
    const page = await get("limit=2");
    token = page.body.metadata.continue;
    version = page.body.metadata.resourceVersion;
    await play({ method: "DELETE", path: `${path}/c4` }, create("c6"));
    await server.close();
    await compact(store());
    server = await startApiServer(store());
  });
  afterAll(() => server.close());

  const names = ({ body }: Shown) => body.items.map(({ metadata }) => metadata.name);

  it("a page of the past is 410, and its token goes on with the present (storage/etcd3 store.GetList)", async () => {
    const refused = await get(`limit=2&continue=${token}`);
    expect(refused).toMatchObject({
      status: 410,
      body: {
        reason: "Expired",
        message:
          "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
      },
    });
    const next = await get(`limit=2&continue=${refused.body.metadata.continue}`);
    expect(names(next)).toEqual(["c3", "c5"]);
    expect(names(await get(`continue=${next.body.metadata.continue}`))).toEqual(["c6"]);
  });

  it.each([
    ["an exact list", "resourceVersionMatch=Exact"],
    ["a limited list", "limit=1"],
  ])("%s of the past is 410 (storage/etcd3 interpretListError)", async (_what, query) => {
    expect(await get(`resourceVersion=${version}&${query}`)).toMatchObject({
      status: 410,
      body: {
        reason: "Expired",
        message: "The resourceVersion for the provided list is too old.",
      },
    });
  });

  it("a list not older than the past shows the present (storage/cacher)", async () => {
    const list = await get(`resourceVersion=${version}&resourceVersionMatch=NotOlderThan`);
    expect(names(list)).toEqual(["c1", "c2", "c3", "c5", "c6"]);
  });

  it("a watch from the past ends with 410 (storage/cacher newErrWatcher)", async () => {
    const [opened, events] = (await play(
      { watch: "w", path: `${path}?watch=1&resourceVersion=${version}` },
      { end: "w" },
    )) as unknown[] as [Shown, { type: string; object: object }[]];
    expect(opened.status).toBe(200);
    expect(events).toMatchObject([
      {
        type: "ERROR",
        object: {
          kind: "Status",
          code: 410,
          reason: "Expired",
          message: expect.stringMatching(/^too old resource version: \S+ \(\S+\)$/),
        },
      },
    ]);
  });

  it("a watch from the past that wants the state first gets it (storage/cacher)", async () => {
    const query = `watch=1&resourceVersion=${version}&sendInitialEvents=true`;
    const [, events] = (await play(
      { watch: "w", path: `${path}?${query}&resourceVersionMatch=NotOlderThan` },
      { events: "w", count: 5 },
    )) as unknown[] as [Shown, { type: string; object: { metadata: { name: string } } }[]];
    const shown = events.map(({ type, object }) => `${type} ${object.metadata.name}`);
    expect(shown).toEqual(["ADDED c1", "ADDED c2", "ADDED c3", "ADDED c5", "ADDED c6"]);
  });
}
