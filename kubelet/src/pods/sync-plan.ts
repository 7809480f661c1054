// What has to be done so that what runs becomes what the Pod asks for. Pure: (Pod, what the runtime has, probe results) → actions.
// The rules are upstream's computePodActions: the sandbox first, then init containers in order (a sidecar counts as done when it has
// started), then the containers; a container whose image has changed, or that failed a probe, is killed and started again.
import type { Container, Pod } from "@coracle/shared/api/types/core-v1";
import { containerHash } from "./container-hash.ts";
import { currentOf, type ObservedContainer, type ObservedPod } from "./observed-pod.ts";
import { isSidecar, restartsAfter, restartsOnFailure, shouldBeStarted } from "./restart-policy.ts";

export type KillReason = "liveness" | "startup" | "other";

export interface ContainerToKill {
  id: string;
  container: Container;
  /** The text of the Killing event. */
  message: string;
  reason: KillReason;
}

export interface SyncPlan {
  /** Everything that runs is stopped first. */
  killPod: boolean;
  createSandbox: boolean;
  /** Of the sandbox to create. */
  attempt: number;
  /** The sandbox that is kept; "" when there is none. */
  sandboxId: string;
  containersToKill: ContainerToKill[];
  ephemeralContainersToStart: Container[];
  /** In this order; a failed start stops the row unless the container is a sidecar. */
  initContainersToStart: Container[];
  containersToStart: Container[];
}

/** Results of probes by container id; undefined where no probe has told yet. */
export interface ProbeResults {
  liveness(containerId: string): boolean | undefined;
  startup(containerId: string): boolean | undefined;
}

export const noProbes: ProbeResults = { liveness: () => undefined, startup: () => undefined };

export function computeSyncPlan(
  pod: Pod,
  observed: ObservedPod,
  probes: ProbeResults = noProbes,
): SyncPlan {
  const sandbox = sandboxState(pod, observed);
  const plan: SyncPlan = {
    killPod: sandbox.isNeeded,
    createSandbox: sandbox.isNeeded,
    attempt: sandbox.attempt,
    sandboxId: sandbox.id,
    containersToKill: [],
    ephemeralContainersToStart: [],
    initContainersToStart: [],
    containersToStart: [],
  };
  if (sandbox.isNeeded) return planNewSandbox(plan, pod, observed);
  for (const container of pod.spec.ephemeralContainers ?? []) {
    if (currentOf(observed, container.name) === undefined) {
      plan.ephemeralContainersToStart.push(container as Container);
    }
  }
  const isInitialised = planInitContainers(plan, pod, observed, probes);
  if (plan.killPod || !isInitialised) return plan;
  planContainers(plan, pod, observed, probes);
  return plan;
}

function sandboxState(
  pod: Pod,
  observed: ObservedPod,
): { isNeeded: boolean; attempt: number; id: string } {
  const [latest] = observed.sandboxes;
  if (latest === undefined) return { isNeeded: true, attempt: 0, id: "" };
  const ready = observed.sandboxes.filter(({ isReady }) => isReady).length;
  const usesHostNetwork = pod.spec.hostNetwork === true;
  const isFit =
    ready === 1 &&
    latest.isReady &&
    latest.hostNetwork === usesHostNetwork &&
    (usesHostNetwork || latest.ip !== "");
  return isFit
    ? { isNeeded: false, attempt: latest.attempt, id: latest.id }
    : { isNeeded: true, attempt: latest.attempt + 1, id: latest.id };
}

/** Whether a new sandbox is wanted: everything starts from the beginning in it. */
function planNewSandbox(plan: SyncPlan, pod: Pod, observed: ObservedPod): SyncPlan {
  const { spec } = pod;
  const hasRun = plan.attempt !== 0 && observed.containers.length > 0;
  if (spec.restartPolicy === "Never" && hasRun) return { ...plan, createSandbox: false };
  const toStart = spec.containers.filter((container) => {
    const runsOnce = (container.restartPolicy ?? spec.restartPolicy) === "OnFailure";
    const current = currentOf(observed, container.name);
    return !(runsOnce && current?.state === "CONTAINER_EXITED" && current.exitCode === 0);
  });
  if (toStart.length === 0 && hasAnyContainer(pod, observed)) {
    return { ...plan, createSandbox: false };
  }
  const [firstInit] = spec.initContainers ?? [];
  if (firstInit !== undefined) return { ...plan, initContainersToStart: [firstInit] };
  return { ...plan, containersToStart: toStart };
}

const hasAnyContainer = (pod: Pod, observed: ObservedPod): boolean =>
  pod.spec.containers.some(({ name }) => currentOf(observed, name) !== undefined);

/** Adds what the init phase needs; answers whether the containers may be looked at. */
function planInitContainers(
  plan: SyncPlan,
  pod: Pod,
  observed: ObservedPod,
  probes: ProbeResults,
): boolean {
  const inits = pod.spec.initContainers ?? [];
  if (inits.length === 0) return true;
  let isInitialised = pod.spec.containers.some(({ name }) => {
    const state = currentOf(observed, name)?.state;
    return state === "CONTAINER_CREATED" || state === "CONTAINER_RUNNING";
  });
  let isLaterKnown = isInitialised;
  const starts: number[] = [];
  // From the last one back: earlier ones may have been removed from the runtime since they ended.
  for (let i = inits.length - 1; i >= 0; i--) {
    const container = inits[i] as Container;
    const current = currentOf(observed, container.name);
    if (current === undefined) {
      if (isLaterKnown && isSidecar(container)) starts.push(i);
      continue;
    }
    if (isLaterKnown && !isSidecar(container)) continue;
    const step = planInitContainer(container, current, pod, probes);
    if (step.kill !== undefined) plan.containersToKill.push(step.kill);
    if (step.start) starts.push(i);
    if (step.isFailed) {
      plan.killPod = true;
      return false;
    }
    if (step.isDone && i === inits.length - 1) isInitialised = true;
    else if (step.isDone && !isLaterKnown) starts.push(i + 1);
    isLaterKnown = true;
  }
  if (!isLaterKnown) starts.push(0);
  plan.initContainersToStart = starts.reverse().map((i) => inits[i] as Container);
  return isInitialised;
}

interface InitStep {
  start?: boolean;
  kill?: ContainerToKill;
  /** Ended well, or a sidecar that has started: the next one may. */
  isDone?: boolean;
  /** Ended badly, and nothing will be restarted. */
  isFailed?: boolean;
}

function planInitContainer(
  container: Container,
  current: ObservedContainer,
  pod: Pod,
  probes: ProbeResults,
): InitStep {
  switch (current.state) {
    case "CONTAINER_CREATED":
      return { start: true };
    case "CONTAINER_RUNNING":
      return isSidecar(container) ? planSidecar(container, current, probes) : {};
    case "CONTAINER_EXITED":
      if (isSidecar(container)) return { start: true };
      if (current.exitCode === 0) return { isDone: true };
      return restartsAfter(container, pod.spec, current.exitCode)
        ? { start: true }
        : { isFailed: true };
    default: {
      if (!isSidecar(container) && !restartsOnFailure(container, pod.spec)) {
        return { isFailed: true };
      }
      const message = `Init container is in "unknown" state, try killing it before restart`;
      return { start: true, kill: { id: current.id, container, message, reason: "other" } };
    }
  }
}

function planSidecar(
  container: Container,
  current: ObservedContainer,
  probes: ProbeResults,
): InitStep {
  const restart = (why: string, reason: KillReason): InitStep => {
    const message = `Init container ${container.name} ${why}`;
    return { start: true, kill: { id: current.id, container, message, reason } };
  };
  if (container.startupProbe !== undefined) {
    const isStarted = probes.startup(current.id);
    if (isStarted === undefined) return {};
    if (!isStarted) return restart("failed startup probe", "startup");
  }
  if (current.hash !== containerHash(container)) {
    return { ...restart("definition changed", "other"), isDone: true };
  }
  if (container.livenessProbe !== undefined && probes.liveness(current.id) === false) {
    return { ...restart("failed liveness probe", "liveness"), isDone: true };
  }
  return { isDone: true };
}

function planContainers(
  plan: SyncPlan,
  pod: Pod,
  observed: ObservedPod,
  probes: ProbeResults,
): void {
  let kept = 0;
  for (const container of pod.spec.containers) {
    const current = currentOf(observed, container.name);
    if (current?.state !== "CONTAINER_RUNNING") {
      if (!shouldBeStarted(container, pod, observed)) continue;
      plan.containersToStart.push(container);
      if (current?.state === "CONTAINER_UNKNOWN") {
        const message = `Container is in "unknown" state, try killing it before restart`;
        plan.containersToKill.push({ id: current.id, container, message, reason: "other" });
      }
      continue;
    }
    const fault = faultOf(container, current, probes);
    if (fault === undefined) {
      kept++;
      continue;
    }
    const restarts = fault.isChanged || restartsOnFailure(container, pod.spec);
    if (restarts) plan.containersToStart.push(container);
    plan.containersToKill.push({
      id: current.id,
      container,
      message: restarts ? `${fault.message}, will be restarted` : fault.message,
      reason: fault.reason,
    });
  }
  if (kept === 0 && plan.containersToStart.length === 0) {
    plan.killPod = true;
    // Sidecars must not keep a Pod alive whose containers are done.
    plan.initContainersToStart = [];
  }
}

function faultOf(
  container: Container,
  current: ObservedContainer,
  probes: ProbeResults,
): { message: string; reason: KillReason; isChanged: boolean } | undefined {
  const { name } = container;
  if (current.hash !== containerHash(container)) {
    const message = `Container ${name} definition changed`;
    return { message, reason: "other", isChanged: true };
  }
  if (probes.liveness(current.id) === false) {
    const message = `Container ${name} failed liveness probe`;
    return { message, reason: "liveness", isChanged: false };
  }
  if (probes.startup(current.id) === false) {
    const message = `Container ${name} failed startup probe`;
    return { message, reason: "startup", isChanged: false };
  }
  return undefined;
}
