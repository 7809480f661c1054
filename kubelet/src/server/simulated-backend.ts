// For this folder's tests: one Pod in the simulated runtime, behind the interface that the server asks.
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { type Clock, formatTime } from "@coracle/shared/runtime/clock";
import type { Random } from "@coracle/shared/runtime/random";
import type { ContainerConfig } from "../cri/runtime.ts";
import { MemoryHost } from "../cri/simulated/memory-host.ts";
import { SimulatedRuntime } from "../cri/simulated/simulated-runtime.ts";
import {
  type ContainerReference,
  type KubeletBackend,
  KubeletError,
  type LocatedContainer,
  type LocatedSandbox,
  type NodeFigures,
  type PodReference,
  type ReadLog,
} from "./backend.ts";
import { podDoesNotExist } from "./backend-errors.ts";

export interface SimulatedPod {
  namespace: string;
  name: string;
  uid: string;
}

const NODE_NAME = "node-1";

export class SimulatedBackend implements KubeletBackend {
  readonly runtime: SimulatedRuntime;
  readonly #host = new MemoryHost();
  readonly #clock: Clock;
  readonly #pod: SimulatedPod;
  readonly #containers = new Map<string, { id: string; tty: boolean }>();
  #sandboxId = "";

  constructor(pod: SimulatedPod, machine: { clock: Clock; random: Random }) {
    this.#pod = pod;
    this.#clock = machine.clock;
    this.runtime = new SimulatedRuntime({
      podCidr: "10.244.0.0/24",
      host: this.#host,
      ...machine,
    });
  }

  async start(name: string, config: Partial<ContainerConfig> = {}): Promise<string> {
    const { namespace, name: pod, uid } = this.#pod;
    if (this.#sandboxId === "") {
      this.#sandboxId = await this.runtime.runPodSandbox({
        metadata: { name: pod, uid, namespace, attempt: 0 },
        hostname: pod,
        logDirectory: `/var/log/pods/${namespace}_${pod}_${uid}`,
        labels: {},
        annotations: {},
      });
    }
    const image = config.image ?? "busybox:1.36";
    const id = await this.runtime.createContainer(this.#sandboxId, {
      metadata: { name, attempt: 0 },
      image,
      imageRef: await this.runtime.pullImage(image),
      command: [],
      args: [],
      workingDir: "",
      envs: [],
      mounts: [],
      labels: {},
      annotations: {},
      logPath: `${name}/0.log`,
      stdin: false,
      stdinOnce: false,
      tty: false,
      ports: [80],
      resources: { cpuLimitMilli: 0, memoryLimitBytes: 0 },
      ...config,
    });
    await this.runtime.startContainer(id);
    this.#containers.set(name, { id, tty: config.tty === true });
    return id;
  }

  async findContainer(reference: ContainerReference): Promise<LocatedContainer | undefined> {
    this.#check(reference);
    const found = this.#containers.get(reference.container);
    if (found === undefined) return undefined;
    const { state } = await this.runtime.containerStatus(found.id);
    if (state !== "CONTAINER_RUNNING") return undefined;
    return { runtime: this.runtime, containerId: found.id, tty: found.tty };
  }

  async findSandbox(reference: PodReference): Promise<LocatedSandbox | undefined> {
    this.#check(reference);
    return { runtime: this.runtime, podSandboxId: this.#sandboxId, podUid: this.#pod.uid };
  }

  async findLog(reference: ContainerReference, previous: boolean): Promise<ReadLog> {
    this.#check(reference);
    const { container, pod } = reference;
    const found = this.#containers.get(container);
    if (found === undefined || previous) {
      throw new KubeletError(
        400,
        `previous terminated container "${container}" in pod "${pod}" not found`,
      );
    }
    const { logPath } = await this.runtime.containerStatus(found.id);
    return (options) => {
      const log = this.#host.readLog(logPath, options);
      if (log === undefined) throw new KubeletError(500, `no log at ${logPath}`);
      return log;
    };
  }

  pods(): readonly Pod[] {
    const { namespace, name, uid } = this.#pod;
    const creationTimestamp = formatTime(this.#clock.now());
    const metadata = { namespace, name, uid, creationTimestamp };
    return [
      { kind: "Pod", apiVersion: "v1", metadata, spec: { containers: [] } } as unknown as Pod,
    ];
  }

  async figures({ node }: { node: string | null }): Promise<NodeFigures | undefined> {
    if (node !== null && node !== NODE_NAME) return undefined;
    const { namespace, name, uid } = this.#pod;
    const startedAt = this.#clock.now();
    const stats = await this.runtime.listContainerStats();
    const containers = stats.map((one) => ({ name: one.metadata.name, startedAt, stats: one }));
    return {
      nodeName: NODE_NAME,
      startedAt,
      memoryCapacityBytes: 8 * 1024 ** 3,
      pods: [{ namespace, pod: name, uid, startedAt, containers }],
    };
  }

  metricsText(): string {
    return "kubelet_running_pods 1\n";
  }

  #check({ namespace, pod, uid }: PodReference): void {
    const known = this.#pod;
    if (namespace === known.namespace && pod === known.name && (uid === "" || uid === known.uid))
      return;
    throw podDoesNotExist();
  }
}
