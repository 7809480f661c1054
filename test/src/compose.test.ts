// docker-compose.yml with a real container daemon: the same session as anywhere, each component in a container of its own.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@coracle/cli/ports";
import { Client } from "@coracle/shared/client/client";
import { loadKubeconfig } from "@coracle/shared/client/kubeconfig";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ContainerDaemon, daemonRequirements } from "./container-daemon.ts";
import { describeWith } from "./requirement.ts";

const SERVICES = ["apiserver", "controller-manager", "kubelet", "scheduler"];
const START_MS_MAX = 180_000;

describeWith("docker compose", daemonRequirements(), () => {
  const folder = mkdtempSync(join(tmpdir(), "coracle-compose-"));
  let daemon: ContainerDaemon;
  let client: Client;

  beforeAll(async () => {
    const port = await freePort();
    daemon = new ContainerDaemon({
      BASE_IMAGE: "coracle-base",
      CORACLE_PORT: String(port),
      COMPOSE_PROJECT_NAME: "coracle-test",
      COMPOSE_PROFILES: "single",
    });
    await daemon.start();
    daemon.importBaseImage("coracle-base");
    daemon.compose("build");
    daemon.compose("up", "--detach");
    await vi.waitFor(() => expect(unhealthy()).toEqual([]), { timeout: 60_000, interval: 500 });
    const kubeconfig = join(folder, "kubeconfig");
    const file = "/var/lib/coracle/cluster/kubeconfig";
    writeFileSync(kubeconfig, daemon.compose("exec", "-T", "apiserver", "cat", file));
    client = new Client(loadKubeconfig(kubeconfig));
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
    return SERVICES.filter((service) => {
      const container = daemon.compose("ps", "-q", service).trim();
      const format = "{{.State.Health.Status}}";
      return daemon.docker("inspect", "--format", format, container).trim() !== "healthy";
    });
  }

  async function runningPods(): Promise<number> {
    const { items } = await client.for("pods").list({ namespace: "default" });
    return items.filter(({ status }) => status?.phase === "Running").length;
  }

  test("a Deployment runs, and each component's log tells its part", async () => {
    const body = {
      kind: "Deployment",
      apiVersion: "apps/v1",
      metadata: { name: "web" },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: "web" } },
        template: {
          metadata: { labels: { app: "web" } },
          spec: { containers: [{ name: "web", image: "web:1" }] },
        },
      },
    };
    await client.request("POST", "/apis/apps/v1/namespaces/default/deployments", { body });
    await vi.waitFor(async () => expect(await runningPods()).toBe(2), { timeout: 15_000 });
    const log = (service: string) => daemon.compose("logs", "--no-color", service);
    expect(log("apiserver")).toContain("deployment default/web");
    expect(log("controller-manager")).toContain("default/web");
    expect(log("scheduler")).toMatch(/default\/web-.*bound pod/);
    expect(log("kubelet")).toMatch(/default\/web-.*container started/);
  });

  test("the kubelet's container is reached for logs", async () => {
    const [pod] = (await client.for("pods").list({ namespace: "default" })).items;
    const path = `/api/v1/namespaces/default/pods/${pod?.metadata.name}/log`;
    await expect(client.request("GET", path, { accept: "*/*" })).resolves.toBeDefined();
  });

  test("only loopback is published", () => {
    const container = daemon.compose("ps", "-q", "apiserver").trim();
    const bindings = daemon.docker(
      "inspect",
      "--format",
      "{{range .NetworkSettings.Ports}}{{range .}}{{.HostIp}} {{end}}{{end}}",
      container,
    );
    expect(bindings.trim()).toBe("127.0.0.1");
  });

  test("a write survives the API server's restart", { timeout: 60_000 }, async () => {
    daemon.compose("kill", "-s", "SIGKILL", "apiserver");
    daemon.compose("up", "--detach");
    await vi.waitFor(async () => expect(await runningPods()).toBe(2), {
      timeout: 30_000,
      interval: 200,
    });
  });
});
