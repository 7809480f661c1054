// The Node object that a kubelet registers, and the status that it keeps posting (upstream's reasons and messages). Pure.
import type { ContainerImage, Node, NodeCondition } from "@coracle/shared/api/types/core-v1";
import { canonical } from "@coracle/shared/machinery/quantity";

export const KUBELET_VERSION = "v1.36.3-coracle";
export const POD_LIMIT = 110;

export interface NodeFacts {
  name: string;
  podCidr: string;
  /** Where its kubelet is reached. */
  address: string;
  port: number;
  cpu: string;
  memory: string;
  ephemeralStorage: string;
  runtimeVersion: string;
  /** Stable for a node: its identities are made from it. */
  machineId: string;
  /** `amd64`, `arm64`. */
  architecture: string;
}

export function nodeLabels({ name, architecture }: NodeFacts): Record<string, string> {
  return {
    "beta.kubernetes.io/arch": architecture,
    "beta.kubernetes.io/os": "linux",
    "kubernetes.io/arch": architecture,
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": "linux",
  };
}

export function allocatableOf(facts: NodeFacts): Record<string, string> {
  return {
    cpu: canonical(facts.cpu),
    "ephemeral-storage": canonical(facts.ephemeralStorage),
    "hugepages-1Gi": "0",
    "hugepages-2Mi": "0",
    memory: canonical(facts.memory),
    pods: String(POD_LIMIT),
  };
}

/** As upstream registers it, its status included. */
export function newNode(
  facts: NodeFacts,
  now: string,
): Omit<Node, "metadata"> & {
  metadata: Pick<Node["metadata"], "name" | "labels" | "annotations">;
} {
  return {
    kind: "Node",
    apiVersion: "v1",
    metadata: {
      name: facts.name,
      labels: nodeLabels(facts),
      annotations: { "volumes.kubernetes.io/controller-managed-attach-detach": "true" },
    },
    spec: { podCIDR: facts.podCidr, podCIDRs: [facts.podCidr] },
    status: nodeStatus(facts, undefined, [], now),
  };
}

export function nodeStatus(
  facts: NodeFacts,
  old: readonly NodeCondition[] | undefined,
  images: readonly ContainerImage[],
  now: string,
): Node["status"] {
  const resources = allocatableOf(facts);
  return {
    capacity: resources,
    allocatable: resources,
    conditions: nodeConditions(old, now),
    addresses: [
      { type: "InternalIP", address: facts.address },
      { type: "Hostname", address: facts.name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: facts.port } },
    nodeInfo: {
      machineID: facts.machineId.replaceAll("-", ""),
      systemUUID: facts.machineId,
      bootID: facts.machineId,
      kernelVersion: "6.1.0-coracle",
      osImage: "Coracle simulated node",
      containerRuntimeVersion: facts.runtimeVersion,
      kubeletVersion: KUBELET_VERSION,
      kubeProxyVersion: "",
      operatingSystem: "linux",
      architecture: facts.architecture,
    },
    ...(images.length > 0 ? { images: [...images] } : {}),
  };
}

const CONDITIONS = [
  [
    "MemoryPressure",
    "False",
    "KubeletHasSufficientMemory",
    "kubelet has sufficient memory available",
  ],
  ["DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
  ["PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"],
  ["Ready", "True", "KubeletReady", "kubelet is posting ready status"],
] as const;

export function nodeConditions(
  old: readonly NodeCondition[] | undefined,
  now: string,
): NodeCondition[] {
  return CONDITIONS.map(([type, status, reason, message]) => {
    const before = old?.find((condition) => condition.type === type);
    const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? now) : now;
    return { type, status, lastHeartbeatTime: now, lastTransitionTime, reason, message };
  });
}
