// The conditions that the kubelet owns, with upstream's reasons and messages (pkg/kubelet/status/generate.go).
import type {
  Container,
  ContainerStatus,
  Pod,
  PodCondition,
  PodStatus,
} from "@coracle/shared/api/types/core-v1";
import { isSidecar } from "../pods/restart-policy.ts";

const OWNED: ReadonlySet<string> = new Set([
  "PodReadyToStartContainers",
  "PodScheduled",
  "Ready",
  "Initialized",
  "ContainersReady",
  "PodResizeInProgress",
  "PodResizePending",
  "AllContainersRestarting",
]);

export const isOwnedByKubelet = (type: string): boolean => OWNED.has(type);

type Finding = Pick<PodCondition, "status" | "reason" | "message">;

const isTrue: Finding = { status: "True" };

/** Without times: `withTransitionTimes` adds them. */
export function computeConditions(
  pod: Pod,
  status: PodStatus,
  others: readonly PodCondition[],
  hasSandbox: boolean,
): PodCondition[] {
  const statuses = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const containersReady = containersReadyFinding(pod, statuses, status.phase);
  const findings: [string, Finding][] = [
    ["PodReadyToStartContainers", hasSandbox ? isTrue : { status: "False" }],
    ["Initialized", initialisedFinding(pod, statuses, status.phase)],
    ["Ready", readyFinding(pod, containersReady, others)],
    ["ContainersReady", containersReady],
    ["PodScheduled", isTrue],
  ];
  const observedGeneration = pod.metadata.generation;
  return findings.map(([type, finding]) => ({ type, observedGeneration, ...finding }));
}

function containersReadyFinding(
  pod: Pod,
  statuses: readonly ContainerStatus[],
  phase: PodStatus["phase"],
): Finding {
  if (statuses.length === 0) return { status: "False", reason: "UnknownContainerStatuses" };
  const counted: Container[] = [
    ...(pod.spec.initContainers ?? []).filter(isSidecar),
    ...pod.spec.containers,
  ];
  const unknown: string[] = [];
  const unready: string[] = [];
  for (const { name } of counted) {
    const status = statuses.find((each) => each.name === name);
    if (status === undefined) unknown.push(name);
    else if (!status.ready) unready.push(name);
  }
  if (phase === "Succeeded" && unknown.length === 0) {
    return { status: "False", reason: "PodCompleted" };
  }
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  const message = unreadyMessage(unknown, unready, "unready");
  return message === "" ? isTrue : { status: "False", reason: "ContainersNotReady", message };
}

function readyFinding(
  pod: Pod,
  containersReady: Finding,
  conditions: readonly PodCondition[],
): Finding {
  if (containersReady.status !== "True") return containersReady;
  const messages: string[] = [];
  for (const { conditionType } of pod.spec.readinessGates ?? []) {
    const condition = conditions.find(({ type }) => type === conditionType);
    if (condition === undefined) {
      messages.push(
        `corresponding condition of pod readiness gate ${JSON.stringify(conditionType)} does not exist.`,
      );
    } else if (condition.status !== "True") {
      messages.push(
        `the status of pod readiness gate ${JSON.stringify(conditionType)} is not "True", but ${condition.status}`,
      );
    }
  }
  if (messages.length === 0) return isTrue;
  return { status: "False", reason: "ReadinessGatesNotReady", message: messages.join(", ") };
}

function initialisedFinding(
  pod: Pod,
  statuses: readonly ContainerStatus[],
  phase: PodStatus["phase"],
): Finding {
  const inits = pod.spec.initContainers ?? [];
  if (statuses.length === 0 && inits.length > 0) {
    return { status: "False", reason: "UnknownContainerStatuses" };
  }
  const unknown: string[] = [];
  const incomplete: string[] = [];
  for (const container of inits) {
    const status = statuses.find(({ name }) => name === container.name);
    if (status === undefined) unknown.push(container.name);
    else if (isSidecar(container) ? status.started !== true : !status.ready) {
      incomplete.push(container.name);
    }
  }
  if (phase === "Succeeded" && unknown.length === 0) {
    return { status: "True", reason: "PodCompleted" };
  }
  if (hasAnyRegularStarted(pod, statuses)) return isTrue;
  const message = unreadyMessage(unknown, incomplete, "incomplete");
  if (message === "") return isTrue;
  return { status: "False", reason: "ContainersNotInitialized", message };
}

/** Upstream's HasAnyRegularContainerStarted: it runs, or has ended. */
function hasAnyRegularStarted(pod: Pod, statuses: readonly ContainerStatus[]): boolean {
  return pod.spec.containers.some(({ name }) => {
    const status = statuses.find((each) => each.name === name);
    return (
      status?.state?.running !== undefined ||
      status?.state?.terminated !== undefined ||
      status?.lastState?.terminated !== undefined
    );
  });
}

/** Go prints a list as `[a b]`. */
function unreadyMessage(
  unknown: readonly string[],
  faulty: readonly string[],
  word: "unready" | "incomplete",
): string {
  const parts: string[] = [];
  if (unknown.length > 0) parts.push(`containers with unknown status: [${unknown.join(" ")}]`);
  if (faulty.length > 0) parts.push(`containers with ${word} status: [${faulty.join(" ")}]`);
  return parts.join(", ");
}

/** A condition's time moves only when its status does. */
export function withTransitionTimes(
  conditions: readonly PodCondition[],
  old: readonly PodCondition[] | undefined,
  now: string,
): PodCondition[] {
  return conditions.map((condition) => {
    const before = old?.find(({ type }) => type === condition.type);
    const isSame = before?.status === condition.status && before.lastTransitionTime;
    return { ...condition, lastTransitionTime: isSame ? before.lastTransitionTime : now };
  });
}
