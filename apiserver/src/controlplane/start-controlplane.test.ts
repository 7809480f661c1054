import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { controlplaneFixture, type Fixture, SECURE_PORT } from "./controlplane-fixture.ts";
import { KUBERNETES } from "./endpoints-plan.ts";
import { ServerObjects } from "./server-objects.ts";
import { type ControlplaneConfig, startControlplane } from "./start-controlplane.ts";

const PORT = 6444;
const config: ControlplaneConfig = {
  hostName: "vm",
  advertiseAddress: "10.0.0.1",
  endpointReconciler: "lease",
};

let fixture: Fixture;
beforeEach(async () => {
  fixture = await controlplaneFixture();
});
afterEach(() => fixture.close());

const named = (name: "services" | "endpoints" | "endpointslices.discovery.k8s.io") =>
  fixture.resources.named(name).cache.get("default", "kubernetes");
const parsed = (name: Parameters<typeof named>[0]) =>
  JSON.parse(named(name)?.bytes.toString() ?? "{}");
const identities = () =>
  fixture.resources
    .named("leases.coordination.k8s.io")
    .cache.list({})
    .items.map(({ name }) => name);

test("nothing is written before the server has been ready for a moment", async () => {
  const before = await fixture.storage.currentRevision();
  const stop = startControlplane(config, PORT, fixture);
  await fixture.clock.advance(99);
  expect(await fixture.storage.currentRevision()).toBe(before);
  await stop();
});

test("the service, its endpoints and the identity are there, and what goes comes back", async () => {
  const stop = startControlplane({ ...config, advertisePort: SECURE_PORT }, PORT, fixture);
  const isThere = async () => {
    await vi.waitFor(() => expect(named("endpointslices.discovery.k8s.io")).toBeDefined());
    expect(parsed("services").spec.ports).toMatchObject([{ port: 443, targetPort: SECURE_PORT }]);
    expect(parsed("endpoints").subsets).toMatchObject([
      { addresses: [{ ip: "10.0.0.1" }], ports: [{ name: "https", port: SECURE_PORT }] },
    ]);
  };
  await fixture.clock.advance(100);
  await isThere();
  await vi.waitFor(() => expect(identities()).toHaveLength(1));
  const rows = ["services", "endpoints", "endpointslices.discovery.k8s.io"] as const;
  for (const row of rows) {
    const { registry, resources, clock } = fixture;
    await new ServerObjects(registry, resources.named(row), clock).delete(KUBERNETES);
    expect(named(row)).toBeUndefined();
  }
  await vi.waitFor(async () => {
    await fixture.clock.advance(10_000);
    expect(named("endpointslices.discovery.k8s.io")).toBeDefined();
  });
  await isThere();

  await stop();
  expect(parsed("endpoints").subsets).toBeUndefined();
  expect(identities()).toEqual([]);
});

test.each<[string, Partial<ControlplaneConfig>]>([
  ["with --endpoint-reconciler-type=none", { endpointReconciler: "none" }],
  ["without an address", { advertiseAddress: undefined }],
])("%s there are no endpoints, but an identity", async (_what, own) => {
  const stop = startControlplane({ ...config, ...own }, PORT, fixture);
  await fixture.clock.advance(100);
  await vi.waitFor(() => expect(identities()).toHaveLength(1));
  await stop();
  expect(named("endpoints")).toBeUndefined();
});

test("a store that does not answer holds the end up for 2 s", async () => {
  const never = new Promise<never>(() => {});
  const storage = { ...fixture.storage, transaction: () => never };
  const stop = startControlplane(config, PORT, { ...fixture, storage: storage as never });
  let isOver = false;
  const stopped = stop().then(() => {
    isOver = true;
  });
  await fixture.clock.advance(1_999);
  expect(isOver).toBe(false);
  await fixture.clock.advance(1);
  await stopped;
});
