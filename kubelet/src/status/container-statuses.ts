// status.containerStatuses (and those of init and ephemeral containers) out of what the runtime has and what was told before.
import type {
  Container,
  ContainerState,
  ContainerStatus,
  Pod,
} from "@coracle/shared/api/types/core-v1";
import { formatTime } from "@coracle/shared/runtime/clock";
import { currentOf, type ObservedContainer, type ObservedPod } from "../pods/observed-pod.ts";
import { isSidecar, shouldBeStarted } from "../pods/restart-policy.ts";

/** Why a container could not be started at the last try: becomes its waiting state. */
export interface StartFailure {
  /** `CrashLoopBackOff`, `ErrImagePull`, … */
  reason: string;
  message: string;
}

export interface ContainerFacts {
  runtimeName: string;
  failures: ReadonlyMap<string, StartFailure>;
  /** Probe results; a container without the probe is started and ready as soon as it runs. */
  isStarted(container: Container, id: string): boolean;
  isReady(container: Container, id: string): boolean;
  /** What a container that ended has to say. */
  terminationMessage(id: string): string | undefined;
}

export type ContainerKind = "init" | "regular" | "ephemeral";

const LOST_MESSAGE =
  "The container could not be located when the pod was deleted.  The container used to be Running";

export function computeContainerStatuses(
  pod: Pod,
  kind: ContainerKind,
  containers: readonly Container[],
  old: readonly ContainerStatus[] | undefined,
  observed: ObservedPod,
  facts: ContainerFacts,
): ContainerStatus[] {
  return containers.map((container) => {
    const before = old?.find(({ name }) => name === container.name);
    const history = observed.containers.filter(({ name }) => name === container.name);
    let status = initialStatus(pod, container, before);
    if (history.length === 0) status = withLostContainer(pod, status, before);
    else status = fromRuntime(pod, container, history, before, facts);
    status = withWaiting(pod, kind, container, observed, status, facts);
    return withReadiness(kind, container, status, facts);
  });
}

/** Before the runtime knows it: waiting, or what it ended as before. */
function initialStatus(
  pod: Pod,
  container: Container,
  before: ContainerStatus | undefined,
): ContainerStatus {
  if (before?.state?.terminated) return before;
  const hasInit = (pod.spec.initContainers ?? []).length > 0;
  // It waited for its restart when the runtime forgot it: the next start is that restart.
  const isForgotten = before?.state?.waiting !== undefined && before.containerID !== undefined;
  const status: ContainerStatus = {
    name: container.name,
    state: { waiting: { reason: hasInit ? "PodInitializing" : "ContainerCreating" } },
    lastState: before?.lastState ?? {},
    ready: false,
    restartCount: (before?.restartCount ?? 0) + (isForgotten ? 1 : 0),
    image: container.image ?? "",
    imageID: "",
  };
  const mounts = volumeMountStatuses(container);
  if (mounts !== undefined) status.volumeMounts = mounts;
  return status;
}

function volumeMountStatuses(container: Container): ContainerStatus["volumeMounts"] {
  if (!container.volumeMounts?.length) return undefined;
  return container.volumeMounts.map(({ name, mountPath, readOnly }) =>
    readOnly ? { name, mountPath, readOnly, recursiveReadOnly: "Disabled" } : { name, mountPath },
  );
}

/** It ran when last told of, and the runtime has forgotten it (a kubelet of simulated nodes was restarted). */
function withLostContainer(
  pod: Pod,
  status: ContainerStatus,
  before: ContainerStatus | undefined,
): ContainerStatus {
  if (before?.state?.running === undefined || status.lastState?.terminated !== undefined) {
    return status;
  }
  const terminated = {
    exitCode: 137,
    reason: "ContainerStatusUnknown",
    message: LOST_MESSAGE,
    startedAt: undefined,
    finishedAt: undefined,
  };
  const isRestarting = pod.metadata.deletionTimestamp === undefined;
  return {
    ...status,
    lastState: { terminated },
    restartCount: status.restartCount + (isRestarting ? 1 : 0),
  };
}

function fromRuntime(
  pod: Pod,
  container: Container,
  history: readonly ObservedContainer[],
  before: ContainerStatus | undefined,
  facts: ContainerFacts,
): ContainerStatus {
  const [current, previous] = history as [ObservedContainer, ObservedContainer | undefined];
  const containerID = `${facts.runtimeName}://${current.id}`;
  const isNew = before !== undefined && before.containerID !== containerID;
  let lastState: ContainerState = {};
  if (previous !== undefined) lastState = stateOf(previous, facts);
  else if (isNew && before.state?.terminated) lastState = { terminated: before.state.terminated };
  else if (before?.lastState?.terminated) lastState = { terminated: before.lastState.terminated };
  const status: ContainerStatus = {
    name: current.name,
    state: stateOf(current, facts),
    lastState,
    ready: false,
    restartCount: Math.max(current.restartCount, before?.restartCount ?? 0),
    image: current.image,
    imageID: current.imageRef,
    containerID,
  };
  const { resources } = container;
  if (resources?.requests !== undefined) status.allocatedResources = resources.requests;
  if (container === findSpec(pod, container.name)) status.resources = resources ?? {};
  const mounts = before?.volumeMounts ?? volumeMountStatuses(container);
  if (mounts !== undefined) status.volumeMounts = mounts;
  return status;
}

const findSpec = (pod: Pod, name: string): Container | undefined =>
  [...(pod.spec.initContainers ?? []), ...pod.spec.containers].find((each) => each.name === name);

function stateOf(container: ObservedContainer, facts: ContainerFacts): ContainerState {
  if (container.state === "CONTAINER_RUNNING") {
    return { running: { startedAt: formatTime(container.startedAt) } };
  }
  if (container.state !== "CONTAINER_EXITED") return { waiting: {} };
  const message = facts.terminationMessage(container.id) ?? container.message;
  const startedAt = container.startedAt === 0 ? container.createdAt : container.startedAt;
  return {
    terminated: {
      exitCode: container.exitCode,
      ...(container.reason === "" ? {} : { reason: container.reason }),
      ...(message === "" ? {} : { message }),
      startedAt: formatTime(startedAt),
      finishedAt: formatTime(container.finishedAt),
      containerID: `${facts.runtimeName}://${container.id}`,
    },
  };
}

/** A container that shall be started and could not be says why. */
function withWaiting(
  pod: Pod,
  kind: ContainerKind,
  container: Container,
  observed: ObservedPod,
  status: ContainerStatus,
  facts: ContainerFacts,
): ContainerStatus {
  const current = currentOf(observed, container.name);
  if (kind === "init" && current?.state === "CONTAINER_EXITED" && current.exitCode === 0) {
    return status;
  }
  if (kind === "ephemeral" && current !== undefined) return status;
  const isDoneInit = kind === "init" && status.state?.terminated?.exitCode === 0;
  if (isDoneInit && !isSidecar(container)) return status;
  const failure = facts.failures.get(container.name);
  if (failure === undefined || !shouldBeStarted(container, pod, observed)) return status;
  const { reason, message } = failure;
  const waiting = message === "" ? { reason } : { reason, message };
  const lastState = status.state?.terminated ? status.state : status.lastState;
  return { ...status, lastState, state: { waiting } };
}

function withReadiness(
  kind: ContainerKind,
  container: Container,
  status: ContainerStatus,
  facts: ContainerFacts,
): ContainerStatus {
  if (kind === "ephemeral") return status;
  const id = status.containerID?.slice(facts.runtimeName.length + 3) ?? "";
  const isRunning = status.state?.running !== undefined;
  const started = isRunning && facts.isStarted(container, id);
  if (kind === "init" && !isSidecar(container)) {
    return { ...status, started, ready: status.state?.terminated?.exitCode === 0 };
  }
  return { ...status, started, ready: started && facts.isReady(container, id) };
}
