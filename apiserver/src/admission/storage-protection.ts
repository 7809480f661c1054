// StorageObjectInUseProtection: volumes, claims and attribute classes are born with a finalizer, which a controller takes away
// once nothing uses them any longer.
import type { ResourceName } from "@coracle/shared/api/resources";
import type { ResourceTable } from "../registry/resource-table.ts";
import type { AdmissionPlugin } from "./chain.ts";

const FINALIZERS = {
  persistentvolumes: "kubernetes.io/pv-protection",
  persistentvolumeclaims: "kubernetes.io/pvc-protection",
  "volumeattributesclasses.storage.k8s.io": "kubernetes.io/vac-protection",
} satisfies Partial<Record<ResourceName, string>>;

export function storageProtection(resources: ResourceTable): AdmissionPlugin {
  const finalizers = new Map(
    Object.entries(FINALIZERS).map(([name, finalizer]) => [
      resources.named(name as ResourceName),
      finalizer,
    ]),
  );
  return {
    name: "StorageObjectInUseProtection",
    admit({ operation, resource, subresource, object }) {
      if (operation !== "CREATE" || subresource !== "" || object === undefined) return;
      const finalizer = finalizers.get(resource);
      const given = object.metadata.finalizers ?? [];
      if (finalizer === undefined || given.includes(finalizer)) return;
      object.metadata.finalizers = [...given, finalizer];
    },
  };
}
