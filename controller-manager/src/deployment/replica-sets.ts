// A Deployment's ReplicaSets: which one is current, their order and their sums.
import type { Deployment, ReplicaSet } from "@coracle/shared/api/types/apps-v1";
import type { PodTemplateSpec } from "@coracle/shared/api/types/core-v1";
import { semanticEqual } from "@coracle/shared/machinery/semantic-equal";
import { TEMPLATE_HASH_LABEL } from "./template-hash.ts";

export const replicasOf = ({ spec }: ReplicaSet): number => spec.replicas ?? 1;

export const isActive = (replicaSet: ReplicaSet): boolean => replicasOf(replicaSet) > 0;

export const byCreation = (a: ReplicaSet, b: ReplicaSet): number =>
  compare(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
  compare(a.metadata.name, b.metadata.name);

/** The larger first; of one size the older, or the newer, first. */
export const bySizeThen =
  (first: "older" | "newer") =>
  (a: ReplicaSet, b: ReplicaSet): number =>
    replicasOf(b) - replicasOf(a) || (first === "older" ? byCreation(a, b) : byCreation(b, a));

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export interface Family {
  /** The one with the Deployment's template; the oldest, should there be several. */
  current: ReplicaSet | undefined;
  /** All others, the oldest first. */
  old: ReplicaSet[];
}

export function familyOf(deployment: Deployment, replicaSets: readonly ReplicaSet[]): Family {
  const sorted = [...replicaSets].sort(byCreation);
  const current = sorted.find(({ spec }) =>
    sameTemplate(spec.template ?? {}, deployment.spec.template),
  );
  return { current, old: sorted.filter((replicaSet) => replicaSet !== current) };
}

/** Equal apart from the pod-template-hash, which only a ReplicaSet's template has. */
export const sameTemplate = (a: PodTemplateSpec, b: PodTemplateSpec): boolean =>
  semanticEqual(withoutHash(a), withoutHash(b));

function withoutHash(template: PodTemplateSpec): unknown {
  const { [TEMPLATE_HASH_LABEL]: _hash, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

type Count = (replicaSet: ReplicaSet) => number;

export const sum = (replicaSets: readonly ReplicaSet[], count: Count): number =>
  replicaSets.reduce((total, replicaSet) => total + count(replicaSet), 0);

/** Counts as the ReplicaSets report them; none before they have been seen by their controller. */
export const actual: Count = ({ status }) => status?.replicas ?? 0;
export const ready: Count = ({ status }) => status?.readyReplicas ?? 0;
export const available: Count = ({ status }) => status?.availableReplicas ?? 0;
