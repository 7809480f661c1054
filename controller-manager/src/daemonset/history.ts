// Finds or makes the revision of a DaemonSet's current template (upstream: daemon/update.go constructHistory).
import type { ControllerRevision, DaemonSet } from "@coracle/shared/api/types/apps-v1";
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
import { HASH_LABEL } from "./placement.ts";

const RESOURCE = "daemonsets.apps";

export interface DaemonHistory {
  /** Hash of the current revision. */
  hash: string;
  /** The oldest first. */
  old: ControllerRevision[];
}

/** Undefined when the hash is taken: the DaemonSet's new collision count will bring another one. */
export async function historyOf(
  daemonSet: DaemonSet,
  pods: readonly Pod[],
  context: ControllerContext,
): Promise<DaemonHistory | undefined> {
  const { client } = context;
  const { template } = daemonSet.spec;
  const revisions = await revisionsOf(daemonSet, RESOURCE, context);
  const current = revisions.filter((revision) => isRevisionOf(revision, template));
  const old = revisions.filter((revision) => !current.includes(revision));
  const revision = (old.at(-1)?.revision ?? 0) + 1;
  const newest = current.pop();
  if (newest !== undefined) {
    const hash = hashOf(newest);
    await mergeInto(hash, current, pods, context);
    if (newest.revision < revision) await renumber(newest, revision, context);
    return { hash, old };
  }
  const { annotations } = daemonSet.metadata;
  const { collisionCount } = daemonSet.status ?? {};
  const hash = templateHash(template, collisionCount);
  const made = { label: HASH_LABEL, hash, revision, annotations };
  if ((await createRevision(daemonSet, RESOURCE, made, context)) !== undefined) {
    return { hash, old };
  }
  const status = { ...daemonSet.status, collisionCount: (collisionCount ?? 0) + 1 };
  await client.for(RESOURCE).updateStatus({ ...daemonSet, status });
  return undefined;
}

const hashOf = ({ metadata }: ControllerRevision): string =>
  metadata.labels?.[HASH_LABEL] ?? metadata.name;

/** Two revisions of one template are one. */
async function mergeInto(
  hash: string,
  duplicates: readonly ControllerRevision[],
  pods: readonly Pod[],
  { client }: ControllerContext,
): Promise<void> {
  if (duplicates.length === 0) return;
  for (const { metadata } of pods) {
    if (metadata.labels?.[HASH_LABEL] === hash) continue;
    const { name, namespace } = metadata;
    const patch = { metadata: { labels: { [HASH_LABEL]: hash } } };
    await client.for("pods").patch(name, patch, { namespace, type: "merge" });
  }
  for (const { metadata } of duplicates) {
    const { name, namespace } = metadata;
    await client.for("controllerrevisions.apps").delete(name, { namespace });
  }
}

export async function trimHistory(
  { spec }: DaemonSet,
  { old }: DaemonHistory,
  pods: readonly Pod[],
  context: ControllerContext,
): Promise<void> {
  const live = new Set(pods.map(({ metadata }) => metadata.labels?.[HASH_LABEL]));
  const isLive = (revision: ControllerRevision) => live.has(hashOf(revision));
  await trimRevisions(old, spec.revisionHistoryLimit ?? 10, isLive, context);
}
