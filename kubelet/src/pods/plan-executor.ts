// Does what a plan says, in upstream's order: stop what has to go, the sandbox, ephemeral, init and regular containers.
import type { Container, Pod, PodStatus } from "@coracle/shared/api/types/core-v1";
import type { StartFailure } from "../status/container-statuses.ts";
import { containerHash } from "./container-hash.ts";
import { killAllContainers, killContainer } from "./container-killer.ts";
import { startContainer } from "./container-starter.ts";
import { formatDelay } from "./crash-backoff.ts";
import type { NodeServices } from "./node-services.ts";
import {
  currentOf,
  type ObservedPod,
  POD_NAME_LABEL,
  POD_NAMESPACE_LABEL,
  POD_UID_LABEL,
} from "./observed-pod.ts";
import { formatPod } from "./pod-events.ts";
import type { PodNarrator } from "./pod-narrator.ts";
import { isSidecar } from "./restart-policy.ts";
import { StartError } from "./start-error.ts";
import type { SyncPlan } from "./sync-plan.ts";

export interface PlanContext {
  pod: Pod;
  plan: SyncPlan;
  /** What the plan was made from. */
  observed: ObservedPod;
  /** What was computed from it: restart counts are taken from here. */
  status: PodStatus;
  narrator: PodNarrator;
  /** Asked between two steps: the Pod has to be stopped meanwhile. */
  mustStop(): boolean;
}

export interface PlanOutcome {
  failures: Map<string, StartFailure>;
  /** When a container that failed to start may be tried again. */
  retryAfterMs: number | undefined;
}

const CONFIG_RETRY_MS = 10_000;

/** Throws StartError when the Pod as a whole cannot be started (volumes, sandbox). */
export async function applyPlan(node: NodeServices, context: PlanContext): Promise<PlanOutcome> {
  const { plan, pod, observed } = context;
  const outcome: PlanOutcome = { failures: new Map(), retryAfterMs: undefined };
  if (plan.killPod) await killPod(node, context);
  else
    await Promise.all(
      plan.containersToKill.map((kill) => killContainer(node, pod, kill, observed)),
    );
  const starts = startsOf(plan);
  if (!plan.createSandbox && starts.length === 0) return outcome;
  const podIp = observed.sandboxes.find(({ isReady }) => isReady)?.ip ?? "";
  await node.volumes.prepare(pod, volumeContext(node, podIp));
  const sandbox = plan.createSandbox
    ? await createSandbox(node, context)
    : { id: plan.sandboxId, ip: podIp };
  for (const start of starts) {
    if (context.mustStop()) break;
    const isStarted = await startOne(node, context, sandbox, start, outcome);
    const isBlocking = start.kind === "init container" && !isSidecar(start.container);
    if (!isStarted && isBlocking) break;
  }
  return outcome;
}

export function volumeContext(
  { client, references, allocatable, hostIp }: NodeServices,
  podIp: string,
) {
  return { client, references, allocatable, hostIp, podIp };
}

interface Start {
  kind: "ephemeral container" | "init container" | "container";
  container: Container;
}

function startsOf(plan: SyncPlan): Start[] {
  const kinds = [
    ["ephemeral container", plan.ephemeralContainersToStart],
    ["init container", plan.initContainersToStart],
    ["container", plan.containersToStart],
  ] as const;
  return kinds.flatMap(([kind, list]) => list.map((container) => ({ kind, container })));
}

async function killPod(node: NodeServices, { plan, pod, observed }: PlanContext): Promise<void> {
  if (observed.sandboxes.length === 0) return;
  if (plan.createSandbox) {
    const text = "Pod sandbox changed, it will be killed and re-created.";
    node.events.normal(pod, "SandboxChanged", text);
  }
  await killAllContainers(node, pod, observed);
  for (const { id } of observed.sandboxes) await node.runtime.stopPodSandbox(id);
}

async function createSandbox(
  node: NodeServices,
  { pod, plan, narrator }: PlanContext,
): Promise<{ id: string; ip: string }> {
  const { name, namespace = "", uid, labels, annotations } = pod.metadata;
  try {
    const id = await node.runtime.runPodSandbox({
      metadata: { name, namespace, uid, attempt: plan.attempt },
      hostname: (pod.spec.hostNetwork ? node.nodeName : pod.spec.hostname || name).slice(0, 63),
      logDirectory: `/var/log/pods/${namespace}_${name}_${uid}`,
      labels: {
        ...labels,
        [POD_NAME_LABEL]: name,
        [POD_NAMESPACE_LABEL]: namespace,
        [POD_UID_LABEL]: uid,
      },
      annotations: annotations ?? {},
      hostNetwork: pod.spec.hostNetwork === true,
    });
    const { network } = await node.runtime.podSandboxStatus(id);
    const ip = network.ip || node.hostIp;
    narrator.sandboxStarted(ip);
    return { id, ip };
  } catch (error) {
    const why = (error as Error).message;
    throw new StartError("FailedCreatePodSandBox", `Failed to create pod sandbox: ${why}`, 10_000);
  }
}

/** False when it could not be started; `outcome` then says why. */
async function startOne(
  node: NodeServices,
  context: PlanContext,
  sandbox: { id: string; ip: string },
  { kind, container }: Start,
  outcome: PlanOutcome,
): Promise<boolean> {
  const { pod, narrator } = context;
  const restartCount = restartCountOf(context, container);
  try {
    checkBackoff(node, context, container);
    const request = { pod, container, sandboxId: sandbox.id, podIp: sandbox.ip, restartCount };
    await startContainer(node, request);
    narrator.containerStarted(kind, container.name, container.image ?? "", restartCount);
    await pruneHistory(node, context, container);
    return true;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    const { reason, message } = error;
    outcome.failures.set(container.name, { reason, message });
    const delayMs = error.retryAfterMs ?? CONFIG_RETRY_MS;
    outcome.retryAfterMs = Math.min(outcome.retryAfterMs ?? delayMs, delayMs);
    narrator.containerFailed(container.name, reason, message);
    return false;
  }
}

/** Throws StartError while the container has to wait for its restart. */
function checkBackoff(node: NodeServices, { pod, observed }: PlanContext, container: Container) {
  const last = observed.containers.find(
    ({ name, state }) => name === container.name && state === "CONTAINER_EXITED",
  );
  if (last === undefined) return;
  const key = `${pod.metadata.uid}_${container.name}_${containerHash(container)}`;
  const leftMs = node.backoff.remainingMs(key, last.finishedAt);
  if (leftMs === 0) {
    node.backoff.next(key, last.finishedAt);
    return;
  }
  const what = formatPod(pod);
  const text = `Back-off restarting failed container ${container.name} in pod ${what}`;
  node.events.warning(pod, "BackOff", text, container);
  const delay = formatDelay(node.backoff.delayMs(key));
  throw new StartError(
    "CrashLoopBackOff",
    `back-off ${delay} restarting failed container=${container.name} pod=${what}`,
    leftMs,
  );
}

/** One more than the last one's; when the runtime has forgotten that one, what the API tells. */
function restartCountOf({ observed, status }: PlanContext, container: Container): number {
  const last = currentOf(observed, container.name);
  const told = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].find(
    ({ name }) => name === container.name,
  );
  if (last !== undefined) return Math.max(last.restartCount, told?.restartCount ?? 0) + 1;
  const count = told?.restartCount ?? 0;
  // Told as ended, and started again: this is a restart.
  return told?.containerID !== undefined ? count + 1 : count;
}

/** Of a container's past, only the last one is kept (for `logs --previous`). */
async function pruneHistory(
  node: NodeServices,
  { observed, pod }: PlanContext,
  { name }: Container,
): Promise<void> {
  const past = observed.containers.filter(
    (container) => container.name === name && container.state === "CONTAINER_EXITED",
  );
  for (const { id, restartCount } of past.slice(1)) {
    await node.runtime.removeContainer(id);
    node.volumes.forgetAttempt(pod.metadata.uid, name, restartCount);
  }
}
