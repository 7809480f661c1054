// Quotas hold against any number of clients at once, and give back what is deleted.
import { startResourceQuotaController } from "@coracle/controller-manager/resource-quota/controller";
import { InformerFactory } from "@coracle/shared/cache/informer-factory";
import type { Client } from "@coracle/shared/client/client";
import { EventRecorder } from "@coracle/shared/controller/event-recorder";
import { StatusError } from "@coracle/shared/machinery/status-error";
import { systemClock as clock } from "@coracle/shared/runtime/clock";
import { silentLogger as logger } from "@coracle/shared/runtime/logger";
import { systemRandom as random } from "@coracle/shared/runtime/random";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startApiServer, type TestApiServer } from "./harness/api-server.ts";
import { etcdRequirement, startEtcd } from "./harness/etcd.ts";
import { describeWith } from "./requirement.ts";

const NAMESPACE = "limited";
const HARD = 12;
const CREATIONS = 80;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(...args: Parameters<typeof startApiServer>): Promise<TestApiServer> {
  const server = await startApiServer(...args);
  closing.push(() => server.close());
  return server;
}

function clientOf(server: TestApiServer): Client {
  const client = server.client();
  closing.push(() => client.close());
  return client;
}

function countUsage(client: Client): void {
  const informers = new InformerFactory({ client, clock, random, logger });
  const recorderFor = (component: string) =>
    new EventRecorder({ client, component, clock, random, logger });
  const controller = startResourceQuotaController({
    client,
    informers,
    recorderFor,
    clock,
    random,
    logger,
  });
  const stopping = new AbortController();
  informers.start(stopping.signal);
  closing.push(() => {
    stopping.abort();
    return controller.stop();
  });
}

/** A namespace whose quota has been filled in. */
async function prepare(client: Client): Promise<void> {
  await client.for("namespaces").create({ metadata: { name: NAMESPACE }, spec: {} });
  await client.for("serviceaccounts").create({ metadata: { name: "default" } }, NAMESPACE);
  const hard = { pods: String(HARD), "requests.cpu": "100" };
  const metadata = { name: "quota" };
  await client.for("resourcequotas").create({ metadata, spec: { hard } }, NAMESPACE);
  await used(client, { pods: "0", "requests.cpu": "0" });
}

const used = (client: Client, amounts: Record<string, string>) =>
  vi.waitFor(
    async () => {
      const { status } = await client.for("resourcequotas").get("quota", NAMESPACE);
      expect(status.used).toEqual(amounts);
    },
    { timeout: 10_000, interval: 20 },
  );

/** "created", or why not. */
async function create(client: Client, name: string): Promise<string> {
  const containers = [{ name: "c", image: "i", resources: { requests: { cpu: "100m" } } }];
  try {
    await client.for("pods").create({ metadata: { name }, spec: { containers } }, NAMESPACE);
    return "created";
  } catch (error) {
    if (error instanceof StatusError) return `${error.code} ${error.message}`;
    throw error;
  }
}

async function createMany(clients: readonly Client[], prefix: string): Promise<string[]> {
  const names = Array.from({ length: CREATIONS }, (_, i) => `${prefix}-${i}`);
  return Promise.all(names.map((name, i) => create(clients[i % clients.length] as Client, name)));
}

const isCreated = (outcome: string) => outcome === "created";

describe("a quota", () => {
  it("lets as many through as it allows, however many come at once", async () => {
    const client = clientOf(await serve());
    countUsage(client);
    await prepare(client);
    const outcomes = await createMany([client], "many");
    expect(outcomes.filter(isCreated)).toHaveLength(HARD);
    for (const outcome of outcomes.filter((text) => !isCreated(text))) {
      expect(outcome).toMatch(
        /^403 pods "many-\d+" is forbidden: exceeded quota: quota, requested: pods=1, used: pods=\d+, limited: pods=12$/,
      );
    }
    await used(client, { pods: "12", "requests.cpu": "1200m" });
  });

  it("gives back what is deleted or has ended", async () => {
    const client = clientOf(await serve());
    countUsage(client);
    await prepare(client);
    for (const name of ["a", "b", "c"]) expect(await create(client, name)).toBe("created");
    await used(client, { pods: "3", "requests.cpu": "300m" });
    await client.for("pods").delete("a", { namespace: NAMESPACE, gracePeriodSeconds: 0 });
    await used(client, { pods: "2", "requests.cpu": "200m" });
    const ended = { status: { phase: "Succeeded" } };
    const options = { namespace: NAMESPACE, subresource: "status" };
    await client.for("pods").patch("b", ended, options);
    await used(client, { pods: "1", "requests.cpu": "100m" });
    const spec = { spec: { hard: { pods: "1", "requests.cpu": null } } };
    await client.for("resourcequotas").patch("quota", spec, { namespace: NAMESPACE });
    await used(client, { pods: "1" });
    expect(await create(client, "d")).toContain("exceeded quota: quota, requested: pods=1");
  });
});

describeWith("two API servers on one store", [etcdRequirement], () => {
  it("do not exceed a quota together", async () => {
    const etcd = await startEtcd();
    closing.push(() => etcd.remove());
    const store = { engine: "etcd" as const, endpoints: [etcd.endpoint] };
    const clients = [clientOf(await serve(store)), clientOf(await serve(store))];
    const [client] = clients as [Client];
    countUsage(client);
    await prepare(client);
    const outcomes = await createMany(clients, "two");
    const { items } = await client.for("pods").list({ namespace: NAMESPACE });
    expect(outcomes.filter(isCreated)).toHaveLength(items.length);
    expect(items.length).toBeLessThanOrEqual(HARD);
    expect(items.length).toBeGreaterThan(0);
    await used(client, { pods: String(items.length), "requests.cpu": `${items.length * 100}m` });
  });
});
