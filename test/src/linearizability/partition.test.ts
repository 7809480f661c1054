// Three etcds whose network is cut: the leader from its peers, or from the API servers, or an API server from all of them. Nobody may
// read what is old without having asked for it, everybody goes on afterwards. `npm run bench -- linearizability` does it for longer.
import { request } from "node:https";
import type { ConfigMap } from "@coracle/shared/api/types/core-v1";
import type { Client } from "@coracle/shared/client/client";
import { systemClock } from "@coracle/shared/runtime/clock";
import { seededRandom, systemRandom } from "@coracle/shared/runtime/random";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startApiServer, type TestApiServer } from "../harness/api-server.ts";
import { etcdRequirement, type TestEtcd } from "../harness/etcd.ts";
import { describeWith } from "../requirement.ts";
import { runConsistency } from "./consistency-run.ts";
import { NAMESPACE } from "./register-clients.ts";
import { RegisterWatcher } from "./register-watcher.ts";
import {
  type FaultyStore,
  type Succession,
  startFaultyStore,
  storeFaults,
} from "./store-faults.ts";

const SERVERS = 3;
const SOON = 30_000;
/** As docs/store.md says: a call of etcd takes 10 s at most. */
const ANSWER_MS = 12_000;
const CONFIG_MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
/** After which an etcd that hangs is left: one that says that it has no leader is left before. */
const PATIENCE_MS = 3000;
const seed = systemRandom.integer(1_000_000);

interface Answer {
  status: number;
  tookMs: number;
}

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

describeWith(
  "three API servers on three etcds with a network that fails",
  [etcdRequirement],
  () => {
    let store: FaultyStore;
    let servers: TestApiServer[];
    let clients: Client[];

    beforeEach(async () => {
      store = await startFaultyStore(SERVERS);
      servers = [];
      clients = [];
    });
    afterEach(async () => {
      for (const client of clients) client.close();
      for (const server of servers) await server.close();
      await store.remove();
    });

    async function serve(endpoints: readonly string[]): Promise<Client> {
      const server = await startApiServer({ engine: "etcd", endpoints: [...endpoints] });
      servers.push(server);
      const client = server.client();
      clients.push(client);
      return client;
    }

    const write = (client: Client, name: string, value: string): Promise<ConfigMap> =>
      client
        .for("configmaps")
        .create({ metadata: { name, namespace: NAMESPACE }, data: { value } });

    test(`the leader is cut off in every way (seed ${seed})`, async () => {
      for (let i = 0; i < SERVERS; i++) await serve(store.endpoints(i));
      const successions: Succession[] = [];
      const faults = Object.entries(storeFaults).filter(
        ([name]) => !["killed", "paused"].includes(name),
      );
      const result = await runConsistency({
        sources: clients.map((client) => () => client),
        clientsPerServer: 3,
        objects: 3,
        random: seededRandom(seed),
        async disturb({ operations }) {
          for (const [, fault] of faults) {
            await operations(60);
            const succession = await fault(store, await store.etcds.leader(), 1500);
            if (succession !== undefined) successions.push(succession);
          }
          await operations(100);
        },
      });
      expect(result.findings).toEqual([]);
      expect(result.done).toBeGreaterThan(400);
      expect(successions).toHaveLength(4);
      expect(successions.every(({ elected }) => elected)).toBe(true);
    });

    test("an API server that knows only the cut-off leader answers nothing old, and goes on when it is back", async () => {
      const leader = await store.etcds.leader();
      const at = store.etcds.members.indexOf(leader);
      const link = store.links[0]?.[at];
      const alone = await serve([link?.endpoint ?? ""]);
      const whole = await serve(store.endpoints(1));
      const [server] = servers as [TestApiServer];
      const created = await write(whole, "r-shared", "old");
      const watcher = new RegisterWatcher(() => alone, created.metadata.resourceVersion);
      try {
        const before = await leader.status();
        store.etcds.isolate(leader, "hold");
        await vi.waitFor(() => newLeader(store, leader, before?.term ?? 0), SOON);
        const answers: Answer[] = [];
        for (const value of ["new-1", "new-2"]) {
          await sure(() => replace(whole, "r-shared", value));
          answers.push(await ask(server, "GET", `${CONFIG_MAPS}/r-shared`));
          const lost = { metadata: { name: `r-${value}` }, data: { value: "lost" } };
          answers.push(await ask(server, "POST", CONFIG_MAPS, lost));
        }
        expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503]);
        for (const { tookMs } of answers) expect(tookMs).toBeLessThan(ANSWER_MS);
        expect((await leader.status())?.leader).not.toBe((await newLeader(store, leader, 0)).id);
        store.etcds.heal();
        const read = await sure(() => alone.for("configmaps").get("r-shared", NAMESPACE));
        expect(read.data?.value).toBe("new-2");
        const last = await sure(() => write(alone, "r-last", "last"));
        await watcher.reached(Number(last.metadata.resourceVersion), SOON);
        expect(watcher.events.map(({ value }) => value)).toEqual(["new-1", "new-2", "last"]);
      } finally {
        await watcher.stop();
      }
    });

    test("an API server whose first etcd is cut off from its peers goes to the next, with reads, writes and watches", async () => {
      const leader = await store.etcds.leader();
      const at = store.etcds.members.indexOf(leader);
      const client = await serve(store.endpoints(at));
      const other = await serve(store.endpoints((at + 1) % SERVERS));
      const first = await write(client, "r-before", "1");
      const watcher = new RegisterWatcher(() => client, first.metadata.resourceVersion);
      try {
        store.etcds.isolate(leader, "hold");
        await vi.waitFor(async () => expect((await leader.status())?.leader).toBe("0"), SOON);
        await sure(() => write(other, "r-other", "2"));
        const asked = systemClock.monotonic();
        // It knows of no leader, so it has not done it: another member does.
        await write(client, "r-own", "3");
        expect((await client.for("configmaps").get("r-other", NAMESPACE)).data?.value).toBe("2");
        expect(systemClock.monotonic() - asked).toBeLessThan(PATIENCE_MS);
        expect((await leader.status())?.leader).toBe("0");
        const last = await write(other, "r-last", "4");
        await watcher.reached(Number(last.metadata.resourceVersion), SOON);
        expect(watcher.events.map(({ value }) => value)).toEqual(["2", "3", "4"]);
      } finally {
        await watcher.stop();
      }
    });

    test("an API server cut off from all etcds answers 503 in time, and its watches go on without a gap", async () => {
      const client = await serve(store.endpoints(0));
      const other = await serve(store.endpoints(1));
      const [server] = servers as [TestApiServer];
      const first = await write(client, "r-before", "0");
      const watcher = new RegisterWatcher(() => client, first.metadata.resourceVersion);
      try {
        for (const mode of ["hold", "close"] as const) {
          for (const link of store.links[0] ?? []) link.cut(mode);
          for (let i = 0; i < 10; i++) await write(other, `r-${mode}-${i}`, `${mode}-${i}`);
          const object = { metadata: { name: "r-lost" }, data: { value: "lost" } };
          const answers = await Promise.all([
            ask(server, "GET", `${CONFIG_MAPS}/r-before`),
            ask(server, "GET", CONFIG_MAPS),
            ask(server, "POST", CONFIG_MAPS, object),
            ask(server, "PUT", `${CONFIG_MAPS}/r-lost`, object),
            ask(server, "DELETE", `${CONFIG_MAPS}/r-lost`),
          ]);
          // Whoever asks while others wait does not wait for longer.
          answers.push(await ask(server, "GET", CONFIG_MAPS));
          expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(503));
          for (const { tookMs } of answers) expect(tookMs).toBeLessThan(ANSWER_MS);
          const old = await ask(server, "GET", `${CONFIG_MAPS}/r-before?resourceVersion=0`);
          expect(old.status).toBe(200);
          for (const link of store.links[0] ?? []) link.heal();
          const last = await sure(() => client.for("configmaps").list({ namespace: NAMESPACE }));
          await watcher.reached(Number(last.items.at(-1)?.metadata.resourceVersion), SOON);
        }
        const last = await write(client, "r-last", "last");
        await watcher.reached(Number(last.metadata.resourceVersion), SOON);
        const values = watcher.events.map(({ value }) => value);
        const expected = ["hold", "close"].flatMap((mode) =>
          Array.from({ length: 10 }, (_, i) => `${mode}-${i}`),
        );
        const others = values.filter((value) => expected.includes(value));
        expect(others).toEqual(expected);
      } finally {
        await watcher.stop();
      }
    });
  },
);

async function newLeader({ etcds }: FaultyStore, old: TestEtcd, after: number) {
  for (const member of etcds.members) {
    if (member === old) continue;
    const status = await member.status();
    if (status !== undefined && status.leader === status.id && status.term > after) return status;
  }
  throw new Error("there is no other leader");
}

/** Until there is an answer that is no failure of the store. */
const sure = <T>(call: () => Promise<T>): Promise<T> => vi.waitFor(call, { timeout: SOON });

async function replace(client: Client, name: string, value: string): Promise<ConfigMap> {
  const found = await client.for("configmaps").get(name, NAMESPACE);
  if (found.data?.value === value) return found; // an earlier attempt did it
  return await client.for("configmaps").update({ ...found, data: { value } });
}

function ask(
  { url, token, authority }: TestApiServer,
  method: string,
  path: string,
  body?: object,
): Promise<Answer> {
  const start = systemClock.monotonic();
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const asked = request(`${url}${path}`, { method, ca: authority, headers }, (response) => {
      response.resume();
      response.on("end", () => {
        const status = response.statusCode ?? 0;
        resolve({ status, tookMs: systemClock.monotonic() - start });
      });
    });
    asked.on("error", reject);
    asked.end(body && JSON.stringify(body));
  });
}
