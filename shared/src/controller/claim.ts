// Which objects belong to a controller: those that it controls and that still match its selector.
// Matching orphans are adopted, children that match no more are released. (upstream:
// controller_ref_manager.go)
import type { KubernetesObject, ResourceName } from "../api/resources.ts";
import { apiVersionOf, resources } from "../api/resources.ts";
import type { Lister } from "../cache/store.ts";
import type { Client } from "../client/client.ts";
import { controllerOf, controllerReference } from "../machinery/owner-references.ts";
import type { Selector } from "../machinery/selector.ts";
import { isInvalid, isNotFound } from "../machinery/status-error.ts";
import { BY_CONTROLLER, isDeleting, orphanKey } from "./owner-index.ts";

export interface ClaimOptions<T extends KubernetesObject> {
  client: Client;
  controller: KubernetesObject;
  controllerResource: ResourceName;
  /** Resource of the children, with its lister (which must have the index BY_CONTROLLER). */
  resource: ResourceName;
  lister: Lister<T>;
  selector: Selector;
  /** An orphan for which it is false is left alone. Default: every one may be adopted. */
  isEligible?(orphan: T): boolean;
  /** Put on what is adopted, taken off what is released. */
  finalizer?: string;
}

/**
 * Returns the children (after adoptions and releases). Throws if the server refuses one of them.
 */
export async function claimChildren<T extends KubernetesObject>(
  options: ClaimOptions<T>,
): Promise<T[]> {
  const { controller, lister, selector } = options;
  const { uid, namespace } = controller.metadata;
  const claimed: T[] = [];
  for (const child of lister.byIndex(BY_CONTROLLER, uid)) {
    if (selector.matches(child.metadata.labels)) claimed.push(child);
    else if (!isDeleting(controller)) await release(options, child);
  }
  if (isDeleting(controller)) return claimed;
  const orphans = lister
    .byIndex(BY_CONTROLLER, orphanKey(namespace))
    .filter(
      (orphan) =>
        selector.matches(orphan.metadata.labels) &&
        !isDeleting(orphan) &&
        (options.isEligible?.(orphan) ?? true),
    );
  if (orphans.length === 0) return claimed;
  await assertAdoptable(options);
  for (const orphan of orphans) {
    if (await adopt(options, orphan)) claimed.push(orphan);
  }
  return claimed;
}

/**
 * Asks the server, not the cache: a controller that is gone, or another of its name, must not
 * adopt.
 */
async function assertAdoptable(options: ClaimOptions<KubernetesObject>): Promise<void> {
  const { name, namespace, uid } = options.controller.metadata;
  const fresh: KubernetesObject = await options.client
    .for(options.controllerResource)
    .get(name, namespace);
  if (fresh.metadata.uid !== uid) {
    throw new Error(`original ${namespace}/${name} is gone: got uid ${fresh.metadata.uid}`);
  }
  if (isDeleting(fresh)) throw new Error(`${namespace}/${name} has just been deleted`);
}

async function adopt(
  options: ClaimOptions<KubernetesObject>,
  orphan: KubernetesObject,
): Promise<boolean> {
  const row = resources[options.controllerResource];
  const reference = controllerReference(options.controller, apiVersionOf(row), row.kind);
  const { finalizer } = options;
  return patchChild(options, orphan, {
    ownerReferences: [reference],
    ...(finalizer !== undefined && { finalizers: [finalizer] }),
  });
}

function release(
  options: ClaimOptions<KubernetesObject>,
  child: KubernetesObject,
): Promise<boolean> {
  const { controller, finalizer } = options;
  return patchChild(options, child, {
    ownerReferences: [{ $patch: "delete", uid: controller.metadata.uid }],
    ...(finalizer !== undefined && { "$deleteFromPrimitiveList/finalizers": [finalizer] }),
  });
}

/**
 * False when the child is gone or has been replaced by another of its name: nothing to claim then.
 */
async function patchChild(
  { client, resource }: ClaimOptions<KubernetesObject>,
  child: KubernetesObject,
  changes: Record<string, unknown>,
): Promise<boolean> {
  const { name, namespace, uid } = child.metadata;
  const controlled = controllerOf(child) !== undefined;
  try {
    await client.for(resource).patch(name, { metadata: { ...changes, uid } }, { namespace });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    // Released: it may have lost its references, or its identity, meanwhile.
    if (controlled && isInvalid(error)) return false;
    throw error;
  }
}
