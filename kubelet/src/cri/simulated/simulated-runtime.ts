// A CRI runtime without containers: everything that the kubelet can see of one (sandboxes, states, exit codes, logs, exec, mounts,
// figures) really happens, in this process; what an image does is declared (image-catalog.ts).
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Random } from "@coracle/shared/runtime/random";
import { parseImageReference } from "../image-reference.ts";
import {
  type Container,
  type ContainerConfig,
  type ContainerEvent,
  type ContainerFilter,
  type ContainerStats,
  type ContainerStatus,
  type ExecRequest,
  type ExecSyncResponse,
  type ForwardedConnection,
  type Image,
  type PodSandbox,
  type PodSandboxConfig,
  type PodSandboxFilter,
  type PodSandboxStatus,
  type ProcessStreams,
  type Runtime,
  RuntimeError,
} from "../runtime.ts";
import { AddressPool } from "./address-pool.ts";
import { execIn, startFailure, startMain } from "./commands.ts";
import { SimulatedContainer } from "./container.ts";
import { serveForwarded } from "./forwarded-port.ts";
import {
  behaviourOf,
  canonicalName,
  digestOf,
  imageOf,
  pullFailure,
  sizeOf,
} from "./image-catalog.ts";
import type { MemoryHost } from "./memory-host.ts";
import { statsOf } from "./stats.ts";

/** By it, and nothing else, the kubelet looks for a Pod's sandboxes: it has an index. */
const POD_UID_LABEL = "io.kubernetes.pod.uid";

export const RUNTIME_NAME = "coracle-sim";
export const RUNTIME_VERSION = "0.1.0";

interface Sandbox {
  id: string;
  /** The infra ("pause") container: it holds the Pod's address while the others come and go. */
  infraContainerId: string;
  config: PodSandboxConfig;
  ip: string;
  state: "SANDBOX_READY" | "SANDBOX_NOTREADY";
  createdAt: number;
  containers: Set<SimulatedContainer>;
}

export interface SimulatedRuntimeOptions {
  podCidr: string;
  host: MemoryHost;
  clock: Clock;
  random: Random;
}

export class SimulatedRuntime implements Runtime {
  readonly #options: SimulatedRuntimeOptions;
  readonly #addresses: AddressPool;
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #sandboxesOfPods = new Map<string, Set<Sandbox>>();
  readonly #containers = new Map<string, SimulatedContainer>();
  readonly #images = new Set<string>();
  readonly #listeners = new Set<(event: ContainerEvent) => void>();

  constructor(options: SimulatedRuntimeOptions) {
    this.#options = options;
    this.#addresses = new AddressPool(options.podCidr);
  }

  async version() {
    return {
      runtimeName: RUNTIME_NAME,
      runtimeVersion: RUNTIME_VERSION,
      runtimeApiVersion: "v1",
    };
  }

  async status() {
    const types = ["RuntimeReady", "NetworkReady"] as const;
    return {
      conditions: types.map((type) => ({ type, status: true, reason: "", message: "" })),
    };
  }

  async runPodSandbox(config: PodSandboxConfig): Promise<string> {
    const ip = config.hostNetwork ? "" : this.#addresses.allocate();
    if (ip === undefined) {
      throw new RuntimeError(
        "Unknown",
        `failed to setup network for sandbox: plugin type="coracle-sim" failed (add): failed to allocate for range 0: no IP addresses available in range set: ${this.#options.podCidr}`,
      );
    }
    const id = this.#newId();
    const sandbox: Sandbox = {
      id,
      infraContainerId: id,
      config,
      ip,
      state: "SANDBOX_READY",
      createdAt: this.#options.clock.now(),
      containers: new Set(),
    };
    this.#sandboxes.set(id, sandbox);
    const { uid } = config.metadata;
    const ofPod = this.#sandboxesOfPods.get(uid);
    if (ofPod === undefined) this.#sandboxesOfPods.set(uid, new Set([sandbox]));
    else ofPod.add(sandbox);
    return id;
  }

  async stopPodSandbox(podSandboxId: string): Promise<void> {
    const sandbox = this.#sandboxes.get(podSandboxId);
    if (sandbox === undefined) return;
    for (const container of sandbox.containers) container.process?.kill("SIGKILL");
    if (sandbox.state === "SANDBOX_NOTREADY") return;
    sandbox.state = "SANDBOX_NOTREADY";
    if (sandbox.ip !== "") this.#addresses.release(sandbox.ip);
    sandbox.ip = "";
  }

  async removePodSandbox(podSandboxId: string): Promise<void> {
    const sandbox = this.#sandboxes.get(podSandboxId);
    if (sandbox === undefined) return;
    await this.stopPodSandbox(podSandboxId);
    for (const container of [...sandbox.containers]) await this.removeContainer(container.id);
    this.#sandboxes.delete(podSandboxId);
    const { uid } = sandbox.config.metadata;
    const ofPod = this.#sandboxesOfPods.get(uid);
    ofPod?.delete(sandbox);
    if (ofPod?.size === 0) this.#sandboxesOfPods.delete(uid);
  }

  async podSandboxStatus(podSandboxId: string): Promise<PodSandboxStatus> {
    const sandbox = this.#sandbox(podSandboxId);
    return {
      ...sandboxOf(sandbox),
      network: { ip: sandbox.ip },
      hostNetwork: sandbox.config.hostNetwork === true,
    };
  }

  async listPodSandbox(filter: PodSandboxFilter = {}): Promise<PodSandbox[]> {
    const found: PodSandbox[] = [];
    const uid = filter.labelSelector?.[POD_UID_LABEL];
    const candidates =
      uid === undefined ? this.#sandboxes.values() : (this.#sandboxesOfPods.get(uid) ?? []);
    for (const sandbox of candidates) {
      if (filter.id !== undefined && filter.id !== sandbox.id) continue;
      if (filter.state !== undefined && filter.state !== sandbox.state) continue;
      if (matches(sandbox.config.labels, filter.labelSelector)) found.push(sandboxOf(sandbox));
    }
    return found;
  }

  async createContainer(podSandboxId: string, config: ContainerConfig): Promise<string> {
    const sandbox = this.#sandbox(podSandboxId);
    if (sandbox.state !== "SANDBOX_READY") {
      throw new RuntimeError("FailedPrecondition", `sandbox ${podSandboxId} is not running`);
    }
    const { name } = config.metadata;
    let image: ReturnType<typeof behaviourOf>;
    try {
      image = behaviourOf(config.image, name, sandbox.config.annotations);
    } catch (error) {
      throw new RuntimeError(
        "Unknown",
        `coracle.dev/simulate.${name}: ${(error as Error).message}`,
      );
    }
    const container = new SimulatedContainer(
      {
        id: this.#newId(),
        sandbox: {
          id: sandbox.id,
          uid: sandbox.config.metadata.uid,
          hostname: sandbox.config.hostname,
          ip: sandbox.ip,
          logDirectory: sandbox.config.logDirectory,
        },
        config,
        image,
      },
      this.#options,
    );
    this.#containers.set(container.id, container);
    sandbox.containers.add(container);
    this.#tell("CONTAINER_CREATED_EVENT", container);
    return container.id;
  }

  async startContainer(containerId: string): Promise<void> {
    const container = this.#container(containerId);
    if (container.state !== "CONTAINER_CREATED") {
      throw new RuntimeError("FailedPrecondition", `container is in ${container.state} state`);
    }
    const failure = await startFailure(container);
    if (failure !== undefined) {
      container.finish(128, "StartError", failure);
      throw new RuntimeError("Unknown", failure);
    }
    container.start(
      (process) => startMain(container, process, this.#options.clock),
      () => this.#tell("CONTAINER_STOPPED_EVENT", container),
    );
    this.#tell("CONTAINER_STARTED_EVENT", container);
  }

  async stopContainer(containerId: string, timeoutSeconds: number): Promise<void> {
    const process = this.#containers.get(containerId)?.process;
    if (process === undefined || process.exitCode !== undefined) return;
    if (timeoutSeconds > 0) {
      process.kill("SIGTERM");
      if (process.exitCode === undefined) {
        const timer = this.#options.clock.setTimer(timeoutSeconds * 1000, () =>
          process.kill("SIGKILL"),
        );
        await process.exited;
        timer.cancel();
      }
    }
    process.kill("SIGKILL");
    await process.exited;
  }

  async removeContainer(containerId: string): Promise<void> {
    const container = this.#containers.get(containerId);
    if (container === undefined) return;
    await this.stopContainer(containerId, 0);
    this.#containers.delete(containerId);
    this.#sandboxes.get(container.sandbox.id)?.containers.delete(container);
    this.#options.host.removeLog(container.logPath);
    this.#tell("CONTAINER_DELETED_EVENT", container);
  }

  async listContainers(filter: ContainerFilter = {}): Promise<Container[]> {
    return this.#select(filter).map((container) => container.status());
  }

  async containerStatus(containerId: string): Promise<ContainerStatus> {
    return this.#container(containerId).status();
  }

  async containerStats(containerId: string): Promise<ContainerStats> {
    return statsOf(this.#container(containerId), this.#options.clock.now());
  }

  async listContainerStats(filter: ContainerFilter = {}): Promise<ContainerStats[]> {
    const nowMs = this.#options.clock.now();
    return this.#select({ ...filter, state: "CONTAINER_RUNNING" }).map((container) =>
      statsOf(container, nowMs),
    );
  }

  async execSync(
    containerId: string,
    cmd: readonly string[],
    timeoutSeconds: number,
  ): Promise<ExecSyncResponse> {
    const stdout: Uint8Array[] = [];
    const stderr: Uint8Array[] = [];
    const controller = new AbortController();
    const timer =
      timeoutSeconds > 0
        ? this.#options.clock.setTimer(timeoutSeconds * 1000, () => controller.abort())
        : undefined;
    const exitCode = await this.exec(
      { containerId, cmd, tty: false },
      {
        stdout: (chunk) => stdout.push(chunk),
        stderr: (chunk) => stderr.push(chunk),
        signal: controller.signal,
      },
    );
    timer?.cancel();
    if (controller.signal.aborted) {
      const command = JSON.stringify(cmd.join(" "));
      throw new RuntimeError(
        "DeadlineExceeded",
        `command ${command} timed out: timeout ${timeoutSeconds}s exceeded: context deadline exceeded`,
      );
    }
    return { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr), exitCode };
  }

  exec(request: ExecRequest, streams: ProcessStreams): Promise<number> {
    return execIn(this.#container(request.containerId), request, streams, this.#options.clock);
  }

  attach(containerId: string, streams: ProcessStreams): Promise<void> {
    return this.#container(containerId).attach(streams);
  }

  async portForward(
    podSandboxId: string,
    port: number,
    connection: ForwardedConnection,
  ): Promise<void> {
    const { containers } = this.#sandbox(podSandboxId);
    await serveForwarded([...containers], port, connection, this.#options.clock);
  }

  getContainerEvents(listener: (event: ContainerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async imageStatus(image: string): Promise<Image | undefined> {
    const name = parseImageReference(image)?.name;
    return name !== undefined && this.#images.has(name) ? imageFacts(name) : undefined;
  }

  async pullImage(image: string): Promise<string> {
    const reference = parseImageReference(image);
    if (reference === undefined) {
      throw new RuntimeError("Unknown", `failed to parse image reference "${image}"`);
    }
    const failure = pullFailure(reference);
    if (failure !== undefined) {
      throw new RuntimeError("NotFound", `rpc error: code = NotFound desc = ${failure}`);
    }
    const { pullSeconds } = imageOf(image);
    if (pullSeconds) await this.#options.clock.sleep(pullSeconds * 1000);
    this.#images.add(reference.name);
    return imageFacts(reference.name).id;
  }

  async listImages(): Promise<Image[]> {
    return [...this.#images].map(imageFacts);
  }

  async removeImage(image: string): Promise<void> {
    this.#images.delete(parseImageReference(image)?.name ?? image);
  }

  #select(filter: ContainerFilter): SimulatedContainer[] {
    const { id, podSandboxId, state, labelSelector } = filter;
    const candidates =
      podSandboxId === undefined
        ? this.#containers.values()
        : (this.#sandboxes.get(podSandboxId)?.containers.values() ?? []);
    const found: SimulatedContainer[] = [];
    for (const container of candidates) {
      if (id !== undefined && id !== container.id) continue;
      if (state !== undefined && state !== container.state) continue;
      if (matches(container.config.labels, labelSelector)) found.push(container);
    }
    return found;
  }

  #sandbox(id: string): Sandbox {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) {
      throw new RuntimeError("NotFound", `an error occurred when try to find sandbox: not found`);
    }
    return sandbox;
  }

  #container(id: string): SimulatedContainer {
    const container = this.#containers.get(id);
    if (container === undefined) {
      throw new RuntimeError(
        "NotFound",
        `an error occurred when try to find container "${id}": not found`,
      );
    }
    return container;
  }

  #tell(type: ContainerEvent["type"], container: SimulatedContainer): void {
    if (this.#listeners.size === 0) return;
    const event: ContainerEvent = {
      type,
      containerId: container.id,
      podSandboxId: container.sandbox.id,
      podUid: container.sandbox.uid,
      createdAt: this.#options.clock.now(),
    };
    for (const listener of this.#listeners) listener(event);
  }

  /** 64 hexadecimal digits, as containerd's. */
  #newId(): string {
    const { random } = this.#options;
    return `${random.uuid()}${random.uuid()}`.replaceAll("-", "");
  }
}

function imageFacts(name: string): Image {
  const full = canonicalName(name);
  const digest = digestOf(full);
  const repository = full.replace(/(:[^:/@]+)?(@.*)?$/, "");
  return {
    id: `${repository}@${digest}`,
    repoTags: [full],
    repoDigests: [`${repository}@${digest}`],
    sizeBytes: sizeOf(full),
  };
}

const sandboxOf = (sandbox: Sandbox): PodSandbox => ({
  id: sandbox.id,
  metadata: sandbox.config.metadata,
  state: sandbox.state,
  createdAt: sandbox.createdAt,
  labels: sandbox.config.labels,
  annotations: sandbox.config.annotations,
});

function matches(labels: Record<string, string>, selector?: Record<string, string>): boolean {
  if (selector === undefined) return true;
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}
