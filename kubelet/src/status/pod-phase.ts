// A Pod's phase out of its containers' states (upstream's getPhase).
import type { Container, ContainerStatus, Pod, PodStatus } from "@coracle/shared/api/types/core-v1";
import { isSidecar, restartsAfter } from "../pods/restart-policy.ts";

export type Phase = NonNullable<PodStatus["phase"]>;

interface InitTally {
  pending: number;
  failedForGood: number;
}

interface RunTally {
  pendingSidecars: number;
  unknown: number;
  running: number;
  waiting: number;
  stopped: number;
  stoppedForGood: number;
  succeeded: number;
}

/** `isTerminal`: nothing of the Pod runs any more, nor will. `hasStarted`: a regular container has run. */
export function computePhase(
  pod: Pod,
  statuses: readonly ContainerStatus[],
  isTerminal: boolean,
  hasStarted: boolean,
): Phase {
  const find = (container: Container) => statuses.find(({ name }) => name === container.name);
  const init = tallyInit(pod, find);
  if (init.failedForGood > 0) return "Failed";
  const run = tallyRun(pod, find);
  if (init.pending > 0 || (run.pendingSidecars > 0 && !hasStarted) || run.waiting > 0) {
    return "Pending";
  }
  if (run.unknown > 0) return "Pending";
  if (run.running > 0) return "Running";
  if (run.stopped === 0) return "Pending";
  if (!isTerminal && run.stopped !== run.stoppedForGood) return "Running";
  return run.stopped === run.succeeded ? "Succeeded" : "Failed";
}

type Find = (container: Container) => ContainerStatus | undefined;

function tallyInit(pod: Pod, find: Find): InitTally {
  const tally: InitTally = { pending: 0, failedForGood: 0 };
  for (const container of pod.spec.initContainers ?? []) {
    if (isSidecar(container)) continue;
    const status = find(container);
    const ended =
      status?.state?.terminated ??
      (status?.state?.waiting ? status.lastState?.terminated : undefined);
    if (ended === undefined) tally.pending++;
    else if (ended.exitCode !== 0 && !restartsAfter(container, pod.spec, ended.exitCode)) {
      tally.failedForGood++;
    }
  }
  return tally;
}

function tallyRun(pod: Pod, find: Find): RunTally {
  const tally: RunTally = {
    pendingSidecars: 0,
    unknown: 0,
    running: 0,
    waiting: 0,
    stopped: 0,
    stoppedForGood: 0,
    succeeded: 0,
  };
  for (const container of pod.spec.initContainers ?? []) {
    if (isSidecar(container)) tallySidecar(tally, find(container));
  }
  for (const container of pod.spec.containers) tallyContainer(tally, pod, container, find);
  return tally;
}

function tallySidecar(tally: RunTally, status: ContainerStatus | undefined): void {
  if (status?.state?.running) {
    if (status.started !== true) tally.pendingSidecars++;
    tally.running++;
  } else if (status?.state?.waiting && status.lastState?.terminated === undefined) {
    tally.pendingSidecars++;
    tally.waiting++;
  } else if (status?.state?.terminated === undefined && !status?.state?.waiting) {
    tally.unknown++;
  }
}

function tallyContainer(tally: RunTally, pod: Pod, container: Container, find: Find): void {
  const state = find(container)?.state;
  if (state?.running) {
    tally.running++;
    return;
  }
  const isWaiting = state?.waiting !== undefined;
  const ended =
    state?.terminated ?? (isWaiting ? find(container)?.lastState?.terminated : undefined);
  if (ended === undefined) {
    if (isWaiting) tally.waiting++;
    else tally.unknown++;
    return;
  }
  tally.stopped++;
  if (!restartsAfter(container, pod.spec, ended.exitCode)) tally.stoppedForGood++;
  if (state?.terminated !== undefined && ended.exitCode === 0) tally.succeeded++;
}
