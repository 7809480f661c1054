// Several API servers over one etcd: what the `kubernetes` Service shows of them.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "@coracle/shared/client/client";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startApiServer, type TestApiServer } from "../harness/api-server.ts";
import { etcdRequirement, startEtcd, type TestEtcd } from "../harness/etcd.ts";
import { describeWith } from "../requirement.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describeWith("the addresses of several API servers", [etcdRequirement], () => {
  const pki = mkdtempSync(join(tmpdir(), "coracle-addresses-pki-"));
  let etcd: TestEtcd;
  let stores = 0;
  const open: TestApiServer[] = [];

  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(async () => {
    for (const server of open) await server.close();
    await etcd?.remove();
    rmSync(pki, { recursive: true, force: true });
  });

  const startServer = async (
    prefix: string,
    controlplane: { hostName: string; advertiseAddress: string; advertisePort?: number },
  ) => {
    const store = { engine: "etcd" as const, endpoints: [etcd.endpoint], prefix };
    const server = await startApiServer(store, pki, {
      controlplane: { ...controlplane, endpointReconciler: "lease" },
    });
    open.push(server);
    return server;
  };
  const stopServer = async (server: TestApiServer) => {
    open.splice(open.indexOf(server), 1);
    await server.close();
  };

  /** What `kubectl get endpoints` and `endpointslices` would show: addresses and ports. */
  const shown = async (client: Client) => {
    const { subsets = [] } = await client.for("endpoints").get("kubernetes", "default");
    const slice = await client.for("endpointslices.discovery.k8s.io").get("kubernetes", "default");
    const [{ addresses = [], ports = [] } = {}, ...others] = subsets;
    expect(others).toEqual([]);
    const all = addresses.map(({ ip }) => ip);
    expect((slice.endpoints ?? []).flatMap((one) => one.addresses)).toEqual(all);
    expect((slice.ports ?? []).map(({ port }) => port)).toEqual(ports.map(({ port }) => port));
    return { addresses: all, ports: ports.map(({ name, port }) => `${name} ${port}`) };
  };
  const identities = async (client: Client) => {
    const { items } = await client.for("leases.coordination.k8s.io").list({
      namespace: "kube-system",
      labelSelector: "apiserver.kubernetes.io/identity=kube-apiserver",
    });
    return items.map(
      ({ metadata }) => metadata.annotations?.["kubernetes.io/peer-advertise-address"],
    );
  };
  const portOf = ({ url }: TestApiServer) => new URL(url).port;

  test("each shows its own, and takes it along when it stops", async () => {
    const prefix = `/registry-${++stores}`;
    const advertisePort = 6443;
    const one = await startServer(prefix, {
      ...{ hostName: "one", advertiseAddress: "192.0.2.1", advertisePort },
    });
    const two = await startServer(prefix, {
      ...{ hostName: "two", advertiseAddress: "192.0.2.2", advertisePort },
    });
    const client = two.client();
    const both = { addresses: ["192.0.2.1", "192.0.2.2"], ports: ["https 6443"] };
    await vi.waitFor(async () => expect(await shown(client)).toEqual(both), { timeout: 20_000 });
    const peers = [`192.0.2.1:${portOf(one)}`, `192.0.2.2:${portOf(two)}`];
    await vi.waitFor(async () => expect((await identities(client)).sort()).toEqual(peers));

    await stopServer(one);
    expect(await shown(client)).toEqual({ addresses: ["192.0.2.2"], ports: ["https 6443"] });
    expect(await identities(client)).toEqual([peers[1]]);
    client.close();
  });

  test("behind one front they have its address and port, until the last one stops", async () => {
    const prefix = `/registry-${++stores}`;
    const front = { hostName: "vm", advertiseAddress: "192.0.2.3", advertisePort: 6443 };
    const [one, two] = [await startServer(prefix, front), await startServer(prefix, front)];
    const client = two.client();
    await vi.waitFor(async () => expect(await identities(client)).toHaveLength(2));
    const all = { addresses: ["192.0.2.3"], ports: ["https 6443"] };
    await vi.waitFor(async () => expect(await shown(client)).toEqual(all), { timeout: 20_000 });
    await stopServer(one);
    expect(await shown(client)).toEqual(all);
    expect(await identities(client)).toEqual([`192.0.2.3:${portOf(two)}`]);
    client.close();

    await stopServer(two);
    const next = await startServer(prefix, { hostName: "other", advertiseAddress: "192.0.2.4" });
    const after = next.client();
    await vi.waitFor(async () =>
      expect(await shown(after)).toEqual({
        addresses: ["192.0.2.4"],
        ports: [`https ${portOf(next)}`],
      }),
    );
    after.close();
  });
});
