import type { Endpoints } from "@coracle/shared/api/types/core-v1";
import type { EndpointSlice } from "@coracle/shared/api/types/discovery-v1";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AddressLeases } from "./address-leases.ts";
import { controlplaneFixture, type Fixture } from "./controlplane-fixture.ts";
import { EndpointReconciler } from "./endpoint-reconciler.ts";
import { KUBERNETES } from "./endpoints-plan.ts";
import { ServerObjects } from "./server-objects.ts";

let fixture: Fixture;
let endpoints: ServerObjects<Endpoints>;
let slices: ServerObjects<EndpointSlice>;

beforeEach(async () => {
  fixture = await controlplaneFixture();
  const { registry, resources, clock } = fixture;
  endpoints = new ServerObjects(registry, resources.named("endpoints"), clock);
  const slicesRow = resources.named("endpointslices.discovery.k8s.io");
  slices = new ServerObjects(registry, slicesRow, clock);
});
afterEach(() => fixture.close());

const server = (address: string, name = address, port = 6443) => {
  const leases = new AddressLeases(fixture.storage, address, name);
  return new EndpointReconciler({ leases, endpoints, slices, port });
};

/** `<addresses>:<port>` of the Endpoints, which the slice has to repeat. */
function shown(): string {
  const { addresses = [], ports = [] } = endpoints.find(KUBERNETES)?.subsets?.[0] ?? {};
  const slice = slices.find(KUBERNETES);
  expect(slice?.endpoints?.flatMap((one) => one.addresses) ?? []).toEqual(
    addresses.map(({ ip }) => ip),
  );
  expect(slice?.ports?.map(({ port }) => port) ?? []).toEqual(ports.map(({ port }) => port));
  return `${addresses.map(({ ip }) => ip).join(",")}:${ports[0]?.port ?? ""}`;
}

const keys = async () =>
  (await fixture.storage.range({ prefix: "/registry/masterleases/" })).items.map(({ key }) => key);

test("each server adds its address, and nothing is written while nothing changes", async () => {
  const [one, two] = [server("10.0.0.1"), server("10.0.0.2")];
  await two.reconcile();
  expect(shown()).toBe("10.0.0.2:6443");
  await one.reconcile();
  expect(shown()).toBe("10.0.0.1,10.0.0.2:6443");
  expect(await keys()).toEqual([
    "/registry/masterleases/10.0.0.1",
    "/registry/masterleases/10.0.0.2",
  ]);

  const versions = () =>
    [endpoints, slices].map((objects) => objects.find(KUBERNETES)?.metadata.resourceVersion);
  const before = versions();
  await one.reconcile();
  await two.reconcile();
  expect(versions()).toEqual(before);
  const { value } = (await fixture.storage.get("/registry/masterleases/10.0.0.1")) ?? {};
  expect(JSON.parse(value?.toString() ?? "")).toEqual({
    kind: "Endpoints",
    apiVersion: "v1",
    metadata: { generation: 2 },
    subsets: [{ addresses: [{ ip: "10.0.0.1" }] }],
  });
});

test("the address of a server that died goes 15 s after its last refresh", async () => {
  const [one, two] = [server("10.0.0.1"), server("10.0.0.2")];
  await one.reconcile();
  await two.reconcile();
  await fixture.clock.advance(10_000);
  await one.reconcile();
  expect(shown()).toBe("10.0.0.1,10.0.0.2:6443");
  await fixture.clock.advance(6_000);
  await vi.waitFor(async () => expect(await keys()).toEqual(["/registry/masterleases/10.0.0.1"]));
  await one.reconcile();
  expect(shown()).toBe("10.0.0.1:6443");
});

test("a server that leaves takes its address along, the last one too", async () => {
  const [one, two] = [server("10.0.0.1"), server("10.0.0.2")];
  await one.reconcile();
  await two.reconcile();
  await one.leave();
  expect(shown()).toBe("10.0.0.2:6443");
  await two.leave();
  expect(endpoints.find(KUBERNETES)?.subsets).toBeUndefined();
  expect(slices.find(KUBERNETES)).toMatchObject({ endpoints: null, ports: null });
  expect(await keys()).toEqual([]);
});

test("one that never came needs no Endpoints to leave", async () => {
  await server("10.0.0.1").leave();
  expect(endpoints.find(KUBERNETES)).toBeUndefined();
});

test("servers behind one front share address and port, and each has its own key", async () => {
  const [one, two] = [server("10.0.0.1", "10.0.0.1:6444"), server("10.0.0.1", "10.0.0.1:6445")];
  await one.reconcile();
  await two.reconcile();
  await one.leave();
  expect(shown()).toBe("10.0.0.1:6443");
  await two.leave();
  expect(endpoints.find(KUBERNETES)?.subsets).toBeUndefined();
});

test("what somebody else changed or deleted is set right; the port of a new process too", async () => {
  await server("10.0.0.1").reconcile();
  const again = server("10.0.0.1", undefined, 7443);
  await again.reconcile();
  expect(shown()).toBe("10.0.0.1:7443");
  await endpoints.update(KUBERNETES, (current) => ({
    ...current,
    subsets: [{ addresses: [{ ip: "10.9.9.9" }], ports: [{ name: "https", port: 7443 }] }],
  }));
  await slices.delete(KUBERNETES);
  await again.reconcile();
  expect(shown()).toBe("10.0.0.1:7443");
  await endpoints.delete(KUBERNETES);
  await again.reconcile();
  expect(shown()).toBe("10.0.0.1:7443");
});

test("an address that nobody may write, is refused as a user's would be", async () => {
  await expect(server("127.0.0.1").reconcile()).rejects.toThrow(
    "may not be in the loopback range (127.0.0.0/8, ::1/128)",
  );
  expect(endpoints.find(KUBERNETES)).toBeUndefined();
});
