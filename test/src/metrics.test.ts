// metrics.k8s.io: the API server asks a kubelet for its figures, and answers as the metrics server would.

import { freePort } from "@coracle/cli/ports";
import { MemoryHost } from "@coracle/kubelet/cri/simulated/memory-host";
import { SimulatedRuntime } from "@coracle/kubelet/cri/simulated/simulated-runtime";
import { type Kubelet, start as startKubelet } from "@coracle/kubelet/kubelet";
import { NodesBackend } from "@coracle/kubelet/kubelet-backend";
import { type KubeletServer, startKubeletServer } from "@coracle/kubelet/server/kubelet-server";
import type { ContainerMetrics, PodMetrics } from "@coracle/shared/api/types/metrics-v1beta1";
import type { Client } from "@coracle/shared/client/client";
import { milliValue, value } from "@coracle/shared/machinery/quantity";
import { systemClock } from "@coracle/shared/runtime/clock";
import { silentLogger } from "@coracle/shared/runtime/logger";
import { systemRandom } from "@coracle/shared/runtime/random";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { prepareNamespace, send } from "./conformance/replay.ts";
import { startApiServer, type TestApiServer } from "./harness/api-server.ts";

const NAMESPACE = "measured";
const METRICS = "/apis/metrics.k8s.io/v1beta1";
const PODS = `${METRICS}/namespaces/${NAMESPACE}/pods`;

let server: TestApiServer;
let client: Client;
let kubelet: Kubelet;
let kubeletServer: KubeletServer;

async function request(method: string, path: string, body?: unknown, headers = {}) {
  const step = { name: path, method, path, body, headers };
  const { status, raw } = await send(server, step, NAMESPACE);
  return { status, body: raw as Record<string, unknown> };
}

async function startNodes(port: number): Promise<void> {
  const clock = systemClock;
  const random = systemRandom;
  const nodes = ["node-1", "node-2"].map((name, i) => ({
    name,
    podCidr: `10.244.${i}.0/24`,
    address: "127.0.0.1",
    port,
    cpu: "4",
    memory: "8Gi",
    ephemeralStorage: "100Gi",
    runtimeVersion: "simulated://1",
    machineId: name,
    architecture: "amd64",
  }));
  kubelet = startKubelet(
    { nodes },
    {
      client,
      clock,
      random,
      logger: silentLogger,
      openMachine({ podCidr }) {
        const host = new MemoryHost();
        const runtime = new SimulatedRuntime({ podCidr, host, clock, random });
        return { host, runtime, runtimeName: "simulated" };
      },
    },
  );
  kubeletServer = await startKubeletServer({
    address: "127.0.0.1",
    port,
    cert: server.serving.cert,
    key: server.serving.key,
    clientCa: server.authority,
    backend: new NodesBackend(kubelet.nodes, clock),
    clock,
    logger: silentLogger,
  });
  await kubelet.registered;
}

function podOn(nodeName: string, name: string, containers: string[], annotations = {}) {
  return {
    metadata: { name, labels: { on: nodeName }, annotations },
    spec: {
      nodeName,
      automountServiceAccountToken: false, // no controller publishes what its volume needs
      containers: containers.map((each) => ({ name: each, image: "web:1" })),
    },
  };
}

async function running(name: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const { body } = await request("GET", `/api/v1/namespaces/${NAMESPACE}/pods/${name}`);
      expect(body.status).toMatchObject({ phase: "Running" });
    },
    { timeout: 20_000, interval: 50 },
  );
}

beforeAll(async () => {
  server = await startApiServer();
  client = server.client();
  await prepareNamespace(server, NAMESPACE);
  const port = await freePort();
  if (port === undefined) throw new Error("no free port");
  await startNodes(port);
  const pods = `/api/v1/namespaces/${NAMESPACE}/pods`;
  const declared = { "coracle.dev/simulate.main": '{"cpu": "250m", "memory": "64Mi"}' };
  await request("POST", pods, podOn("node-1", "busy", ["main", "side"], declared));
  await request("POST", pods, podOn("node-2", "quiet", ["main"]));
  await request("POST", pods, podOn("nowhere", "lost", ["main"]));
  await Promise.all([running("busy"), running("quiet")]);
}, 30_000);

afterAll(async () => {
  await kubelet.stop();
  await kubeletServer.close();
  client.close();
  await server.close();
});

describe("metrics.k8s.io", () => {
  it("tells what each container of a Pod uses", async () => {
    const { status, body } = await request("GET", `${PODS}/busy`);
    expect(status).toBe(200);
    const { containers, ...rest } = body as unknown as PodMetrics;
    expect(rest).toMatchObject({
      kind: "PodMetrics",
      apiVersion: "metrics.k8s.io/v1beta1",
      metadata: { name: "busy", namespace: NAMESPACE, labels: { on: "node-1" } },
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]+Z$/),
      window: expect.stringMatching(/^[\d.]+m?s$/),
    });
    const usage = new Map(containers.map((each: ContainerMetrics) => [each.name, each.usage]));
    expect(milliValue(usage.get("main")?.cpu ?? "")).toBeCloseTo(250, -1);
    expect(usage.get("main")?.memory).toBe("64Mi");
    expect(milliValue(usage.get("side")?.cpu ?? "")).toBeGreaterThan(0);
  });

  it("sums up a node with what it needs itself", async () => {
    const { body } = await request("GET", `${METRICS}/nodes/node-1`);
    const { usage } = body as { usage: { cpu: string; memory: string } };
    expect(milliValue(usage.cpu)).toBeGreaterThan(250 + 30 - 5);
    expect(value(usage.memory)).toBeGreaterThan((64 + 180) * 2 ** 20);
    const list = await request("GET", `${METRICS}/nodes`);
    const { kind, items } = list.body as { kind: string; items: { metadata: { name: string } }[] };
    expect(kind).toBe("NodeMetricsList");
    expect(items.map(({ metadata }) => metadata.name)).toEqual(["node-1", "node-2"]);
  });

  it("lists by label and field, without Pods that nobody measures", async () => {
    const named = async (query: string) => {
      const { body } = await request("GET", `${PODS}?${query}`);
      return (body.items as PodMetrics[]).map(({ metadata }) => metadata.name);
    };
    expect(await named("")).toEqual(["busy", "quiet"]);
    expect(await named("labelSelector=on%3Dnode-2")).toEqual(["quiet"]);
    expect(await named("fieldSelector=metadata.name%3Dbusy")).toEqual(["busy"]);
  });

  it("says what upstream says of what it does not have", async () => {
    const message = async (path: string) => (await request("GET", path)).body.message;
    expect(await message(`${PODS}/none`)).toBe('pods "none" not found');
    expect(await message(`${PODS}/lost`)).toBe(
      `podmetrics.metrics.k8s.io "${NAMESPACE}/lost" not found`,
    );
    expect(await message(`${METRICS}/nodes/none`)).toBe('nodes "none" not found');
    expect((await request("DELETE", `${PODS}/busy`)).status).toBe(405);
  });

  it("prints a table", async () => {
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const { body } = await request("GET", `${PODS}/busy`, undefined, { accept });
    const { columnDefinitions, rows } = body as unknown as {
      columnDefinitions: { name: string }[];
      rows: { cells: string[] }[];
    };
    expect(columnDefinitions.map(({ name }) => name)).toEqual(["Name", "cpu", "memory", "Window"]);
    expect(rows[0]?.cells[0]).toBe("busy");
    expect(milliValue(rows[0]?.cells[1] ?? "")).toBeGreaterThan(250);
  });
});
