// The official JavaScript client, over the same wire: create, read, change, delete, watch, and its informer.
import {
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  makeInformer,
  type V1ConfigMap,
  Watch,
} from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { startCluster, type TestCluster } from "./harness/cluster.ts";

const soon = { timeout: 15_000, interval: 50 };
const namespace = "default";
let cluster: TestCluster;
let config: KubeConfig;
let core: CoreV1Api;

beforeAll(async () => {
  cluster = await startCluster("--nodes", "1");
  config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  core = config.makeApiClient(CoreV1Api);
}, 60_000);

afterAll(() => cluster?.stop());

it("creates, reads, replaces, lists and deletes", async () => {
  const body: V1ConfigMap = {
    metadata: { name: "settings", labels: { app: "x" } },
    data: { a: "1" },
  };
  const created = await core.createNamespacedConfigMap({ namespace, body });
  expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
  const read = await core.readNamespacedConfigMap({ namespace, name: "settings" });
  expect(read.data).toEqual({ a: "1" });
  read.data = { a: "2" };
  await core.replaceNamespacedConfigMap({ namespace, name: "settings", body: read });
  const stale = core.replaceNamespacedConfigMap({ namespace, name: "settings", body: created });
  await expect(stale).rejects.toMatchObject({ code: 409 });
  const list = await core.listNamespacedConfigMap({ namespace, labelSelector: "app=x" });
  expect(list.items.map((item) => item.data)).toEqual([{ a: "2" }]);
  await core.deleteNamespacedConfigMap({ namespace, name: "settings" });
  const gone = core.readNamespacedConfigMap({ namespace, name: "settings" });
  await expect(gone).rejects.toMatchObject({ code: 404 });
});

it("watches", async () => {
  const events: string[] = [];
  const watch = await new Watch(config).watch(
    `/api/v1/namespaces/${namespace}/configmaps`,
    { labelSelector: "watched=yes" },
    (phase: string, object: V1ConfigMap) => events.push(`${phase} ${object.metadata?.name}`),
    () => {},
  );
  const metadata = { name: "seen", labels: { watched: "yes" } };
  await core.createNamespacedConfigMap({ namespace, body: { metadata } });
  const unlabelled = { metadata: { name: "seen" }, data: { a: "1" } };
  await core.replaceNamespacedConfigMap({ namespace, name: "seen", body: unlabelled });
  await core.deleteNamespacedConfigMap({ namespace, name: "seen" });
  // Leaving the selection is a deletion for this watcher.
  await vi.waitFor(() => expect(events).toEqual(["ADDED seen", "DELETED seen"]), soon);
  watch.abort();
});

it("keeps an informer's cache the same as the server", async () => {
  const list = () => core.listNamespacedConfigMap({ namespace, labelSelector: "informed=yes" });
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const informer = makeInformer(config, path, list, "informed=yes");
  const seen = new Set<string>();
  informer.on("add", (object) => seen.add(object.metadata?.name ?? ""));
  informer.on("delete", (object) => seen.delete(object.metadata?.name ?? ""));
  await informer.start();
  const make = (name: string) =>
    core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name, labels: { informed: "yes" } } },
    });
  await Promise.all(["a", "b", "c"].map(make));
  await vi.waitFor(() => expect([...seen].sort()).toEqual(["a", "b", "c"]), soon);
  await core.deleteNamespacedConfigMap({ namespace, name: "b" });
  await vi.waitFor(() => expect([...seen].sort()).toEqual(["a", "c"]), soon);
  await informer.stop();
});

it("sees a Deployment become available", async () => {
  const apps = config.makeApiClient(AppsV1Api);
  const labels = { app: "node-client" };
  const body = {
    metadata: { name: "node-client" },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } },
    },
  };
  await apps.createNamespacedDeployment({ namespace, body });
  await vi.waitFor(async () => {
    const { status } = await apps.readNamespacedDeployment({ namespace, name: "node-client" });
    expect(status?.availableReplicas).toBe(2);
  }, soon);
});
