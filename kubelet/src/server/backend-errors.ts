// The refusals of the kubelet's server (upstream: kubelet/server/server.go, kubelet_pods.go), and which container's log is meant.
import type { ContainerStatus, Pod } from "@coracle/shared/api/types/core-v1";
import { KubeletError } from "./backend.ts";

export const podDoesNotExist = (name?: string) =>
  new KubeletError(
    404,
    name === undefined ? "pod does not exist" : `pod ${JSON.stringify(name)} does not exist`,
  );

/**
 * The id (with its `runtime://`) of the container whose log is asked for, from the Pod's status.
 * Throws KubeletError: 404 no such container, 400 it has not been started (upstream: validateContainerLogStatus).
 */
export function loggedContainerId(pod: Pod, container: string, previous: boolean): string {
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec;
  const name = JSON.stringify(container);
  const podName = JSON.stringify(pod.metadata.name);
  if (
    ![...containers, ...initContainers, ...ephemeralContainers].some(
      (declared) => declared.name === container,
    )
  ) {
    throw new KubeletError(404, `container ${name} not found in pod ${podName}`);
  }
  const status = statusOf(pod, container);
  if (status === undefined) {
    throw new KubeletError(400, `container ${name} in pod ${podName} is not available`);
  }
  const { running, terminated, waiting } = status.state ?? {};
  const last = status.lastState?.terminated?.containerID ?? "";
  if (previous) {
    if (last !== "") return last;
    throw new KubeletError(
      400,
      `previous terminated container ${name} in pod ${podName} not found`,
    );
  }
  if (running !== undefined) return status.containerID ?? "";
  if (terminated !== undefined || status.lastState?.terminated !== undefined) {
    const id = terminated?.containerID || last;
    if (id !== "") return id;
    throw new KubeletError(400, `container ${name} in pod ${podName} is terminated`);
  }
  const why = waiting === undefined ? " - no logs yet" : `: ${waitingFor(waiting.reason ?? "")}`;
  throw new KubeletError(400, `container ${name} in pod ${podName} is waiting to start${why}`);
}

function statusOf(pod: Pod, container: string): ContainerStatus | undefined {
  const { status = {} } = pod;
  const all = [
    ...(status.containerStatuses ?? []),
    ...(status.initContainerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
  ];
  return all.find(({ name }) => name === container);
}

function waitingFor(reason: string): string {
  if (reason === "ErrImagePull") return "image can't be pulled";
  if (reason === "ImagePullBackOff") return "trying and failing to pull image";
  return reason;
}
