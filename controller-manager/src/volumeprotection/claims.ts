// Lets a deleted PersistentVolumeClaim go when no Pod uses it any more (upstream: pvcprotection).
import { keyOf } from "@coracle/shared/api/resources";
import type { Pod } from "@coracle/shared/api/types/core-v1";
import {
  type ControllerContext,
  defineController,
  watchOf,
} from "@coracle/shared/controller/controller";
import { isDeleting } from "@coracle/shared/controller/owner-index";
import { isNotFound } from "@coracle/shared/machinery/status-error";

const FINALIZER = "kubernetes.io/pvc-protection";

function claimsOf({ spec, metadata }: Pod): string[] {
  return (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (ephemeral !== undefined) return [`${metadata.name}-${name}`];
    return persistentVolumeClaim === undefined ? [] : [persistentVolumeClaim.claimName];
  });
}

function enqueueDeleted(pod: Pod, { lister, enqueue }: ControllerContext): void {
  for (const name of claimsOf(pod)) {
    const claim = lister("persistentvolumeclaims").get(`${pod.metadata.namespace}/${name}`);
    if (claim !== undefined && isDeleting(claim)) enqueue(keyOf(claim));
  }
}

/** A Pod that was never placed uses nothing. */
function uses(pod: Pod, claim: string): boolean {
  const scheduled = (pod.spec.nodeName ?? "") !== "";
  return scheduled && claimsOf(pod).includes(claim);
}

export const claimProtectionController = defineController({
  name: "persistentvolumeclaim-protection",
  component: "pvc-protection-controller",
  reconciles: "persistentvolumeclaims",
  workers: 1,
  watches: [
    watchOf({
      resource: "pods",
      handlers: (context) => ({ onDelete: (pod) => enqueueDeleted(pod, context) }),
    }),
  ],

  async reconcile(key, { client, lister }) {
    const claim = lister("persistentvolumeclaims").get(key);
    if (claim === undefined || !isDeleting(claim)) return undefined;
    const { name, namespace, finalizers = [] } = claim.metadata;
    if (!finalizers.includes(FINALIZER)) return undefined;
    if (
      lister("pods")
        .list(namespace)
        .some((pod) => uses(pod, name))
    ) {
      return undefined;
    }
    // The cache may be behind: what is bound now has to be known.
    const { items } = await client.for("pods").list({ namespace });
    if (items.some((pod) => uses(pod, name))) return undefined;
    const metadata = {
      ...claim.metadata,
      finalizers: finalizers.filter((finalizer) => finalizer !== FINALIZER),
    };
    try {
      await client.for("persistentvolumeclaims").update({ ...claim, metadata });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return undefined;
  },
});
