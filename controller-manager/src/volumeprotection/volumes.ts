// Lets a deleted PersistentVolume go when no claim is bound to it (upstream: pvprotection).
import { defineController } from "@coracle/shared/controller/controller";
import { isDeleting } from "@coracle/shared/controller/owner-index";
import { isNotFound } from "@coracle/shared/machinery/status-error";

const FINALIZER = "kubernetes.io/pv-protection";

export const volumeProtectionController = defineController({
  name: "persistentvolume-protection",
  component: "pv-protection-controller",
  reconciles: "persistentvolumes",
  workers: 1,

  async reconcile(key, { client, lister }) {
    const volume = lister("persistentvolumes").get(key);
    if (volume === undefined || !isDeleting(volume)) return undefined;
    const { finalizers = [] } = volume.metadata;
    if (!finalizers.includes(FINALIZER) || volume.status?.phase === "Bound") return undefined;
    const metadata = {
      ...volume.metadata,
      finalizers: finalizers.filter((finalizer) => finalizer !== FINALIZER),
    };
    try {
      await client.for("persistentvolumes").update({ ...volume, metadata });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return undefined;
  },
});
