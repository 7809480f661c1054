// `coracle up --apiservers 3 --control-planes 2` over a real etcd, and kill -9 of what leads or serves: somebody else goes on, and
// nothing is done twice.
import type { ConfigMap, Pod } from "@coracle/shared/api/types/core-v1";
import { Informer } from "@coracle/shared/cache/informer";
import { Client } from "@coracle/shared/client/client";
import { loadKubeconfig } from "@coracle/shared/client/kubeconfig";
import { ConnectionError } from "@coracle/shared/client/transport";
import { isAlreadyExists } from "@coracle/shared/machinery/status-error";
import { systemClock } from "@coracle/shared/runtime/clock";
import { silentLogger } from "@coracle/shared/runtime/logger";
import { systemRandom } from "@coracle/shared/runtime/random";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { etcdRequirement, startEtcd, type TestEtcd } from "../harness/etcd.ts";
import { findKubectls, run } from "../harness/kubectl.ts";
import { describeWith } from "../requirement.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const NAMESPACE = "default";
const LEASE_MS = 3000;
/** What a busy machine may add to a lease duration. */
const BUSY_MS = 1000;
const SERVERS = [1, 2, 3];
const soon = { timeout: 30_000, interval: 50 };
const ELECTION = ["lease-duration=3s", "renew-deadline=2s", "retry-period=500ms"];
const LEASES = { scheduler: "kube-scheduler", "controller-manager": "kube-controller-manager" };
type Standby = keyof typeof LEASES;

describeWith("a cluster with several of each", [etcdRequirement], () => {
  let etcd: TestEtcd;
  let cluster: TestCluster;
  let client: Client;
  let urls: string[];

  beforeAll(async () => {
    etcd = await startEtcd();
    const timing = Object.keys(LEASES).flatMap((name) =>
      ELECTION.flatMap((flag) => ["--set", `${name}.leader-elect-${flag}`]),
    );
    cluster = await startCluster(
      ...["--store", "etcd", "--etcd-servers", etcd.endpoint, "--nodes", "3"],
      ...["--apiservers", "3", "--control-planes", "2", ...timing],
    );
    const front = Number(new URL(cluster.url).port);
    urls = SERVERS.map((i) => `https://127.0.0.1:${front + i}`);
    client = directClient();
    await vi.waitFor(() => Promise.all([leader("scheduler"), leader("controller-manager")]), soon);
  });
  afterAll(async () => {
    client?.close();
    await cluster?.stop();
    await etcd?.remove();
  });

  /** Knows all API servers, as the components do. */
  const directClient = () => new Client(loadKubeconfig(cluster.kubeconfig, urls.join(",")));

  /** Repeats what got no answer. What had been done by then is found to be there. */
  async function insist<T>(request: () => Promise<T>): Promise<T | undefined> {
    for (;;) {
      try {
        return await request();
      } catch (error) {
        if (isAlreadyExists(error)) return undefined;
        if (!(error instanceof ConnectionError)) throw error;
        await systemClock.sleep(10);
      }
    }
  }

  /** The process that leads: the log tells which one has the identity in the lease. */
  async function leader(name: Standby): Promise<{ instance: string; holder: string }> {
    const lease = await client.for("leases.coordination.k8s.io").get(LEASES[name], "kube-system");
    const holder = lease.spec.holderIdentity ?? "";
    const line = cluster
      .log()
      .split("\n")
      .find((text) => text.includes("became leader") && text.includes(holder));
    const [instance] = new RegExp(`${name}-\\d`).exec(line ?? "") ?? [];
    if (holder === "" || instance === undefined) throw new Error(`no ${name} leads yet`);
    return { instance, holder };
  }

  async function kill(instance: string, signal: NodeJS.Signals = "SIGKILL"): Promise<number> {
    const pid = cluster.pid(instance);
    if (pid === undefined) throw new Error(`${instance} does not run`);
    process.kill(pid, signal);
    return pid;
  }

  const restarted = (instance: string, pid: number) =>
    vi.waitFor(() => {
      expect(cluster.pid(instance)).toBeTypeOf("number");
      expect(cluster.pid(instance)).not.toBe(pid);
    }, soon);

  const leaseOf = (name: Standby) =>
    client.for("leases.coordination.k8s.io").get(LEASES[name], "kube-system");

  /** Milliseconds from the last renewal of `from`, which has been killed, until another one had the lease. */
  async function takenOver(name: Standby, from: string): Promise<number> {
    const last = await leaseOf(name);
    await vi.waitFor(async () => expect((await leader(name)).holder).not.toBe(from), soon);
    const { acquireTime = "" } = (await leaseOf(name)).spec;
    return Date.parse(acquireTime) - Date.parse(last.spec.renewTime ?? "");
  }

  function deployment(name: string, replicas: number) {
    const labels = { app: name };
    const container = { name: "c", image: "i" };
    return {
      metadata: { name, namespace: NAMESPACE },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [container] } },
      },
    };
  }

  const deploy = (name: string, replicas: number) =>
    insist(() => client.for("deployments.apps").create(deployment(name, replicas)));

  /** An informer's account: how often each object was added, and what became of it. */
  function observe<T extends ConfigMap | Pod>(resource: "configmaps" | "pods") {
    const added = new Map<string, number>();
    const deleted = new Set<string>();
    const stop = new AbortController();
    const own = directClient();
    const informer = new Informer<T>({
      client: own,
      resource,
      namespace: NAMESPACE,
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
    });
    informer.addHandlers({
      onAdd: ({ metadata }) => added.set(metadata.name, (added.get(metadata.name) ?? 0) + 1),
      onDelete: ({ metadata }) => deleted.add(metadata.name),
    });
    informer.start(stop.signal);
    return {
      added,
      deleted,
      synced: informer.synced,
      end() {
        stop.abort();
        own.close();
      },
    };
  }

  const of = (names: Iterable<string>, name: string) =>
    [...names].filter((pod) => pod.startsWith(`${name}-`));

  /** Each Deployment has one ReplicaSet and just its Pods, each bound once, and none was ever made in vain. */
  async function expectDoneOnce(
    wanted: Record<string, number>,
    pods: { added: Map<string, number>; deleted: Set<string> },
  ): Promise<void> {
    await vi.waitFor(async () => {
      for (const [name, replicas] of Object.entries(wanted)) {
        const { status } = await client.for("deployments.apps").get(name, NAMESPACE);
        expect(status.readyReplicas).toBe(replicas);
      }
    }, soon);
    const { items: sets } = await client.for("replicasets.apps").list({ namespace: NAMESPACE });
    const { items: events } = await client
      .for("events")
      .list({ namespace: NAMESPACE, fieldSelector: "reason=Scheduled" });
    for (const [name, replicas] of Object.entries(wanted)) {
      expect(sets.filter(({ metadata }) => metadata.labels?.app === name)).toHaveLength(1);
      await vi.waitFor(() => expect(of(pods.added.keys(), name)).toHaveLength(replicas), soon);
      expect(of(pods.deleted, name)).toEqual([]);
      for (const pod of of(pods.added.keys(), name)) {
        const own = events.filter(({ involvedObject }) => involvedObject.name === pod);
        expect(own.map(({ count }) => count).filter((count) => count !== 1)).toEqual([]);
        expect(own.length).toBeLessThanOrEqual(1);
      }
    }
  }

  test("API servers are killed one after the other: writers, informers and kubectl go on", async () => {
    const configMaps = observe<ConfigMap>("configmaps");
    await configMaps.synced;
    const kubectl = findKubectls()[0];
    const acknowledged = new Set<string>();
    let stopped = false;
    const writers = SERVERS.map(async (writer) => {
      const own = directClient();
      for (let i = 0; !stopped; i++) {
        const metadata = { name: `written-${writer}-${i}`, namespace: NAMESPACE };
        await insist(() => own.for("configmaps").create({ metadata, data: {} }));
        acknowledged.add(metadata.name);
      }
      own.close();
    });
    try {
      for (const server of [...SERVERS, ...SERVERS]) {
        const before = acknowledged.size;
        const pid = await kill(`apiserver-${server}`);
        await vi.waitFor(() => expect(acknowledged.size).toBeGreaterThan(before + 30), soon);
        if (kubectl !== undefined) {
          const { code, stderr } = await run(kubectl, cluster.kubeconfig, ["get", "nodes"]);
          expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
        }
        await restarted(`apiserver-${server}`, pid);
        const front = cluster.client();
        await vi.waitFor(() => front.request("GET", "/readyz"), soon);
      }
    } finally {
      stopped = true;
      await Promise.all(writers);
    }
    await vi.waitFor(() => {
      const missing = [...acknowledged].filter((name) => !configMaps.added.has(name));
      expect(missing).toEqual([]);
    }, soon);
    configMaps.end();
    expect([...configMaps.added.values()].every((times) => times === 1)).toBe(true);
    expect(configMaps.deleted.size).toBe(0);
    const { items } = await client.for("configmaps").list({ namespace: NAMESPACE });
    const stored = new Set(items.map(({ metadata }) => metadata.name));
    expect([...acknowledged].filter((name) => !stored.has(name))).toEqual([]);
  });

  test.each(["scheduler", "controller-manager"] as const)(
    "the leading %s is killed: the other takes over within the lease duration, and nothing is done twice",
    async (name) => {
      const pods = observe<Pod>("pods");
      const wanted: Record<string, number> = {};
      const add = async (prefix: string) => {
        for (let i = 0; i < 4; i++) {
          const deploymentName = `${prefix}${i}`;
          wanted[deploymentName] = 3 + i;
          await deploy(deploymentName, 3 + i);
        }
      };
      for (const round of [1, 2]) {
        const { instance, holder } = await leader(name);
        await add(`${name}-a${round}`);
        const pid = await kill(instance);
        const [ms] = await Promise.all([takenOver(name, holder), add(`${name}-b${round}`)]);
        expect(ms).toBeGreaterThanOrEqual(LEASE_MS);
        expect(ms).toBeLessThan(LEASE_MS + BUSY_MS);
        await restarted(instance, pid);
      }
      await expectDoneOnce(wanted, pods);
      pods.end();
    },
  );

  test.each(["scheduler", "controller-manager"] as const)(
    "a leading %s that was frozen finds the lead gone, and ends without doing anything",
    async (name) => {
      const pods = observe<Pod>("pods");
      const { instance, holder } = await leader(name);
      const pid = await kill(instance, "SIGSTOP");
      await deploy(`${name}-frozen`, 6);
      await takenOver(name, holder);
      await kill(instance, "SIGCONT");
      await restarted(instance, pid);
      expect(cluster.log()).toMatch(new RegExp(`${instance} .*ERROR leader election lost`));
      await expectDoneOnce({ [`${name}-frozen`]: 6 }, pods);
      pods.end();
    },
  );

  test("an orderly end hands over at once", async () => {
    const { instance, holder } = await leader("scheduler");
    const pid = await kill(instance, "SIGTERM");
    expect(await takenOver("scheduler", holder)).toBeLessThan(LEASE_MS / 2);
    await restarted(instance, pid);
  });

  test("an API server that hangs gets no more connections", async () => {
    const front = cluster.client();
    const said = cluster.log().length;
    const stopped = await kill("apiserver-1", "SIGSTOP");
    try {
      const port = new URL(urls[0] as string).port;
      const line = new RegExp(`no connections go to the API server on port ${port}: it is silent`);
      await vi.waitFor(() => expect(cluster.log().slice(said)).toMatch(line), soon);
      for (let i = 0; i < SERVERS.length; i++) {
        const fresh = cluster.client();
        expect((await fresh.for("nodes").list()).items).toHaveLength(3);
      }
      expect((await front.for("nodes").list()).items).toHaveLength(3);
    } finally {
      process.kill(stopped, "SIGCONT");
    }
  });
});
