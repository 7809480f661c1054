import type { Lease } from "@coracle/shared/api/types/coordination-v1";
import { afterEach, beforeEach, expect, test } from "vitest";
import { controlplaneFixture, type Fixture } from "./controlplane-fixture.ts";
import { deleteExpiredIdentities, IdentityLease, identityName } from "./identity-lease.ts";
import { ServerObjects } from "./server-objects.ts";

let fixture: Fixture;
let leases: ServerObjects<Lease>;

beforeEach(async () => {
  fixture = await controlplaneFixture();
  const { registry, resources, clock } = fixture;
  leases = new ServerObjects(registry, resources.named("leases.coordination.k8s.io"), clock);
});
afterEach(() => fixture.close());

const at = (name: string) => ({ namespace: "kube-system", name });
const identity = (name: string) => {
  const { clock, random } = fixture;
  const peerAddress = "192.0.2.2:6443";
  return new IdentityLease({ leases, name, hostName: "vm", peerAddress, clock, random });
};

test("the name is upstream's, of the host name; what else tells servers apart changes it", () => {
  expect(identityName("vm")).toBe("apiserver-wlv32tlttr4jl3gtroqexyxapa");
  const names = [identityName("vm"), identityName("vm", "6444"), identityName("vm", "6445")];
  expect(new Set(names).size).toBe(3);
  for (const name of names) expect(name).toMatch(/^apiserver-[a-z2-7]{26}$/);
});

test("the lease says who holds it, where and since when", async () => {
  const own = identity("apiserver-x");
  await own.renew();
  const first = leases.find(at("apiserver-x"));
  expect(first).toMatchObject({
    metadata: {
      labels: {
        "apiserver.kubernetes.io/identity": "kube-apiserver",
        "kubernetes.io/hostname": "vm",
      },
      annotations: { "kubernetes.io/peer-advertise-address": "192.0.2.2:6443" },
    },
    spec: {
      holderIdentity: expect.stringMatching(/^apiserver-x_[-0-9a-f]{36}$/),
      leaseDurationSeconds: 3600,
      renewTime: "2026-01-01T00:00:00.000000Z",
    },
  });
  await fixture.clock.advance(10_000);
  await own.renew();
  const second = leases.find(at("apiserver-x"));
  expect(second?.metadata.uid).toBe(first?.metadata.uid);
  expect(second?.spec).toEqual({ ...first?.spec, renewTime: "2026-01-01T00:00:10.000000Z" });
});

test("a process begins with a lease of its own, makes it again when it is gone, and takes it along", async () => {
  await identity("apiserver-x").renew();
  const before = leases.find(at("apiserver-x"));
  const own = identity("apiserver-x");
  await own.renew();
  const holder = leases.find(at("apiserver-x"))?.spec.holderIdentity;
  expect(holder).not.toBe(before?.spec.holderIdentity);
  expect(leases.find(at("apiserver-x"))?.metadata.uid).not.toBe(before?.metadata.uid);
  await leases.delete(at("apiserver-x"));
  await own.renew();
  expect(leases.find(at("apiserver-x"))?.spec.holderIdentity).toBe(holder);
  await own.leave();
  await own.leave();
  expect(leases.find(at("apiserver-x"))).toBeUndefined();
});

test("leases that have expired are deleted, and no others", async () => {
  await identity("apiserver-dead").renew();
  await identity("apiserver-alive").renew();
  const labels = { "apiserver.kubernetes.io/identity": "kube-apiserver" };
  const make = (name: string, own: Record<string, string>) =>
    leases.create(at(name), { metadata: { ...at(name), labels: own }, spec: {} });
  await make("never-renewed", labels);
  await make("of-another", { "apiserver.kubernetes.io/identity": "x" });
  await make("kube-scheduler", {});
  await fixture.clock.advance(3600_000);
  await leases.update(at("apiserver-alive"), (current) => ({
    ...current,
    spec: { ...current.spec, renewTime: "2026-01-01T00:59:59.000000Z" },
  }));
  const left = async () => {
    await deleteExpiredIdentities(leases, fixture.clock);
    const { items } = fixture.resources.named("leases.coordination.k8s.io").cache.list({});
    return items.map(({ name }) => name);
  };
  const others = ["kube-scheduler", "of-another"];
  expect(await left()).toEqual(["apiserver-alive", "apiserver-dead", ...others]);
  await fixture.clock.advance(1);
  expect(await left()).toEqual(["apiserver-alive", ...others]);
});
