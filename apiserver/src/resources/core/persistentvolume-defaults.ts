// Defaults of PersistentVolumes (upstream: core/v1 SetObjectDefaults_PersistentVolume).
import type { PersistentVolume, PersistentVolumeSpec } from "@coracle/shared/api/types/core-v1";
import { storeResourceList } from "./pod/resource-lists.ts";
import { setDriverDefaults } from "./pod/volume-defaults.ts";

/** Also of a volume written into a VolumeAttachment, which has no others. */
export function setVolumeSourceDefaults(spec: PersistentVolumeSpec): void {
  storeResourceList(spec.capacity);
  const { hostPath } = spec;
  if (hostPath) hostPath.type ??= "" as NonNullable<typeof hostPath.type>;
  setDriverDefaults(spec);
}

export function setVolumeDefaults(volume: PersistentVolume): void {
  volume.spec ??= {};
  volume.status ??= {};
  volume.status.phase ||= "Pending";
  volume.spec.persistentVolumeReclaimPolicy ||= "Retain";
  volume.spec.volumeMode ??= "Filesystem";
  setVolumeSourceDefaults(volume.spec);
}
