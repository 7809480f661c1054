// Starts one container of a Pod: its image, its configuration, create, start, postStart (upstream's startContainer).
import type { Container, Pod } from "@coracle/shared/api/types/core-v1";
import { milliValue, value } from "@coracle/shared/machinery/quantity";
import type { ContainerConfig } from "../cri/runtime.ts";
import { containerHash } from "./container-hash.ts";
import { containerEnvironment, expand } from "./environment.ts";
import { runHook } from "./lifecycle-hooks.ts";
import type { NodeServices } from "./node-services.ts";
import {
  CONTAINER_HASH_ANNOTATION,
  CONTAINER_NAME_LABEL,
  POD_NAME_LABEL,
  POD_NAMESPACE_LABEL,
  POD_UID_LABEL,
  RESTART_COUNT_ANNOTATION,
} from "./observed-pod.ts";
import { StartError } from "./start-error.ts";

const RETRY_MS = 1000;
const CREATE_RETRY_MS = 10_000;

export interface StartRequest {
  pod: Pod;
  container: Container;
  sandboxId: string;
  podIp: string;
  restartCount: number;
}

/** Answers the container's id. Throws StartError, with the events that upstream records. */
export async function startContainer(node: NodeServices, request: StartRequest): Promise<string> {
  const { pod, container, sandboxId } = request;
  const { runtime, events } = node;
  let config: ContainerConfig;
  try {
    const imageRef = await node.images.ensure(pod, container);
    config = await containerConfig(node, request, imageRef);
  } catch (error) {
    const { reason, message } = error as StartError;
    // Of the image manager's errors, upstream repeats the reason only; its message has been told.
    const isImageError = reason !== "CreateContainerConfigError";
    events.warning(pod, "Failed", `Error: ${isImageError ? reason : message}`, container);
    throw error;
  }
  const id = await attempt(node, request, "CreateContainerError", CREATE_RETRY_MS, () =>
    runtime.createContainer(sandboxId, config),
  );
  events.normal(pod, "Created", "Container created", container);
  await attempt(node, request, "RunContainerError", RETRY_MS, () => runtime.startContainer(id));
  events.normal(pod, "Started", "Container started", container);
  await postStart(node, request, id);
  return id;
}

async function attempt<T>(
  { events }: NodeServices,
  { pod, container }: StartRequest,
  reason: string,
  retryAfterMs: number,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const { message } = error as Error;
    events.warning(pod, "Failed", `Error: ${message}`, container);
    throw new StartError(reason, message, retryAfterMs);
  }
}

async function postStart(
  node: NodeServices,
  { pod, container, sandboxId, podIp }: StartRequest,
  containerId: string,
): Promise<void> {
  const handler = container.lifecycle?.postStart;
  if (handler === undefined) return;
  try {
    await runHook(node, pod, container, { containerId, sandboxId, podIp }, handler);
  } catch (error) {
    node.events.warning(pod, "FailedPostStartHook", "PostStartHook failed", container);
    node.events.normal(pod, "Killing", "FailedPostStartHook", container);
    const graceSeconds = pod.spec.terminationGracePeriodSeconds ?? 30;
    await node.runtime.stopContainer(containerId, graceSeconds);
    throw new StartError("PostStartHookError", (error as Error).message, RETRY_MS);
  }
}

async function containerConfig(
  node: NodeServices,
  { pod, container, podIp, restartCount }: StartRequest,
  imageRef: string,
): Promise<ContainerConfig> {
  const env = await containerEnvironment(pod, container, {
    podIp,
    hostIp: node.hostIp,
    references: node.references,
    services: node.services(),
    allocatable: node.allocatable,
  });
  const expanded = (words: readonly string[] | undefined) =>
    (words ?? []).map((word) => expand(word, (name) => env.get(name)));
  const { limits } = container.resources ?? {};
  return {
    metadata: { name: container.name, attempt: restartCount },
    image: container.image ?? "",
    imageRef,
    command: expanded(container.command),
    args: expanded(container.args),
    workingDir: container.workingDir ?? "",
    envs: [...env].map(([key, text]) => ({ key, value: text })),
    mounts: [
      ...node.volumes.mounts(pod, container, env),
      await node.volumes.terminationLog(pod, container, restartCount),
    ],
    labels: {
      [CONTAINER_NAME_LABEL]: container.name,
      [POD_NAME_LABEL]: pod.metadata.name,
      [POD_NAMESPACE_LABEL]: pod.metadata.namespace ?? "",
      [POD_UID_LABEL]: pod.metadata.uid,
    },
    annotations: {
      [CONTAINER_HASH_ANNOTATION]: containerHash(container),
      [RESTART_COUNT_ANNOTATION]: String(restartCount),
    },
    logPath: `${container.name}/${restartCount}.log`,
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    ports: (container.ports ?? []).map(({ containerPort }) => containerPort),
    resources: {
      cpuLimitMilli: limits?.cpu === undefined ? 0 : milliValue(limits.cpu),
      memoryLimitBytes: limits?.memory === undefined ? 0 : value(limits.memory),
    },
  };
}
