// PersistentVolumeClaimResize: a claim grows only when it is bound and its class lets it.
import type { PersistentVolumeClaim } from "@coracle/shared/api/types/core-v1";
import type { StorageClass } from "@coracle/shared/api/types/storage-v1";
import { compareQuantities } from "@coracle/shared/machinery/quantity";
import type { ServedResource } from "../registry/served-resource.ts";
import { claimClass } from "../resources/core/persistentvolumeclaim.ts";
import { type AdmissionPlugin, refusal } from "./chain.ts";
import { ObjectLister } from "./object-lister.ts";

const sizeOf = ({ spec }: PersistentVolumeClaim): string =>
  spec.resources?.requests?.storage ?? "0";

/** Why the claim may not grow; undefined when it may, or does not. */
export function resizeRefusal(
  claim: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
  classNamed: (name: string) => StorageClass | undefined,
): string | undefined {
  if (compareQuantities(sizeOf(claim), sizeOf(old)) <= 0) return undefined;
  if (old.status.phase !== "Bound") return "Only bound persistent volume claims can be expanded";
  const name = claimClass(claim);
  const sameClass = name !== "" && name === claimClass(old);
  if (sameClass && classNamed(name)?.allowVolumeExpansion === true) return undefined;
  return "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";
}

export function claimResize(
  claims: ServedResource,
  storageClasses: ServedResource,
): AdmissionPlugin {
  const classes = new ObjectLister<StorageClass>(storageClasses);
  return {
    name: "PersistentVolumeClaimResize",
    validate(attributes) {
      const { operation, resource, subresource, object, old } = attributes;
      if (operation !== "UPDATE" || resource !== claims || subresource !== "") return;
      const why = resizeRefusal(
        object as unknown as PersistentVolumeClaim,
        old as unknown as PersistentVolumeClaim,
        (name) => classes.get("", name),
      );
      if (why !== undefined) throw refusal(attributes, why);
    },
  };
}
