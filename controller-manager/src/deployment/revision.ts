// The annotations by which a Deployment and its ReplicaSets keep history (`kubectl rollout history`
// and `undo` read them).
import type { Deployment, ReplicaSet } from "@coracle/shared/api/types/apps-v1";
import { desiredReplicas, maxSurge } from "./rollout-bounds.ts";

export const REVISION = "deployment.kubernetes.io/revision";
export const REVISION_HISTORY = "deployment.kubernetes.io/revision-history";
export const DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas";
export const MAX_REPLICAS = "deployment.kubernetes.io/max-replicas";

/** A ReplicaSet does not inherit these. */
const OWN = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  "deprecated.deployment.rollback.to",
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
]);

const HISTORY_LENGTH_MAX = 2000;

export type Annotations = Record<string, string>;

/** 0 when there is none, undefined when it is not a number. */
function parseRevision(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return 0;
  return /^[+-]?[0-9]+$/.test(text) ? Number(text) : undefined;
}

export const revisionOf = ({ metadata }: ReplicaSet): number | undefined =>
  parseRevision(metadata.annotations?.[REVISION]);

export const maxRevision = (replicaSets: readonly ReplicaSet[]): number =>
  Math.max(0, ...replicaSets.map((replicaSet) => revisionOf(replicaSet) ?? 0));

/**
 * What the annotations of the current ReplicaSet should be: the Deployment's, and a revision above
 * `revisionBefore`. When an old ReplicaSet becomes current again (undo), its old revision goes into
 * the history.
 */
export function currentAnnotations(
  deployment: Deployment,
  before: Annotations | undefined,
  revisionBefore: number,
): Annotations {
  const annotations = { ...before };
  for (const [name, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!OWN.has(name)) annotations[name] = value;
  }
  const old = before?.[REVISION];
  const oldRevision = parseRevision(old);
  const revision = revisionBefore + 1;
  if (oldRevision === undefined || oldRevision >= revision) return annotations;
  annotations[REVISION] = String(revision);
  if (old === undefined) return annotations;
  const history = extendHistory(before?.[REVISION_HISTORY] ?? "", old);
  if (history !== undefined) annotations[REVISION_HISTORY] = history;
  return annotations;
}

/** Drops the oldest revisions when the text would become too long. */
function extendHistory(history: string, revision: string): string | undefined {
  if (history === "") return revision;
  const revisions = history.split(",");
  let length = history.length + 1 + revision.length;
  while (length > HISTORY_LENGTH_MAX && revisions.length > 0) {
    length -= (revisions.shift() as string).length + 1;
  }
  return length > HISTORY_LENGTH_MAX ? undefined : [...revisions, revision].join(",");
}

/**
 * The sizes that the Deployment had when the ReplicaSet was last scaled: they tell scaling from
 * rolling out.
 */
export function sizeAnnotations(deployment: Deployment): Annotations {
  const desired = desiredReplicas(deployment);
  return {
    [DESIRED_REPLICAS]: String(desired),
    [MAX_REPLICAS]: String(desired + maxSurge(deployment)),
  };
}

/**
 * One of {@link DESIRED_REPLICAS} and {@link MAX_REPLICAS}; undefined when absent or not a count.
 */
export function sizeAnnotation({ metadata }: ReplicaSet, name: string): number | undefined {
  const text = metadata.annotations?.[name];
  if (text === undefined || !/^[0-9]+$/.test(text)) return undefined;
  const value = Number(text);
  return value > 2 ** 31 - 1 ? undefined : value;
}

export function sameAnnotations(a: Annotations | undefined, b: Annotations): boolean {
  const names = Object.keys(b);
  return Object.keys(a ?? {}).length === names.length && names.every((n) => a?.[n] === b[n]);
}
