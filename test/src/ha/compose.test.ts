// The profile `ha` of docker-compose.yml with a real container daemon: three etcds, three API servers, two schedulers and controller
// managers, each in a container of its own; one of each is killed.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@coracle/cli/ports";
import { Client } from "@coracle/shared/client/client";
import { loadKubeconfig } from "@coracle/shared/client/kubeconfig";
import { ConnectionError } from "@coracle/shared/client/transport";
import { isAlreadyExists } from "@coracle/shared/machinery/status-error";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ContainerDaemon, daemonRequirements } from "../container-daemon.ts";
import { ETCD_BINARY, etcdRequirement } from "../harness/etcd.ts";
import { describeWith } from "../requirement.ts";

const WITH_HEALTH = [
  ...["apiserver-1", "apiserver-2", "apiserver-3", "kubelet-ha"],
  ...["controller-manager-1", "controller-manager-2", "scheduler-1", "scheduler-2"],
];
const START_MS_MAX = 240_000;
const soon = { timeout: 60_000, interval: 200 };

describeWith("docker compose --profile ha", [...daemonRequirements(), etcdRequirement], () => {
  const folder = mkdtempSync(join(tmpdir(), "coracle-compose-ha-"));
  let daemon: ContainerDaemon;
  let client: Client;

  beforeAll(async () => {
    const ports = [await freePort(), await freePort(), await freePort()];
    daemon = new ContainerDaemon({
      BASE_IMAGE: "coracle-base",
      ETCD_IMAGE: "coracle-etcd",
      CORACLE_PORT: String(ports[0]),
      CORACLE_PORT_2: String(ports[1]),
      CORACLE_PORT_3: String(ports[2]),
      COMPOSE_PROJECT_NAME: "coracle-ha-test",
      COMPOSE_PROFILES: "ha",
    });
    await daemon.start();
    daemon.importBaseImage("coracle-base");
    daemon.importEtcdImage("coracle-etcd", ETCD_BINARY);
    daemon.compose("build");
    daemon.compose("up", "--detach");
    await vi.waitFor(() => expect(unhealthy()).toEqual([]), { timeout: 90_000, interval: 500 });
    const kubeconfig = join(folder, "kubeconfig");
    const file = "/var/lib/coracle/cluster/kubeconfig";
    writeFileSync(kubeconfig, daemon.compose("exec", "-T", "apiserver-2", "cat", file));
    const servers = ports.map((port) => `https://127.0.0.1:${port}`).join(",");
    client = new Client(loadKubeconfig(kubeconfig, servers));
  }, START_MS_MAX);

  afterAll(async () => {
    client?.close();
    try {
      daemon.compose("down", "--volumes", "--timeout", "5");
    } finally {
      await daemon.stop();
      rmSync(folder, { recursive: true });
    }
  }, START_MS_MAX);

  /** Names of the services that are not healthy (yet). */
  function unhealthy(): string[] {
    return WITH_HEALTH.filter((service) => {
      const container = daemon.compose("ps", "-q", service).trim();
      const format = "{{.State.Health.Status}}";
      return daemon.docker("inspect", "--format", format, container).trim() !== "healthy";
    });
  }

  async function deploy(name: string, replicas: number): Promise<void> {
    const labels = { app: name };
    const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } };
    const spec = { replicas, selector: { matchLabels: labels }, template };
    const body = { kind: "Deployment", apiVersion: "apps/v1", metadata: { name }, spec };
    await vi.waitFor(async () => {
      try {
        await client.request("POST", "/apis/apps/v1/namespaces/default/deployments", { body });
      } catch (error) {
        if (error instanceof ConnectionError || !isAlreadyExists(error)) throw error;
      }
    }, soon);
  }

  const isRunning = (name: string, replicas: number) =>
    vi.waitFor(async () => {
      const { items } = await client
        .for("pods")
        .list({ namespace: "default", labelSelector: `app=${name}` });
      const running = items.filter(({ status }) => status?.phase === "Running");
      expect(running).toHaveLength(replicas);
      expect(items).toHaveLength(replicas);
    }, soon);

  const leads = (service: string) =>
    daemon.compose("logs", "--no-color", service).includes('"became leader"');

  test("a Deployment runs; one of each leads", async () => {
    await deploy("web", 3);
    await isRunning("web", 3);
    for (const name of ["scheduler", "controller-manager"]) {
      expect([1, 2].filter((i) => leads(`${name}-${i}`))).toHaveLength(1);
    }
  });

  test("an etcd, an API server and the leaders are killed: it goes on", {
    timeout: 120_000,
  }, async () => {
    const leaders = ["scheduler", "controller-manager"].map((name) =>
      leads(`${name}-1`) ? `${name}-1` : `${name}-2`,
    );
    daemon.compose("kill", "-s", "SIGKILL", "etcd-1", "apiserver-1", ...leaders);
    await deploy("more", 4);
    await isRunning("more", 4);
    await isRunning("web", 3);
  });

  test("only loopback is published, and no etcd", () => {
    for (const service of ["apiserver-2", "etcd-2"]) {
      const container = daemon.compose("ps", "-q", service).trim();
      const format = "{{range .NetworkSettings.Ports}}{{range .}}{{.HostIp}} {{end}}{{end}}";
      const bindings = daemon.docker("inspect", "--format", format, container).trim();
      expect(bindings).toBe(service === "etcd-2" ? "" : "127.0.0.1");
    }
  });
});
