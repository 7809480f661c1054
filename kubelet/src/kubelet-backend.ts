// What the server asks of the kubelet, answered from the nodes' workers and runtimes.
import type { Container, Pod } from "@coracle/shared/api/types/core-v1";
import { value } from "@coracle/shared/machinery/quantity";
import type { Clock } from "@coracle/shared/runtime/clock";
import { parseTime } from "@coracle/shared/runtime/clock";
import type { NodeAgent } from "./node/node-agent.ts";
import { observePod } from "./pods/observed-pod.ts";
import {
  type ContainerReference,
  type KubeletBackend,
  KubeletError,
  type LocatedContainer,
  type LocatedSandbox,
  type NodeFigures,
  type PodFigures,
  type PodReference,
  type ReadLog,
} from "./server/backend.ts";
import { loggedContainerId, podDoesNotExist } from "./server/backend-errors.ts";

export class NodesBackend implements KubeletBackend {
  readonly #nodes: ReadonlyMap<string, NodeAgent>;
  readonly #startedAt: number;

  constructor(nodes: ReadonlyMap<string, NodeAgent>, clock: Clock) {
    this.#nodes = nodes;
    this.#startedAt = clock.now();
  }

  async findContainer(reference: ContainerReference): Promise<LocatedContainer | undefined> {
    const { node, pod } = this.#find(reference);
    const { runtime } = node.services;
    const { containers } = await observePod(runtime, pod.metadata.uid);
    const running = containers.find(
      ({ name, state }) => name === reference.container && state === "CONTAINER_RUNNING",
    );
    if (running === undefined) return undefined;
    const spec = allContainers(pod).find(({ name }) => name === reference.container);
    return { runtime, containerId: running.id, tty: spec?.tty === true };
  }

  async findSandbox(reference: PodReference): Promise<LocatedSandbox | undefined> {
    const { node, pod } = this.#find(reference);
    const { runtime } = node.services;
    const { uid } = pod.metadata;
    const { sandboxes } = await observePod(runtime, uid);
    const ready = sandboxes.find(({ isReady }) => isReady);
    return ready === undefined ? undefined : { runtime, podSandboxId: ready.id, podUid: uid };
  }

  async findLog(reference: ContainerReference, previous: boolean): Promise<ReadLog> {
    const { node, pod } = this.#find(reference);
    const { statuses, runtime, host } = node.services;
    const status = statuses.get(pod.metadata.uid) ?? pod.status;
    const id = loggedContainerId({ ...pod, status }, reference.container, previous);
    const { containers } = await observePod(runtime, pod.metadata.uid);
    const path = containers.find((container) => id.endsWith(`://${container.id}`))?.logPath;
    const lost = new KubeletError(400, `unable to retrieve container logs for ${id}`);
    if (path === undefined) throw lost;
    return (options) => host.readLog(path, options) ?? empty();
  }

  pods(): readonly Pod[] {
    return [...this.#nodes.values()].flatMap((node) =>
      [...node.workers.values()].map(({ pod }) => ({
        ...pod,
        status: node.services.statuses.get(pod.metadata.uid) ?? pod.status,
      })),
    );
  }

  async figures({
    node: name,
    address,
  }: {
    node: string | null;
    address: string | undefined;
  }): Promise<NodeFigures | undefined> {
    const nodes = [...this.#nodes.values()];
    const found =
      name === null
        ? (nodes.find(({ facts }) => facts.address === address) ?? nodes[0])
        : this.#nodes.get(name);
    return found && this.#figuresOf(found);
  }

  metricsText(): string {
    const lines = [
      "# HELP kubelet_running_pods Number of pods that have a running pod sandbox",
      "# TYPE kubelet_running_pods gauge",
    ];
    for (const [name, { workers }] of this.#nodes) {
      const running = [...workers.values()].filter(({ isRunning }) => isRunning).length;
      lines.push(`kubelet_running_pods{node=${JSON.stringify(name)}} ${running}`);
    }
    return `${lines.join("\n")}\n`;
  }

  async #figuresOf({ facts, workers, services }: NodeAgent): Promise<NodeFigures> {
    const pods: PodFigures[] = [];
    const stats = await services.runtime.listContainerStats();
    for (const { pod } of workers.values()) {
      const { name, namespace = "", uid } = pod.metadata;
      const { containers } = await observePod(services.runtime, uid);
      const figures = stats.flatMap((each) => {
        const container = containers.find(({ id }) => id === each.id);
        if (container === undefined) return [];
        return [{ name: container.name, startedAt: container.startedAt, stats: each }];
      });
      if (figures.length === 0) continue;
      const startedAt = parseTime(pod.status.startTime) ?? this.#startedAt;
      pods.push({ namespace, pod: name, uid, startedAt, containers: figures });
    }
    return {
      nodeName: facts.name,
      startedAt: this.#startedAt,
      memoryCapacityBytes: value(facts.memory),
      pods,
    };
  }

  #find({ namespace, pod: name, uid }: PodReference): { node: NodeAgent; pod: Pod } {
    for (const node of this.#nodes.values()) {
      const worker = uid === "" ? node.find(namespace, name) : node.workers.get(uid);
      if (worker !== undefined) return { node, pod: worker.pod };
    }
    throw podDoesNotExist(name);
  }
}

const allContainers = ({ spec }: Pod): Container[] =>
  [
    ...(spec.initContainers ?? []),
    ...spec.containers,
    ...(spec.ephemeralContainers ?? []),
  ] as Container[];

async function* empty(): AsyncGenerator<never> {}
