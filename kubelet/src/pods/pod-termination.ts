// The last status of a Pod whose containers have all stopped (upstream's TerminatePod).
import type { ContainerStatus, Pod, PodStatus } from "@coracle/shared/api/types/core-v1";

export const isFinished = ({ phase }: PodStatus): boolean =>
  phase === "Succeeded" || phase === "Failed";

const LOST = {
  exitCode: 137,
  reason: "ContainerStatusUnknown",
  message: "The container could not be located when the pod was terminated",
};

/** Every container has an end, and the phase is a last one. */
export function finalStatus(pod: Pod, status: PodStatus): PodStatus {
  const isInitialised = hasInitialised(pod, status);
  const inits = status.initContainerStatuses;
  const started = inits === undefined ? 0 : startedCount(inits);
  const final: PodStatus = {
    ...status,
    phase: isFinished(status) ? status.phase : "Failed",
    containerStatuses: isInitialised
      ? status.containerStatuses?.map(ended)
      : status.containerStatuses,
  };
  if (inits !== undefined) {
    final.initContainerStatuses = inits.map((each, i) => (i < started ? ended(each) : each));
  }
  return final;
}

const ended = (status: ContainerStatus): ContainerStatus =>
  status.state?.terminated
    ? status
    : { ...status, ready: false, started: false, state: { terminated: LOST } };

function hasInitialised(pod: Pod, status: PodStatus): boolean {
  const inits = pod.spec.initContainers ?? [];
  if (inits.length === 0) return true;
  const hasStarted = status.containerStatuses?.some(
    ({ state, lastState }) => lastState?.terminated !== undefined || state?.waiting === undefined,
  );
  if (hasStarted) return true;
  const last = status.initContainerStatuses?.at(-1);
  if (inits.at(-1)?.restartPolicy === "Always") {
    return last?.state?.running !== undefined && last.started === true;
  }
  return last?.state?.terminated?.exitCode === 0 || last?.lastState?.terminated?.exitCode === 0;
}

/** All but the last ones that never started. */
function startedCount(inits: readonly ContainerStatus[]): number {
  for (let i = inits.length; i > 0; i--) {
    const { state, lastState } = inits[i - 1] as ContainerStatus;
    if (lastState?.terminated !== undefined || state?.waiting === undefined) return i;
  }
  return 0;
}
