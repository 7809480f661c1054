// The CRI v1 contract (k8s.io/cri-api/pkg/apis/runtime/v1) in TypeScript: the only way to a container. Calls, messages and fields
// keep CRI's names; a runtime is either in this process (simulated) or behind gRPC (containerd), so every call is a promise.
// Two things differ from the wire: times are milliseconds since the epoch, and Exec, Attach and PortForward take streams instead of
// returning the URL of a streaming server.

export type PodSandboxState = "SANDBOX_READY" | "SANDBOX_NOTREADY";

export type ContainerState =
  | "CONTAINER_CREATED"
  | "CONTAINER_RUNNING"
  | "CONTAINER_EXITED"
  | "CONTAINER_UNKNOWN";

export interface PodSandboxMetadata {
  name: string;
  uid: string;
  namespace: string;
  attempt: number;
}

export interface PodSandboxConfig {
  metadata: PodSandboxMetadata;
  hostname: string;
  /** Host directory of the containers' logs. */
  logDirectory: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** The Pod shares the node's network: the sandbox gets no address of its own. */
  hostNetwork?: boolean;
}

export interface PodSandbox {
  id: string;
  metadata: PodSandboxMetadata;
  state: PodSandboxState;
  createdAt: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface PodSandboxStatus extends PodSandbox {
  /** `ip` is "" when the Pod uses the node's network, or when the sandbox has been stopped. */
  network: { ip: string };
  hostNetwork: boolean;
}

export interface ContainerMetadata {
  name: string;
  attempt: number;
}

export interface Mount {
  containerPath: string;
  hostPath: string;
  readonly: boolean;
}

export interface ContainerConfig {
  metadata: ContainerMetadata;
  /** As asked for, e.g. `web:1`. */
  image: string;
  /** What PullImage or ImageStatus answered. */
  imageRef: string;
  /** Empty: the image's own. */
  command: readonly string[];
  args: readonly string[];
  workingDir: string;
  envs: readonly { key: string; value: string }[];
  mounts: readonly Mount[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** Below the sandbox's logDirectory. */
  logPath: string;
  stdin: boolean;
  stdinOnce: boolean;
  tty: boolean;
  /** Ports that the Pod declares for this container (CRI has them on the sandbox, as mappings). */
  ports: readonly number[];
  resources: LinuxContainerResources;
}

export interface LinuxContainerResources {
  /** Thousandths of a CPU; 0 is no limit. */
  cpuLimitMilli: number;
  /** Bytes; 0 is no limit. */
  memoryLimitBytes: number;
}

export interface Container {
  id: string;
  podSandboxId: string;
  metadata: ContainerMetadata;
  image: string;
  imageRef: string;
  state: ContainerState;
  createdAt: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface ContainerStatus extends Container {
  /** 0 before it started. */
  startedAt: number;
  /** 0 before it exited. */
  finishedAt: number;
  exitCode: number;
  /** `Completed`, `Error`, `OOMKilled`, `StartError`, … once it exited. */
  reason: string;
  message: string;
  mounts: readonly Mount[];
  logPath: string;
}

export interface ContainerFilter {
  id?: string;
  podSandboxId?: string;
  state?: ContainerState;
  labelSelector?: Record<string, string>;
}

export interface PodSandboxFilter {
  id?: string;
  state?: PodSandboxState;
  labelSelector?: Record<string, string>;
}

export interface ContainerStats {
  id: string;
  metadata: ContainerMetadata;
  timestamp: number;
  cpuUsageNanoCores: number;
  cpuUsageCoreNanoSeconds: number;
  memoryWorkingSetBytes: number;
}

export interface Image {
  id: string;
  repoTags: readonly string[];
  repoDigests: readonly string[];
  sizeBytes: number;
}

export interface ContainerEvent {
  type:
    | "CONTAINER_CREATED_EVENT"
    | "CONTAINER_STARTED_EVENT"
    | "CONTAINER_STOPPED_EVENT"
    | "CONTAINER_DELETED_EVENT";
  containerId: string;
  podSandboxId: string;
  podUid: string;
  createdAt: number;
}

export interface TerminalSize {
  width: number;
  height: number;
}

/** The client's side of Exec and Attach. An absent function means that the client does not want that stream. */
export interface ProcessStreams {
  stdin?: AsyncIterable<Uint8Array>;
  stdout?: (chunk: Uint8Array) => void;
  stderr?: (chunk: Uint8Array) => void;
  resize?: AsyncIterable<TerminalSize>;
  /** Aborted when the client is gone: an exec'd process is killed, an attached one goes on. */
  signal: AbortSignal;
}

/** The client's side of one forwarded connection. */
export interface ForwardedConnection {
  input: AsyncIterable<Uint8Array>;
  write(chunk: Uint8Array): void;
  signal: AbortSignal;
}

export interface ExecRequest {
  containerId: string;
  cmd: readonly string[];
  tty: boolean;
}

export interface ExecSyncResponse {
  stdout: Uint8Array;
  stderr: Uint8Array;
  exitCode: number;
}

export interface VersionResponse {
  runtimeName: string;
  runtimeVersion: string;
  runtimeApiVersion: string;
}

export interface RuntimeCondition {
  type: "RuntimeReady" | "NetworkReady";
  status: boolean;
  reason: string;
  message: string;
}

/** A call that failed. `code` is gRPC's name: "NotFound" is the one that callers tell apart. */
export class RuntimeError extends Error {
  readonly code: "NotFound" | "Unknown" | "FailedPrecondition" | "DeadlineExceeded";

  constructor(code: RuntimeError["code"], message: string) {
    super(message);
    this.name = "RuntimeError";
    this.code = code;
  }
}

/** Calls throw RuntimeError. Stop and Remove are idempotent: an absent sandbox or container is no error. */
export interface RuntimeService {
  version(): Promise<VersionResponse>;
  status(): Promise<{ conditions: readonly RuntimeCondition[] }>;

  /** Starts the infra container and gives the Pod its address. Answers the sandbox's id. */
  runPodSandbox(config: PodSandboxConfig): Promise<string>;
  /** Stops what still runs in it (no grace) and takes back its address. */
  stopPodSandbox(podSandboxId: string): Promise<void>;
  removePodSandbox(podSandboxId: string): Promise<void>;
  podSandboxStatus(podSandboxId: string): Promise<PodSandboxStatus>;
  listPodSandbox(filter?: PodSandboxFilter): Promise<PodSandbox[]>;

  createContainer(podSandboxId: string, config: ContainerConfig): Promise<string>;
  startContainer(containerId: string): Promise<void>;
  /** Sends the stop signal, and kills after `timeoutSeconds`; 0 kills at once. Resolves when it has stopped. */
  stopContainer(containerId: string, timeoutSeconds: number): Promise<void>;
  removeContainer(containerId: string): Promise<void>;
  listContainers(filter?: ContainerFilter): Promise<Container[]>;
  containerStatus(containerId: string): Promise<ContainerStatus>;
  containerStats(containerId: string): Promise<ContainerStats>;
  listContainerStats(filter?: ContainerFilter): Promise<ContainerStats[]>;

  /** `timeoutSeconds` 0: none. A timeout is a RuntimeError with code DeadlineExceeded. */
  execSync(
    containerId: string,
    cmd: readonly string[],
    timeoutSeconds: number,
  ): Promise<ExecSyncResponse>;
  /** Resolves with the exit code when the process has ended and its output has been handed over. */
  exec(request: ExecRequest, streams: ProcessStreams): Promise<number>;
  /** Resolves when the container has stopped or the client has gone. */
  attach(containerId: string, streams: ProcessStreams): Promise<void>;
  /** Resolves when the connection is over. */
  portForward(podSandboxId: string, port: number, connection: ForwardedConnection): Promise<void>;

  /** CRI's GetContainerEvents. Answers a function that ends the subscription. */
  getContainerEvents(listener: (event: ContainerEvent) => void): () => void;
}

export interface ImageService {
  /** Undefined when the image is not on the node. */
  imageStatus(image: string): Promise<Image | undefined>;
  /** Answers the image's reference. */
  pullImage(image: string): Promise<string>;
  listImages(): Promise<Image[]>;
  removeImage(image: string): Promise<void>;
}

export type Runtime = RuntimeService & ImageService;
