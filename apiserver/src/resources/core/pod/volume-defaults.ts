// Defaults of volumes (upstream: core/v1 SetDefaults_Volume, …VolumeSource).
import type {
  AzureDiskVolumeSource,
  DownwardAPIVolumeFile,
  EphemeralVolumeSource,
  PersistentVolumeSource,
  ProjectedVolumeSource,
  Volume,
} from "@coracle/shared/api/types/core-v1";
import { canonical } from "@coracle/shared/machinery/quantity";
import { setFieldRefDefaults, setResourceFieldRefDefaults } from "./container-defaults.ts";
import { defaultPullPolicy } from "./image-reference.ts";
import { storeResourceList } from "./resource-lists.ts";

const FILE_MODE = 0o644;

/** A volume without a source is an empty directory. */
export function setVolumeDefaults(volume: Volume): void {
  if (hasNoSource(volume)) volume.emptyDir = {};
  const { emptyDir, hostPath, secret, configMap, downwardAPI, projected, image } = volume;
  if (emptyDir?.sizeLimit !== undefined) {
    const stored = canonical(String(emptyDir.sizeLimit));
    if (stored !== emptyDir.sizeLimit) emptyDir.sizeLimit = stored;
  }
  if (hostPath) hostPath.type ??= "" as NonNullable<typeof hostPath.type>;
  if (secret) secret.defaultMode ??= FILE_MODE;
  if (configMap) configMap.defaultMode ??= FILE_MODE;
  if (downwardAPI) {
    downwardAPI.defaultMode ??= FILE_MODE;
    setFileDefaults(downwardAPI.items);
  }
  if (projected) setProjectedDefaults(projected);
  if (image) image.pullPolicy ||= defaultPullPolicy(image.reference);
  setDriverDefaults(volume as PersistentVolumeSource);
  if (volume.ephemeral) setClaimTemplateDefaults(volume.ephemeral);
}

function hasNoSource(volume: Volume): boolean {
  for (const key in volume) {
    if (key !== "name" && volume[key as keyof Volume] != null) return false;
  }
  return true;
}

function setFileDefaults(files: DownwardAPIVolumeFile[] | undefined): void {
  for (const file of files ?? []) {
    setFieldRefDefaults(file.fieldRef);
    setResourceFieldRefDefaults(file.resourceFieldRef);
  }
}

function setProjectedDefaults(projected: ProjectedVolumeSource): void {
  projected.defaultMode ??= FILE_MODE;
  for (const source of projected.sources ?? []) {
    setFileDefaults(source.downwardAPI?.items);
    if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
  }
}

/** Of sources that PersistentVolumes have, too. */
export function setDriverDefaults({
  iscsi,
  rbd,
  azureDisk,
  scaleIO,
}: Pick<PersistentVolumeSource, "iscsi" | "rbd" | "azureDisk" | "scaleIO">): void {
  if (iscsi) iscsi.iscsiInterface ||= "default";
  if (rbd) {
    rbd.pool ||= "rbd";
    rbd.user ||= "admin";
    rbd.keyring ||= "/etc/ceph/keyring";
  }
  if (azureDisk) setAzureDiskDefaults(azureDisk);
  if (scaleIO) {
    scaleIO.storageMode ||= "ThinProvisioned";
    scaleIO.fsType ||= "xfs";
  }
}

function setAzureDiskDefaults(disk: AzureDiskVolumeSource): void {
  disk.cachingMode ??= "ReadWrite";
  disk.fsType ??= "ext4";
  disk.readOnly ??= false;
  disk.kind ??= "Shared";
}

function setClaimTemplateDefaults({ volumeClaimTemplate: template }: EphemeralVolumeSource): void {
  if (!template) return;
  template.metadata ??= {} as NonNullable<typeof template.metadata>;
  template.spec ??= {};
  template.spec.volumeMode ??= "Filesystem";
  template.spec.resources ??= {};
  storeResourceList(template.spec.resources.limits);
  storeResourceList(template.spec.resources.requests);
}
