// kill -9 of each process in turn, again and again, while Deployments scale up and down and a writer writes: everything
// converges, no acknowledged write is lost, no Pod is there twice, and a watcher sees every change exactly once.

import { COMPONENTS, type ComponentName } from "@coracle/cli/components";
import type { ConfigMap, Pod } from "@coracle/shared/api/types/core-v1";
import { Informer } from "@coracle/shared/cache/informer";
import type { Client } from "@coracle/shared/client/client";
import { StatusError } from "@coracle/shared/machinery/status-error";
import { systemClock } from "@coracle/shared/runtime/clock";
import { silentLogger } from "@coracle/shared/runtime/logger";
import { systemRandom } from "@coracle/shared/runtime/random";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { startCluster, type TestCluster } from "./harness/cluster.ts";

const ROUNDS = Number(process.env.CORACLE_KILL_ROUNDS ?? 10);
const NAMESPACE = "default";
const DEPLOYMENTS = ["a", "b"];
const soon = { timeout: 60_000, interval: 100 };

let cluster: TestCluster;
let client: Client;

beforeAll(async () => {
  cluster = await startCluster("--nodes", "3", "--log-level", "warn");
  client = cluster.client();
}, 60_000);

afterAll(() => cluster?.stop());

/** Tries until the server has answered: a refused or cut connection says nothing about the write. */
async function insist<T>(request: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (error instanceof StatusError) throw error;
      await systemClock.sleep(20);
    }
  }
}

function deployment(name: string, replicas: number) {
  const labels = { app: name };
  return {
    metadata: { name, namespace: NAMESPACE },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } },
    },
  };
}

/** Writes ConfigMaps until it is stopped; `acknowledged` are those whose creation was confirmed. */
function startWriter(stopping: AbortSignal): { acknowledged: Set<string>; done: Promise<void> } {
  const acknowledged = new Set<string>();
  const write = async () => {
    for (let i = 0; !stopping.aborted; i++) {
      const metadata = { name: `write-${i}`, namespace: NAMESPACE, labels: { written: "yes" } };
      try {
        await client.for("configmaps").create({ metadata, data: { i: String(i) } });
        acknowledged.add(metadata.name);
      } catch (error) {
        if (error instanceof StatusError) throw error; // nobody else has these names
        await systemClock.sleep(10);
      }
    }
  };
  return { acknowledged, done: write() };
}

/** What an informer tells: each object once, however often its connection breaks. */
function startObserver(stopping: AbortSignal) {
  const told = new Map<string, number>();
  const informer = new Informer<ConfigMap>({
    client: cluster.client(),
    resource: "configmaps",
    namespace: NAMESPACE,
    labelSelector: "written=yes",
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  });
  informer.addHandlers({
    onAdd: ({ metadata }) => told.set(metadata.name, (told.get(metadata.name) ?? 0) + 1),
    onDelete: ({ metadata }) => told.set(metadata.name, Number.NaN),
  });
  informer.start(stopping);
  return told;
}

async function kill(component: ComponentName): Promise<void> {
  const pid = cluster.pid(component);
  if (pid === undefined) throw new Error(`${component} does not run`);
  process.kill(pid, "SIGKILL");
  await vi.waitFor(() => {
    const next = cluster.pid(component);
    expect(next).toBeTypeOf("number");
    expect(next).not.toBe(pid);
  }, soon);
}

const livePods = async (): Promise<Pod[]> => {
  const { items } = await insist(() => client.for("pods").list({ namespace: NAMESPACE }));
  return items.filter((pod) => pod.metadata.deletionTimestamp === undefined);
};

it(`${ROUNDS} times each process`, async () => {
  const stopping = new AbortController();
  for (const name of DEPLOYMENTS) await client.for("deployments.apps").create(deployment(name, 3));
  const writer = startWriter(stopping.signal);
  const told = startObserver(stopping.signal);

  for (let round = 0; round < ROUNDS; round++) {
    for (const component of COMPONENTS) {
      const replicas = 1 + systemRandom.integer(6);
      const name = DEPLOYMENTS[systemRandom.integer(DEPLOYMENTS.length)] as string;
      const scaled = insist(() =>
        client
          .for("deployments.apps")
          .patch(name, { spec: { replicas } }, { namespace: NAMESPACE }),
      );
      await kill(component);
      await scaled;
    }
  }

  const wanted = { a: 4, b: 2 };
  for (const [name, replicas] of Object.entries(wanted)) {
    await insist(() =>
      client.for("deployments.apps").patch(name, { spec: { replicas } }, { namespace: NAMESPACE }),
    );
  }
  await vi.waitFor(async () => {
    const pods = await livePods();
    for (const [name, replicas] of Object.entries(wanted)) {
      const own = pods.filter((pod) => pod.metadata.labels?.app === name);
      expect(own.map((pod) => pod.status.phase)).toEqual(Array(replicas).fill("Running"));
      const found = await insist(() => client.for("deployments.apps").get(name, NAMESPACE));
      expect(found.status.readyReplicas).toBe(replicas);
    }
  }, soon);
  const pods = await livePods();
  const addresses = pods.map((pod) => pod.status.podIP);
  expect(new Set(addresses).size).toBe(pods.length);

  stopping.abort();
  await writer.done;
  const { items } = await client
    .for("configmaps")
    .list({ namespace: NAMESPACE, labelSelector: "written=yes" });
  const stored = new Set(items.map((item) => item.metadata.name));
  expect([...writer.acknowledged].filter((name) => !stored.has(name))).toEqual([]);
  expect(writer.acknowledged.size).toBeGreaterThan(ROUNDS);
  // Aborted before the last writes, perhaps; but what it told, it told once, and nothing in between is missing.
  const names = [...told.keys()];
  expect([...told.values()].every((times) => times === 1)).toBe(true);
  const last = Math.max(...names.map((name) => Number(name.slice("write-".length))));
  const earlier = [...stored].filter((name) => Number(name.slice("write-".length)) <= last);
  expect(earlier.filter((name) => !told.has(name))).toEqual([]);
}, 600_000);
