import type { Pod, PodStatus } from "@coracle/shared/api/types/core-v1";
import { Client } from "@coracle/shared/client/client";
import type { Transport, TransportRequest } from "@coracle/shared/client/transport";
import { SimulatedClock, systemClock } from "@coracle/shared/runtime/clock";
import { silentLogger } from "@coracle/shared/runtime/logger";
import { seededRandom } from "@coracle/shared/runtime/random";
import { beforeAll, describe, expect, it } from "vitest";
import { MemoryHost } from "../cri/simulated/memory-host.ts";
import { SimulatedRuntime } from "../cri/simulated/simulated-runtime.ts";
import { NodeAgent } from "../node/node-agent.ts";
import { StatusManager } from "../status/status-manager.ts";
import { EventBudget } from "./pod-events.ts";
import { ReferencedObjects } from "./referenced-objects.ts";

/** Takes every write and keeps it; nothing is ever found. */
class RecordingTransport implements Transport {
  readonly requests: { method: string; path: string; body: Record<string, unknown> }[] = [];

  async send({ method, path, body }: TransportRequest) {
    this.requests.push({ method, path, body: JSON.parse(String(body ?? "{}")) });
    const status = method === "GET" ? 404 : 200;
    return {
      status,
      header: (name: string) => (name === "content-type" ? "application/json" : undefined),
      read: async () => Buffer.from(`{"metadata":{"resourceVersion":"2"}}`),
      async *chunks() {},
    };
  }

  close(): void {}
}

class Scene {
  readonly clock = new SimulatedClock();
  readonly transport = new RecordingTransport();
  readonly runtime: SimulatedRuntime;
  readonly agent: NodeAgent;
  readonly #statuses: StatusManager;

  constructor() {
    const { clock, transport } = this;
    const random = seededRandom(1);
    const logger = silentLogger;
    const client = new Client({ server: "https://test", transport }, { clock });
    const host = new MemoryHost();
    this.runtime = new SimulatedRuntime({ podCidr: "10.244.0.0/24", host, clock, random });
    this.#statuses = new StatusManager({ client, clock, logger });
    const facts = {
      name: "node-1",
      podCidr: "10.244.0.0/24",
      address: "10.0.0.1",
      port: 10250,
      cpu: "4",
      memory: "8Gi",
      ephemeralStorage: "100Gi",
      runtimeVersion: "coracle-sim://1",
      machineId: "m",
      architecture: "amd64",
    };
    this.agent = new NodeAgent(
      facts,
      { runtime: this.runtime, host, runtimeName: "coracle-sim" },
      {
        client,
        clock,
        random,
        logger,
        statuses: this.#statuses,
        references: new ReferencedObjects(client, clock),
        eventBudget: new EventBudget(clock),
        services: () => [],
      },
    );
  }

  status(): PodStatus {
    return this.#statuses.get("u") ?? {};
  }

  get patches() {
    return this.transport.requests.filter(({ path }) => path.endsWith("/status"));
  }

  get events(): string[] {
    return this.transport.requests
      .filter(({ method, path }) => method === "POST" && path.endsWith("/events"))
      .map(({ body }) => `${body.reason}: ${body.message}`);
  }

  /** Lets what is due happen, until `isDone`. */
  async until(isDone: () => boolean): Promise<void> {
    for (let turn = 0; turn < 2000 && !isDone(); turn++) {
      await this.clock.advance(0);
      await systemClock.sleep(1);
    }
    expect(isDone()).toBe(true);
  }
}

const podOf = (spec: Partial<Pod["spec"]>, metadata: Partial<Pod["metadata"]> = {}): Pod => ({
  kind: "Pod",
  apiVersion: "v1",
  metadata: {
    name: "web",
    namespace: "default",
    uid: "u",
    generation: 1,
    ...metadata,
  } as Pod["metadata"],
  spec: {
    nodeName: "node-1",
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    containers: [{ name: "web", image: "web:1" }],
    ...spec,
  },
  status: { phase: "Pending", qosClass: "BestEffort" },
});

const sh = (script: string) => [{ name: "c", image: "busybox", command: ["sh", "-c", script] }];
const stateOf = (status: PodStatus) => status.containerStatuses?.[0]?.state;

describe("pod worker", () => {
  beforeAll(async () => {
    // The interpreter is loaded when first used: not while a test counts its turns.
    await import("../cri/simulated/shell.ts");
  });

  it("tells one status for a Pod that starts at once", async () => {
    const scene = new Scene();
    scene.agent.put(podOf({}));
    await scene.until(() => scene.status().phase === "Running");
    await scene.until(() => scene.patches.length > 0);
    expect(scene.patches).toHaveLength(1);
    const status = scene.patches[0]?.body.status as PodStatus;
    expect(status.podIP).toBe("10.244.0.2");
    expect(status.containerStatuses?.[0]).toMatchObject({ ready: true, started: true });
    const told = Object.fromEntries((status.conditions ?? []).map((c) => [c.type, c.status]));
    expect(told).toEqual({
      PodReadyToStartContainers: "True",
      Initialized: "True",
      Ready: "True",
      ContainersReady: "True",
      PodScheduled: "True",
    });
    await scene.until(() => scene.events.length === 4);
    expect(scene.events.map((event) => event.split(":")[0])).toEqual([
      "Pulling",
      "Pulled",
      "Created",
      "Started",
    ]);
  });

  it("backs off from a container that keeps crashing", async () => {
    const scene = new Scene();
    scene.agent.put(podOf({ containers: sh("exit 3") }));
    const isWaiting = (text: string) => stateOf(scene.status())?.waiting?.message?.includes(text);
    await scene.until(() => isWaiting("back-off 10s restarting failed container=c") === true);
    expect(scene.status().containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { exitCode: 3, reason: "Error" } },
    });
    expect(scene.status().phase).toBe("Running");
    await scene.clock.advance(9_000);
    expect(scene.status().containerStatuses?.[0]?.restartCount).toBe(1);
    await scene.clock.advance(1_500);
    await scene.until(() => isWaiting("back-off 20s") === true);
    expect(scene.status().containerStatuses?.[0]?.restartCount).toBe(2);
  });

  it.each([
    ["Never", "exit 0", "Succeeded", "PodCompleted"],
    ["Never", "exit 1", "Failed", "PodFailed"],
    ["OnFailure", "exit 0", "Succeeded", "PodCompleted"],
  ] as const)(
    "ends with restartPolicy %s after %s as %s",
    async (policy, script, phase, reason) => {
      const scene = new Scene();
      scene.agent.put(podOf({ restartPolicy: policy, containers: sh(script) }));
      await scene.until(() => scene.status().phase === phase);
      const ready = scene.status().conditions?.find(({ type }) => type === "Ready");
      expect(ready).toMatchObject({ status: "False", reason });
    },
  );

  it("stops a deleted Pod, tells how it ended, and removes it", async () => {
    const scene = new Scene();
    scene.agent.put(podOf({}));
    await scene.until(() => scene.patches.length === 1);
    const deletion = {
      deletionTimestamp: "2026-01-01T00:00:30Z",
      deletionGracePeriodSeconds: 30,
      generation: 2,
    };
    const deleted = podOf({}, deletion);
    scene.agent.put(deleted);
    const removal = () => scene.transport.requests.find(({ method }) => method === "DELETE");
    await scene.until(() => removal() !== undefined);
    expect(removal()?.body).toMatchObject({ gracePeriodSeconds: 0, preconditions: { uid: "u" } });
    const last = scene.patches.at(-1)?.body.status as PodStatus;
    expect(last.phase).toBe("Succeeded");
    expect(stateOf(last)?.terminated).toMatchObject({ exitCode: 0, reason: "Completed" });
    scene.agent.remove(deleted);
    await scene.until(() => scene.agent.workers.size === 0);
    expect(await scene.runtime.listPodSandbox()).toEqual([]);
  });

  it("kills what does not stop within the grace period", async () => {
    const scene = new Scene();
    const annotations = { "coracle.dev/simulate.web": '{"ignoresStopSignal":true}' };
    scene.agent.put(podOf({}, { annotations }));
    await scene.until(() => scene.status().phase === "Running");
    const deletion = { deletionTimestamp: "x", deletionGracePeriodSeconds: 5, generation: 2 };
    scene.agent.put(podOf({}, { annotations, ...deletion }));
    await scene.until(() => scene.events.some((event) => event.startsWith("Killing")));
    await scene.clock.advance(4_900);
    expect(stateOf(scene.status())?.running).toBeDefined();
    await scene.clock.advance(200);
    const last = () => scene.patches.at(-1)?.body.status as PodStatus;
    await scene.until(() => last().phase === "Failed");
    expect(stateOf(last())?.terminated?.exitCode).toBe(137);
  });

  it("starts a Pod again whose runtime has been lost, and counts that", async () => {
    const scene = new Scene();
    const pod = podOf({});
    const running = { state: { running: { startedAt: "2026-01-01T00:00:00Z" } } };
    pod.status = {
      phase: "Running",
      containerStatuses: [
        {
          name: "web",
          ready: true,
          restartCount: 2,
          image: "web:1",
          imageID: "",
          containerID: "coracle-sim://lost",
          ...running,
        },
      ],
    };
    scene.agent.put(pod);
    await scene.until(() => stateOf(scene.status())?.running !== undefined);
    expect(scene.status().containerStatuses?.[0]).toMatchObject({
      restartCount: 3,
      lastState: { terminated: { exitCode: 137, reason: "ContainerStatusUnknown" } },
    });
  });

  it("leaves a finished Pod finished", async () => {
    const scene = new Scene();
    const pod = podOf({ restartPolicy: "Never" });
    pod.status = { phase: "Succeeded" };
    scene.agent.put(pod);
    await scene.clock.advance(60_000);
    expect(scene.patches).toEqual([]);
    expect(await scene.runtime.listPodSandbox()).toEqual([]);
  });

  it("says which image cannot be pulled, and waits before it tries again", async () => {
    const scene = new Scene();
    scene.agent.put(podOf({ containers: [{ name: "c", image: "invalid/x:1" }] }));
    await scene.until(() => stateOf(scene.status())?.waiting?.reason === "ErrImagePull");
    await scene.clock.advance(1);
    expect(scene.status().phase).toBe("Pending");
    expect(scene.events).toContain("Failed: Error: ErrImagePull");
  });

  it("ends a Pod that has been active for too long", async () => {
    const scene = new Scene();
    scene.agent.put(podOf({ activeDeadlineSeconds: 60 }));
    await scene.until(() => scene.status().phase === "Running");
    await scene.clock.advance(61_000);
    await scene.until(() => scene.status().phase === "Failed");
    expect(scene.status()).toMatchObject({
      reason: "DeadlineExceeded",
      message: "Pod was active on the node longer than the specified deadline",
    });
  });

  it("restarts only the container whose image has changed", async () => {
    const scene = new Scene();
    const containers = [
      { name: "log", image: "log:1" },
      { name: "web", image: "web:1" },
    ];
    scene.agent.put(podOf({ containers }));
    await scene.until(() => scene.status().phase === "Running");
    const [log, web] = scene.status().containerStatuses ?? [];
    const changed = containers.map((each) =>
      each.name === "web" ? { ...each, image: "web:2" } : each,
    );
    scene.agent.put(podOf({ containers: changed }, { generation: 2 }));
    await scene.until(() => scene.status().containerStatuses?.[1]?.image === "web:2");
    const [logNow, webNow] = scene.status().containerStatuses ?? [];
    expect(logNow?.containerID).toBe(log?.containerID);
    expect(webNow?.containerID).not.toBe(web?.containerID);
    expect(webNow?.restartCount).toBe(1);
  });
});
