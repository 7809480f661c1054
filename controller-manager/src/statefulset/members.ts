// The Pods of a StatefulSet: their names, their identity, and in what state they are (upstream: stateful_set_utils.go).
import type { Draft } from "@coracle/shared/api/resources";
import type { ControllerRevision, StatefulSet } from "@coracle/shared/api/types/apps-v1";
import type { Pod, PodSpec, PodTemplateSpec, Volume } from "@coracle/shared/api/types/core-v1";
import { controllerReference } from "@coracle/shared/machinery/owner-references";
import { revisedTemplate } from "../history/revisions.ts";
import { podOf } from "../replicaset/pod-control.ts";
import { availableAtMs } from "../replicaset/pod-state.ts";

export const REVISION_LABEL = "controller-revision-hash";
const NAME_LABEL = "statefulset.kubernetes.io/pod-name";
const INDEX_LABEL = "apps.kubernetes.io/pod-index";

/** Name of the StatefulSet and number, by the Pod's name; undefined when it is not the name of a member. */
function parseName(name: string): { parent: string; ordinal: number } | undefined {
  const [, parent = "", digits = ""] = /^(.*)-([0-9]+)$/.exec(name) ?? [];
  const ordinal = Number(digits);
  return digits === "" || ordinal > 2 ** 31 - 1 ? undefined : { parent, ordinal };
}

export const ordinalOf = ({ metadata }: Pod): number | undefined =>
  parseName(metadata.name)?.ordinal;

export const isMember = ({ metadata }: Pod, set: StatefulSet): boolean =>
  parseName(metadata.name)?.parent === set.metadata.name;

export const replicasOf = ({ spec }: StatefulSet): number => spec.replicas ?? 1;

export const firstOrdinal = ({ spec }: StatefulSet): number => spec.ordinals?.start ?? 0;

export function isInRange(pod: Pod, set: StatefulSet): boolean {
  const ordinal = ordinalOf(pod) ?? -1;
  const first = firstOrdinal(set);
  return ordinal >= first && ordinal < first + replicasOf(set);
}

export const isOrdered = ({ spec }: StatefulSet): boolean =>
  spec.podManagementPolicy !== "Parallel";

export const isTerminating = ({ metadata }: Pod): boolean =>
  metadata.deletionTimestamp !== undefined;

export const isReady = (pod: Pod): boolean =>
  pod.status?.phase === "Running" && availableAtMs(pod, 0) !== undefined;

export function isAvailable(pod: Pod, { spec }: StatefulSet, nowMs: number): boolean {
  const at = availableAtMs(pod, spec.minReadySeconds ?? 0);
  return at !== undefined && at <= nowMs;
}

export const revisionNameOf = ({ metadata }: Pod): string =>
  metadata.labels?.[REVISION_LABEL] ?? "";

/** Name of the claim that a Pod has by a template. */
export const claimName = (template: string, set: StatefulSet, ordinal: number): string =>
  `${template}-${set.metadata.name}-${ordinal}`;

const identityLabels = (name: string, ordinal: number): Record<string, string> => ({
  [NAME_LABEL]: name,
  [INDEX_LABEL]: String(ordinal),
});

function volumesOf(set: StatefulSet, ordinal: number, others: readonly Volume[]): Volume[] {
  const claims = (set.spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
  return [
    ...claims.map((name) => ({
      name,
      persistentVolumeClaim: { claimName: claimName(name, set, ordinal) },
    })),
    ...others.filter(({ name }) => !claims.includes(name)),
  ];
}

export interface Revisions {
  current: ControllerRevision;
  update: ControllerRevision;
}

/** The Pod of this number, of the revision that its place in a rolling update asks for. */
export function newMember(
  set: StatefulSet,
  { current, update }: Revisions,
  ordinal: number,
): Draft<Pod> {
  const { rollingUpdate, type } = set.spec.updateStrategy ?? {};
  const kept =
    rollingUpdate === undefined
      ? type === "RollingUpdate"
        ? (set.status?.currentReplicas ?? 0)
        : 0
      : (rollingUpdate.partition ?? 0);
  const revision = ordinal < firstOrdinal(set) + kept ? current : update;
  return memberOf(set, revision, revisedTemplate(revision), ordinal);
}

function memberOf(
  set: StatefulSet,
  revision: ControllerRevision,
  template: PodTemplateSpec,
  ordinal: number,
): Draft<Pod> {
  const pod = podOf(template, set, controllerReference(set, "apps/v1", "StatefulSet"));
  const name = `${set.metadata.name}-${ordinal}`;
  const spec = pod.spec as PodSpec;
  const volumes = volumesOf(set, ordinal, spec.volumes ?? []);
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      name,
      labels: {
        ...pod.metadata.labels,
        ...identityLabels(name, ordinal),
        [REVISION_LABEL]: revision.metadata.name,
      },
    },
    spec: {
      ...spec,
      ...(volumes.length > 0 && { volumes }),
      hostname: name,
      subdomain: set.spec.serviceName,
    },
  };
}

/** The Pod as it should be; undefined when it is so already. */
export function repaired(pod: Pod, set: StatefulSet): Pod | undefined {
  const ordinal = ordinalOf(pod) ?? -1;
  const { name, labels } = pod.metadata;
  const named = labels?.[NAME_LABEL] === name;
  const claims = (set.spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
  const stored = claims.every((claim) =>
    pod.spec.volumes?.some(
      ({ name, persistentVolumeClaim }) =>
        name === claim && persistentVolumeClaim?.claimName === claimName(claim, set, ordinal),
    ),
  );
  if (named && stored) return undefined;
  const volumes = volumesOf(set, ordinal, pod.spec.volumes ?? []);
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...labels, ...identityLabels(name, ordinal) } },
    spec: { ...pod.spec, ...(volumes.length > 0 && { volumes }) },
  };
}
