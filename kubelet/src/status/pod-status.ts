// A Pod's whole status, as the kubelet tells it (upstream's generateAPIPodStatus). Pure.
import type { Container, Pod, PodStatus } from "@coracle/shared/api/types/core-v1";
import type { ObservedPod } from "../pods/observed-pod.ts";
import { type ContainerFacts, computeContainerStatuses } from "./container-statuses.ts";
import { computeConditions, isOwnedByKubelet, withTransitionTimes } from "./pod-conditions.ts";
import { computePhase } from "./pod-phase.ts";

export interface PodStatusInput {
  pod: Pod;
  /** What was told last. */
  old: PodStatus;
  observed: ObservedPod;
  facts: ContainerFacts;
  hostIp: string;
  /** Nothing of the Pod runs any more, nor will. */
  isTerminal: boolean;
  /** The Pod was stopped for a reason of its own (deadline, eviction). */
  verdict?: { reason: string; message: string } | undefined;
  /** RFC 3339. */
  now: string;
}

export function computePodStatus(input: PodStatusInput): PodStatus {
  const { pod, old, observed, facts } = input;
  const { spec } = pod;
  const regular = computeContainerStatuses(
    pod,
    "regular",
    spec.containers,
    old.containerStatuses,
    observed,
    facts,
  );
  const inits = computeContainerStatuses(
    pod,
    "init",
    spec.initContainers ?? [],
    old.initContainerStatuses,
    observed,
    facts,
  );
  const ephemeral = computeContainerStatuses(
    pod,
    "ephemeral",
    (spec.ephemeralContainers ?? []) as Container[],
    old.ephemeralContainerStatuses,
    observed,
    facts,
  );
  const hasStarted = observed.containers.some(
    ({ name, state }) =>
      state === "CONTAINER_RUNNING" && spec.containers.some((each) => each.name === name),
  );
  const status: PodStatus = {
    observedGeneration: pod.metadata.generation,
    phase: phaseOf(input, computePhase(pod, [...inits, ...regular], input.isTerminal, hasStarted)),
    qosClass: old.qosClass ?? pod.status.qosClass,
    startTime: old.startTime ?? pod.status.startTime ?? input.now,
    ...(inits.length > 0 ? { initContainerStatuses: inits } : {}),
    containerStatuses: byName(regular),
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: byName(ephemeral) } : {}),
    ...addressesOf(input),
  };
  addReason(status, input);
  const others = (pod.status.conditions ?? []).filter(({ type }) => !isOwnedByKubelet(type));
  const hasSandbox = observed.sandboxes.some(({ isReady }) => isReady);
  const own = computeConditions(pod, status, others, hasSandbox);
  const before = [...(pod.status.conditions ?? []), ...(old.conditions ?? [])].reverse();
  status.conditions = [...others, ...withTransitionTimes(own, before, input.now)];
  return status;
}

/** A finished Pod stays finished. */
function phaseOf({ old, pod, verdict }: PodStatusInput, computed: PodStatus["phase"]) {
  if (verdict !== undefined) return "Failed";
  for (const phase of [pod.status.phase, old.phase]) {
    if (phase === "Succeeded" || phase === "Failed") return phase;
  }
  return computed;
}

function addReason(status: PodStatus, { old, pod, verdict }: PodStatusInput): void {
  if (verdict !== undefined) {
    status.reason = verdict.reason;
    status.message = verdict.message;
  } else if (status.phase === old.phase) {
    const reason = old.reason ?? pod.status.reason;
    const message = old.message ?? pod.status.message;
    if (reason !== undefined) status.reason = reason;
    if (message !== undefined) status.message = message;
  }
}

/** A stopped sandbox has no address any more, but the Pod keeps telling the one that it had. */
function addressesOf({ pod, old, observed, hostIp }: PodStatusInput): Partial<PodStatus> {
  const host = { hostIP: hostIp, hostIPs: [{ ip: hostIp }] };
  const ip = pod.spec.hostNetwork ? hostIp : observed.sandboxes.find((each) => each.isReady)?.ip;
  if (ip !== undefined && ip !== "") return { ...host, podIP: ip, podIPs: [{ ip }] };
  if (old.podIP === undefined) return host;
  return { ...host, podIP: old.podIP, podIPs: old.podIPs ?? [{ ip: old.podIP }] };
}

const byName = <T extends { name: string }>(list: T[]): T[] =>
  [...list].sort((a, b) => (a.name < b.name ? -1 : 1));
