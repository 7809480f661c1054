// DefaultStorageClass: a claim that names no class gets the one that is marked as default.
import type { PersistentVolumeClaim } from "@coracle/shared/api/types/core-v1";
import type { StorageClass } from "@coracle/shared/api/types/storage-v1";
import { parseTime } from "@coracle/shared/runtime/clock";
import type { ServedResource } from "../registry/served-resource.ts";
import { STORAGE_CLASS_ANNOTATION } from "../resources/core/volume-cells.ts";
import { isDefaultClass } from "../resources/storage/storageclass.ts";
import type { AdmissionPlugin } from "./chain.ts";
import { ObjectLister } from "./object-lister.ts";

/** Of several the youngest, of equally old ones the first by name (upstream: GetDefaultClass). */
export function defaultClass(classes: readonly StorageClass[]): StorageClass | undefined {
  const bornAt = ({ metadata }: StorageClass) => parseTime(metadata.creationTimestamp) ?? 0;
  return classes.filter(isDefaultClass).reduce<StorageClass | undefined>((best, next) => {
    if (best === undefined) return next;
    const younger = bornAt(next) - bornAt(best);
    return younger > 0 || (younger === 0 && next.metadata.name < best.metadata.name) ? next : best;
  }, undefined);
}

export function defaultStorageClass(
  claims: ServedResource,
  storageClasses: ServedResource,
): AdmissionPlugin {
  const classes = new ObjectLister<StorageClass>(storageClasses);
  return {
    name: "DefaultStorageClass",
    admit({ operation, resource, subresource, object }) {
      if (resource !== claims || subresource !== "") return;
      if (operation !== "CREATE") return;
      const { metadata, spec } = object as unknown as PersistentVolumeClaim;
      if (metadata.annotations?.[STORAGE_CLASS_ANNOTATION] !== undefined) return;
      if (spec.storageClassName !== undefined) return;
      const found = defaultClass(classes.list(""));
      if (found !== undefined) spec.storageClassName = found.metadata.name;
    },
  };
}
