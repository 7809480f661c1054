// The revisions that a StatefulSet's Pods are of, and are to be of (upstream: stateful_set_control.go
// getStatefulSetRevisions).
import type { ControllerRevision, StatefulSet } from "@coracle/shared/api/types/apps-v1";
import type { Pod } from "@coracle/shared/api/types/core-v1";
import type { ControllerContext } from "@coracle/shared/controller/controller";
import { templateHash } from "../deployment/template-hash.ts";
import {
  createRevision,
  isRevisionOf,
  renumber,
  revisionsOf,
  trimRevisions,
} from "../history/revisions.ts";
import { type Revisions, revisionNameOf } from "./members.ts";

const RESOURCE = "statefulsets.apps";
const HASH_LABEL = "controller.kubernetes.io/hash";

export interface SetHistory extends Revisions {
  /** The oldest first. */
  all: ControllerRevision[];
  collisionCount: number;
}

export async function historyOf(set: StatefulSet, context: ControllerContext): Promise<SetHistory> {
  const all = await revisionsOf(set, RESOURCE, context);
  let collisionCount = set.status?.collisionCount ?? 0;
  const newest = all.at(-1);
  const number = (newest?.revision ?? 0) + 1;
  const equal = all.filter((revision) => isRevisionOf(revision, set.spec.template)).at(-1);
  let update = equal;
  if (equal !== undefined && equal !== newest) update = await renumber(equal, number, context);
  while (update === undefined) {
    const hash = templateHash(set.spec.template, collisionCount);
    const { annotations } = set.metadata;
    const made = { label: HASH_LABEL, hash, revision: number, annotations };
    update = await createRevision(set, RESOURCE, made, context);
    if (update === undefined) collisionCount++;
  }
  const name = set.status?.currentRevision;
  const current = all.find(({ metadata }) => metadata.name === name) ?? update;
  return { all, current, update, collisionCount };
}

export async function trimHistory(
  set: StatefulSet,
  { all, current, update }: SetHistory,
  pods: readonly Pod[],
  context: ControllerContext,
): Promise<void> {
  const live = new Set([current.metadata.name, update.metadata.name, ...pods.map(revisionNameOf)]);
  const dead = all.filter(({ metadata }) => !live.has(metadata.name));
  await trimRevisions(dead, set.spec.revisionHistoryLimit ?? 10, () => false, context);
}
