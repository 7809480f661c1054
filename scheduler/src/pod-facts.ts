// What the scheduler needs of a Pod, read off it once.
import type { Pod, Toleration } from "@coracle/shared/api/types/core-v1";
import { podRequests } from "@coracle/shared/machinery/pod-resources";

export interface PodFacts {
  key: string;
  uid: string;
  /** Higher goes first. */
  priority: number;
  milliCpu: number;
  memoryBytes: number;
  ephemeralStorageBytes: number;
  /** Extended resources and huge pages. */
  others: readonly (readonly [string, number])[];
  /** Requests with upstream's stand-ins for absent ones, so that scoring sees every Pod. */
  scoreMilliCpu: number;
  scoreMemoryBytes: number;
  tolerations: readonly Toleration[];
  pod: Pod;
}

const DEFAULT_MILLI_CPU = 100;
const DEFAULT_MEMORY_BYTES = 200 * 1024 * 1024;

export function podFacts(pod: Pod): PodFacts {
  const requests = podRequests(pod);
  return {
    key: `${pod.metadata.namespace}/${pod.metadata.name}`,
    uid: pod.metadata.uid,
    priority: pod.spec.priority ?? 0,
    milliCpu: requests.milliCpu,
    memoryBytes: requests.memoryBytes,
    ephemeralStorageBytes: requests.ephemeralStorageBytes,
    others: Object.entries(requests.others),
    scoreMilliCpu: requests.milliCpu || DEFAULT_MILLI_CPU,
    scoreMemoryBytes: requests.memoryBytes || DEFAULT_MEMORY_BYTES,
    tolerations: pod.spec.tolerations ?? [],
    pod,
  };
}

/** A Pod in these phases holds nothing of its node any longer. */
export const isTerminal = (pod: Pod): boolean =>
  pod.status.phase === "Succeeded" || pod.status.phase === "Failed";
