// What the kubelet's server asks of the kubelet: where a container is, what it wrote, and figures. The server knows HTTP and
// streams; the kubelet knows Pods.
import type { Pod } from "@coracle/shared/api/types/core-v1";
import type { LogEntry } from "../cri/host.ts";
import type { ContainerStats, RuntimeService } from "../cri/runtime.ts";

export interface PodReference {
  namespace: string;
  pod: string;
  /** "" is any Pod of that name. */
  uid: string;
}

export interface ContainerReference extends PodReference {
  container: string;
}

/** A running container. */
export interface LocatedContainer {
  runtime: RuntimeService;
  containerId: string;
  /** As its Pod declares it: an attached client gets one stream of output. */
  tty: boolean;
}

export interface LocatedSandbox {
  runtime: RuntimeService;
  podSandboxId: string;
  podUid: string;
}

/** One container's log: `Host.readLog` with the path filled in. */
export type ReadLog = (options: {
  follow: boolean;
  signal: AbortSignal;
}) => AsyncIterable<readonly LogEntry[]>;

export interface ContainerFigures {
  name: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
  stats: ContainerStats;
}

export interface PodFigures {
  namespace: string;
  pod: string;
  uid: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
  containers: readonly ContainerFigures[];
}

export interface NodeFigures {
  nodeName: string;
  startedAt: number;
  memoryCapacityBytes: number;
  pods: readonly PodFigures[];
}

/** A request that the kubelet refuses, in upstream's words; its code is the answer's. */
export class KubeletError extends Error {
  readonly code: 400 | 404 | 422 | 500;

  constructor(code: KubeletError["code"], message: string) {
    super(message);
    this.name = "KubeletError";
    this.code = code;
  }
}

/** Each look-up throws KubeletError; `backend-errors.ts` has upstream's words. */
export interface KubeletBackend {
  /** For exec and attach. Undefined: no such container (init and ephemeral ones count) is running. Throws podDoesNotExist(). */
  findContainer(reference: ContainerReference): Promise<LocatedContainer | undefined>;
  /** For port-forward. Undefined: the Pod has no ready sandbox. Throws podDoesNotExist(). */
  findSandbox(reference: PodReference): Promise<LocatedSandbox | undefined>;
  /**
   * The log of the container that runs, or of the last one that ran; with `previous`, of the one before it.
   * Throws podDoesNotExist(), or what loggedContainerId() throws.
   */
  findLog(reference: ContainerReference, previous: boolean): Promise<ReadLog>;
  /** The Pods of every node that this server speaks for. */
  pods(): readonly Pod[];
  /** Of the node of that name, else of the one at that address, else of the first; undefined: no node has the name. */
  figures(asked: {
    node: string | null;
    address: string | undefined;
  }): Promise<NodeFigures | undefined>;
  /** Prometheus text of the kubelet's own metrics. */
  metricsText(): string;
}
