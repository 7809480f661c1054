// On which nodes a DaemonSet's Pods are to run, and what such a Pod looks like (upstream: daemonset_util.go).
import type { Draft } from "@coracle/shared/api/resources";
import type { DaemonSet } from "@coracle/shared/api/types/apps-v1";
import type { Affinity, Node, Pod, PodSpec, Toleration } from "@coracle/shared/api/types/core-v1";
import { matchesRequiredAffinity } from "@coracle/shared/machinery/node-selector";
import { controllerReference } from "@coracle/shared/machinery/owner-references";
import { toleratesAll } from "@coracle/shared/machinery/toleration";
import { podOf } from "../replicaset/pod-control.ts";

export const HASH_LABEL = "controller-revision-hash";
const GENERATION_LABEL = "pod-template-generation";
const GENERATION_ANNOTATION = "deprecated.daemonset.template.generation";

const taint = (name: string, effect: Toleration["effect"]): Toleration => ({
  key: `node.kubernetes.io/${name}`,
  operator: "Exists",
  effect,
});

/** Conditions of a node that are no reason to be without its daemons. */
const TOLERATED = [
  taint("not-ready", "NoExecute"),
  taint("unreachable", "NoExecute"),
  taint("disk-pressure", "NoSchedule"),
  taint("memory-pressure", "NoSchedule"),
  taint("pid-pressure", "NoSchedule"),
  taint("unschedulable", "NoSchedule"),
];
const NETWORK_UNAVAILABLE = taint("network-unavailable", "NoSchedule");

function tolerationsOf(spec: PodSpec): Toleration[] {
  const tolerations = [...(spec.tolerations ?? [])];
  for (const added of spec.hostNetwork ? [...TOLERATED, NETWORK_UNAVAILABLE] : TOLERATED) {
    const isKnown = ({ key, effect, operator = "Equal" }: Toleration) =>
      key === added.key && effect === added.effect && operator === "Exists";
    if (!tolerations.some(isKnown)) tolerations.push(added);
  }
  return tolerations;
}

export interface Placement {
  /** A Pod is to be started when there is none. */
  starts: boolean;
  /** One that is there may stay. */
  stays: boolean;
}

export function placementOn(node: Node, { spec }: DaemonSet): Placement {
  const podSpec = spec.template.spec as PodSpec;
  const { nodeName = "" } = podSpec;
  const elsewhere = nodeName !== "" && nodeName !== node.metadata.name;
  if (elsewhere || !matchesRequiredAffinity(podSpec, node)) return { starts: false, stays: false };
  const tolerations = tolerationsOf(podSpec);
  const taints = node.spec?.taints ?? [];
  const executes = taints.filter(({ effect }) => effect === "NoExecute");
  const schedules = taints.filter(({ effect }) => effect === "NoSchedule");
  const stays = toleratesAll(tolerations, executes);
  return { starts: stays && toleratesAll(tolerations, schedules), stays };
}

/** The node that the Pod runs on, or is made for. */
export function targetNode({ spec }: Pod): string | undefined {
  if ((spec.nodeName ?? "") !== "") return spec.nodeName;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  for (const { matchFields = [] } of required?.nodeSelectorTerms ?? []) {
    for (const { key, operator, values = [] } of matchFields) {
      if (key === "metadata.name" && operator === "In") {
        return values.length === 1 ? values[0] : undefined;
      }
    }
  }
  return undefined;
}

/** In place of what the template's required terms say: they match the node already. */
function affinityTo(node: string, affinity: Affinity | undefined): Affinity {
  const matchFields = [{ key: "metadata.name", operator: "In" as const, values: [node] }];
  return {
    ...affinity,
    nodeAffinity: {
      ...affinity?.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] },
    },
  };
}

/** `hash`: of the revision that the Pod is of. */
export function podFor(daemonSet: DaemonSet, node: string, hash: string): Draft<Pod> {
  const reference = controllerReference(daemonSet, "apps/v1", "DaemonSet");
  const pod = podOf(daemonSet.spec.template, daemonSet, reference);
  const generation = templateGeneration(daemonSet);
  const spec = pod.spec as PodSpec;
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: {
        ...pod.metadata.labels,
        ...(generation !== undefined && { [GENERATION_LABEL]: generation }),
        [HASH_LABEL]: hash,
      },
    },
    spec: {
      ...spec,
      tolerations: tolerationsOf(spec),
      affinity: affinityTo(node, spec.affinity),
    },
  };
}

function templateGeneration({ metadata }: DaemonSet): string | undefined {
  const text = metadata.annotations?.[GENERATION_ANNOTATION];
  return text !== undefined && /^[0-9]+$/.test(text) ? text : undefined;
}

/** The Pod is of the current template. */
export function isUpdated({ metadata }: Pod, daemonSet: DaemonSet, hash: string): boolean {
  const { labels = {} } = metadata;
  const generation = templateGeneration(daemonSet);
  if (labels[HASH_LABEL] === hash) return true;
  return generation !== undefined && labels[GENERATION_LABEL] === generation;
}

/** Pods by the node that they are for; those that have ended and are going away are left out. */
export function podsByNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const byNode = new Map<string, Pod[]>();
  for (const pod of pods) {
    const ended = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
    if (ended && pod.metadata.deletionTimestamp !== undefined) continue;
    const node = targetNode(pod);
    if (node === undefined) continue;
    const list = byNode.get(node);
    if (list === undefined) byNode.set(node, [pod]);
    else list.push(pod);
  }
  return byNode;
}

/** Pods that have a node first, then the oldest first. */
export function byScheduledAndAge(a: Pod, b: Pod): number {
  const assigned = ({ spec }: Pod) => ((spec.nodeName ?? "") === "" ? 1 : 0);
  const text = ({ metadata }: Pod) => `${metadata.creationTimestamp} ${metadata.name}`;
  return assigned(a) - assigned(b) || (text(a) < text(b) ? -1 : 1);
}
