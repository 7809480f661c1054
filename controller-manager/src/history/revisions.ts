// The ControllerRevisions of a DaemonSet or StatefulSet: each template that it has had, by number (`kubectl rollout history` and
// `undo` read them).
import { apiVersionOf, type KubernetesObject, resources } from "@coracle/shared/api/resources";
import type { ControllerRevision } from "@coracle/shared/api/types/apps-v1";
import type { PodTemplateSpec } from "@coracle/shared/api/types/core-v1";
import type { LabelSelector } from "@coracle/shared/api/types/meta-v1";
import { claimChildren } from "@coracle/shared/controller/claim";
import { compiledSelector } from "@coracle/shared/controller/compiled-selector";
import type { ControllerContext } from "@coracle/shared/controller/controller";
import { controllerReference } from "@coracle/shared/machinery/owner-references";
import { semanticEqual } from "@coracle/shared/machinery/semantic-equal";
import { isAlreadyExists, isNotFound } from "@coracle/shared/machinery/status-error";

/** What a DaemonSet and a StatefulSet have in common. */
export type RevisedOwner = KubernetesObject & {
  spec: { selector: LabelSelector; template: PodTemplateSpec };
};
type OwnerResource = "daemonsets.apps" | "statefulsets.apps";

/** A strategic merge patch that brings the template back. */
export const revisionData = (template: PodTemplateSpec): unknown => ({
  spec: { template: { ...template, $patch: "replace" } },
});

/** The template that a revision keeps. */
export function revisedTemplate({ data }: ControllerRevision): PodTemplateSpec {
  const { spec } = data as { spec: { template: PodTemplateSpec & { $patch?: string } } };
  const { $patch: _directive, ...template } = spec.template;
  return template as PodTemplateSpec;
}

export const isRevisionOf = (revision: ControllerRevision, template: PodTemplateSpec): boolean =>
  semanticEqual(revision.data, revisionData(template));

/** The owner's revisions, the oldest first; orphans that match are adopted. */
export async function revisionsOf(
  owner: RevisedOwner,
  controllerResource: OwnerResource,
  { client, lister }: ControllerContext,
): Promise<ControllerRevision[]> {
  const revisions = await claimChildren<ControllerRevision>({
    client,
    controller: owner,
    controllerResource,
    resource: "controllerrevisions.apps",
    lister: lister("controllerrevisions.apps"),
    selector: compiledSelector(owner.spec.selector),
  });
  return revisions.sort(byRevision);
}

const byRevision = (a: ControllerRevision, b: ControllerRevision): number =>
  a.revision - b.revision ||
  compare(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
  compare(a.metadata.name, b.metadata.name);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export interface NewRevision {
  /** Name of the label that holds the hash. */
  label: string;
  hash: string;
  revision: number;
  annotations?: Record<string, string>;
}

/** Creates it; undefined when its name belongs to a revision of another template: another hash is needed. */
export async function createRevision(
  owner: RevisedOwner,
  controllerResource: OwnerResource,
  { label, hash, revision, annotations }: NewRevision,
  { client, logger }: ControllerContext,
): Promise<ControllerRevision | undefined> {
  const { namespace } = owner.metadata;
  const row = resources[controllerResource];
  const name = `${owner.metadata.name.slice(0, NAME_LENGTH_MAX)}-${hash}`;
  const { template } = owner.spec;
  const revisions = client.for("controllerrevisions.apps");
  try {
    const created = await revisions.create({
      metadata: {
        name,
        namespace,
        labels: { ...template.metadata?.labels, [label]: hash },
        annotations,
        ownerReferences: [controllerReference(owner, apiVersionOf(row), row.kind)],
      },
      data: revisionData(template),
      revision,
    });
    logger.info({ object: `controllerrevision ${namespace}/${name}`, revision }, "kept revision");
    return created;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const existing = await revisions.get(name, namespace);
    return isRevisionOf(existing, template) ? existing : undefined;
  }
}

const NAME_LENGTH_MAX = 223;

/** Makes an old revision the newest one. */
export const renumber = (
  revision: ControllerRevision,
  number: number,
  { client }: ControllerContext,
): Promise<ControllerRevision> =>
  client.for("controllerrevisions.apps").update({ ...revision, revision: number });

/** Deletes the oldest that no Pod is of, until `limit` are left. `old`: the oldest first. */
export async function trimRevisions(
  old: readonly ControllerRevision[],
  limit: number,
  isLive: (revision: ControllerRevision) => boolean,
  { client }: ControllerContext,
): Promise<void> {
  const surplus = Math.max(0, old.length - limit);
  const dead = old.filter((revision) => !isLive(revision));
  for (const { metadata } of dead.slice(0, surplus)) {
    const { name, namespace } = metadata;
    try {
      await client.for("controllerrevisions.apps").delete(name, { namespace });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
