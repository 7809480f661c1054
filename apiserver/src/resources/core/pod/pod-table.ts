// A Pod's row in a table: what `kubectl get pods` shows (upstream: printers internalversion printPod).
import type { Container, ContainerStatus, Pod } from "@coracle/shared/api/types/core-v1";
import { isConditionTrue } from "@coracle/shared/machinery/conditions";
import { isSidecar } from "@coracle/shared/machinery/pod-resources";
import { parseTime } from "@coracle/shared/runtime/clock";
import { age, humanDuration } from "../../age.ts";

interface Tally {
  reason: string;
  restarts: number;
  /** Milliseconds since the epoch of the last restart; undefined if there was none. */
  lastRestart: number | undefined;
  ready: number;
}

function later(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.max(a, b);
}

const restartOf = (status: ContainerStatus): number | undefined =>
  parseTime(status.lastState?.terminated?.finishedAt);

function countRestarts(tally: Tally, status: ContainerStatus): void {
  tally.restarts += status.restartCount ?? 0;
  tally.lastRestart = later(tally.lastRestart, restartOf(status));
}

/** Why an init container that is not done holds up the Pod. */
function initReason(status: ContainerStatus, done: number, total: number): string {
  const { terminated, waiting } = status.state ?? {};
  if (terminated) {
    if (terminated.reason) return `Init:${terminated.reason}`;
    return terminated.signal
      ? `Init:Signal:${terminated.signal}`
      : `Init:ExitCode:${terminated.exitCode ?? 0}`;
  }
  if (waiting?.reason && waiting.reason !== "PodInitializing") return `Init:${waiting.reason}`;
  return `Init:${done}/${total}`;
}

/** Returns whether the Pod is still initialising; `sidecars` gets what counts once it is not. */
function tallyInit(pod: Pod, tally: Tally, sidecars: Tally): boolean {
  const specs = new Map<string, Container>();
  for (const container of pod.spec?.initContainers ?? []) specs.set(container.name, container);
  const statuses = pod.status?.initContainerStatuses ?? [];
  for (let i = 0; i < statuses.length; i++) {
    const status = statuses[i] as ContainerStatus;
    const container = specs.get(status.name);
    const sidecar = container !== undefined && isSidecar(container);
    countRestarts(tally, status);
    if (sidecar) countRestarts(sidecars, status);
    const { terminated } = status.state ?? {};
    if (terminated && !terminated.exitCode) continue;
    if (sidecar && status.started) {
      if (status.ready) tally.ready++;
      continue;
    }
    tally.reason = initReason(status, i, pod.spec?.initContainers?.length ?? 0);
    return true;
  }
  return false;
}

/** From the last container to the first: the first one's reason is what shows. */
function tallyContainers(pod: Pod, tally: Tally): void {
  let running = false;
  let failure = "";
  const statuses = pod.status?.containerStatuses ?? [];
  for (let i = statuses.length - 1; i >= 0; i--) {
    const status = statuses[i] as ContainerStatus;
    countRestarts(tally, status);
    const { waiting, terminated, running: isRunning } = status.state ?? {};
    if (waiting?.reason) tally.reason = waiting.reason;
    else if (terminated) {
      if (terminated.reason) tally.reason = terminated.reason;
      else if (terminated.signal) tally.reason = `Signal:${terminated.signal}`;
      else tally.reason = `ExitCode:${terminated.exitCode ?? 0}`;
      if (terminated.exitCode) failure = tally.reason;
    } else if (status.ready && isRunning) {
      running = true;
      tally.ready++;
    }
  }
  if (tally.reason !== "Completed") return;
  if (running && isConditionTrue(pod.status?.conditions, "Ready")) tally.reason = "Running";
  else if (failure !== "") tally.reason = failure;
  else if (running) tally.reason = "NotReady";
}

function tallyOf(pod: Pod): Tally {
  const status = pod.status ?? {};
  const tally: Tally = {
    reason: status.reason || status.phase || "",
    restarts: 0,
    lastRestart: undefined,
    ready: 0,
  };
  const gated = status.conditions?.some(
    (condition) => condition.type === "PodScheduled" && condition.reason === "SchedulingGated",
  );
  if (gated) tally.reason = "SchedulingGated";
  const sidecars: Tally = { reason: "", restarts: 0, lastRestart: undefined, ready: 0 };
  const initializing = tallyInit(pod, tally, sidecars);
  if (!initializing || isConditionTrue(status.conditions, "Initialized")) {
    tally.restarts = sidecars.restarts;
    tally.lastRestart = sidecars.lastRestart;
    tallyContainers(pod, tally);
  }
  if (pod.metadata.deletionTimestamp) {
    if (status.reason === "NodeLost") tally.reason = "Unknown";
    else if (!isFinished(pod)) tally.reason = "Terminating";
  }
  return tally;
}

export const isFinished = (pod: Pod): boolean =>
  pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";

function readinessGates(pod: Pod): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return "<none>";
  const open = gates.filter((gate) => isConditionTrue(pod.status?.conditions, gate.conditionType));
  return `${open.length}/${gates.length}`;
}

/** NAME, READY, STATUS, RESTARTS, AGE; IP, NODE, NOMINATED NODE, READINESS GATES. */
export function podCells(pod: Pod, now: number): unknown[] {
  const tally = tallyOf(pod);
  const sidecars = pod.spec?.initContainers?.filter(isSidecar).length ?? 0;
  const total = (pod.spec?.containers?.length ?? 0) + sidecars;
  const restarts =
    tally.restarts !== 0 && tally.lastRestart !== undefined
      ? `${tally.restarts} (${humanDuration(now - tally.lastRestart)} ago)`
      : `${tally.restarts}`;
  return [
    pod.metadata.name,
    `${tally.ready}/${total}`,
    tally.reason,
    restarts,
    age(pod.metadata.creationTimestamp, now),
    pod.status?.podIPs?.[0]?.ip || pod.status?.podIP || "<none>",
    pod.spec?.nodeName || "<none>",
    pod.status?.nominatedNodeName || "<none>",
    readinessGates(pod),
  ];
}

/** A finished Pod's row is marked Completed. */
export function podRowConditions(
  pod: Pod,
): { type: string; status: string; reason: string; message: string }[] {
  const phase = pod.status?.phase;
  if (phase !== "Succeeded" && phase !== "Failed") return [];
  const message = phase === "Succeeded" ? "The pod has completed successfully." : "The pod failed.";
  return [{ type: "Completed", status: "True", reason: phase, message }];
}
