// A Pod as the runtime knows it: the kubelet's podStatus.
import type { ContainerStatus, Runtime } from "../cri/runtime.ts";

/** Labels and annotations that tie a sandbox or container to its Pod, as upstream's kubelet writes them. */
export const POD_UID_LABEL = "io.kubernetes.pod.uid";
export const POD_NAME_LABEL = "io.kubernetes.pod.name";
export const POD_NAMESPACE_LABEL = "io.kubernetes.pod.namespace";
export const CONTAINER_NAME_LABEL = "io.kubernetes.container.name";
export const CONTAINER_HASH_ANNOTATION = "io.kubernetes.container.hash";
export const RESTART_COUNT_ANNOTATION = "io.kubernetes.container.restartCount";

export interface ObservedContainer {
  id: string;
  name: string;
  sandboxId: string;
  state: ContainerStatus["state"];
  hash: string;
  restartCount: number;
  createdAt: number;
  startedAt: number;
  finishedAt: number;
  exitCode: number;
  reason: string;
  message: string;
  image: string;
  imageRef: string;
  logPath: string;
}

export interface ObservedSandbox {
  id: string;
  isReady: boolean;
  attempt: number;
  ip: string;
  createdAt: number;
  hostNetwork: boolean;
}

export interface ObservedPod {
  /** Newest first. */
  sandboxes: readonly ObservedSandbox[];
  /** Newest first, so that the first of a name is the current one. */
  containers: readonly ObservedContainer[];
}

export const nothingObserved: ObservedPod = { sandboxes: [], containers: [] };

export const currentOf = (observed: ObservedPod, name: string): ObservedContainer | undefined =>
  observed.containers.find((container) => container.name === name);

export async function observePod(runtime: Runtime, uid: string): Promise<ObservedPod> {
  const found = await runtime.listPodSandbox({ labelSelector: { [POD_UID_LABEL]: uid } });
  if (found.length === 0) return nothingObserved;
  const sandboxes: ObservedSandbox[] = [];
  const containers: ObservedContainer[] = [];
  for (const { id } of found) {
    const status = await runtime.podSandboxStatus(id);
    sandboxes.push({
      id,
      isReady: status.state === "SANDBOX_READY",
      attempt: status.metadata.attempt,
      ip: status.network.ip,
      createdAt: status.createdAt,
      hostNetwork: status.hostNetwork,
    });
    for (const container of await runtime.listContainers({ podSandboxId: id })) {
      containers.push(observedOf(await runtime.containerStatus(container.id)));
    }
  }
  sandboxes.sort((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt);
  containers.sort((a, b) => b.createdAt - a.createdAt || b.restartCount - a.restartCount);
  return { sandboxes, containers };
}

function observedOf(status: ContainerStatus): ObservedContainer {
  return {
    id: status.id,
    name: status.metadata.name,
    sandboxId: status.podSandboxId,
    state: status.state,
    hash: status.annotations[CONTAINER_HASH_ANNOTATION] ?? "",
    restartCount: Number(status.annotations[RESTART_COUNT_ANNOTATION] ?? 0),
    createdAt: status.createdAt,
    startedAt: status.startedAt,
    finishedAt: status.finishedAt,
    exitCode: status.exitCode,
    reason: status.reason,
    message: status.message,
    image: status.image,
    imageRef: status.imageRef,
    logPath: status.logPath,
  };
}
