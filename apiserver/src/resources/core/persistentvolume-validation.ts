// Validation of PersistentVolumes (upstream: ValidatePersistentVolume and what it calls).
import type { PersistentVolume, PersistentVolumeSpec } from "@coracle/shared/api/types/core-v1";
import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import { canonical, signOf, value } from "@coracle/shared/machinery/quantity";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { validateVolumeSource } from "./persistentvolume-sources.ts";
import { validateNodeSelector } from "./pod/affinity-validation.ts";
import { checkAccessModes } from "./pod/claim-template-validation.ts";
import { addInvalid } from "./pod/findings.ts";

const RECLAIM_POLICIES = ["Delete", "Recycle", "Retain"];
const VOLUME_MODES = ["Block", "Filesystem"];
const INLINE = "in the context of inline volumes";

/** All findings on the specification of the volume of that name. */
export function validateVolumeSpec(
  spec: PersistentVolumeSpec,
  name: string,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  checkModes(spec, path, errors);
  validateCapacity(spec.capacity, `${path}.capacity`, errors);
  const { persistentVolumeReclaimPolicy: policy, volumeMode, storageClassName } = spec;
  const policyField = `${path}.persistentVolumeReclaimPolicy`;
  if (policy && !RECLAIM_POLICIES.includes(policy)) {
    errors.push(notSupported(policyField, policy, RECLAIM_POLICIES));
  }
  if (spec.nodeAffinity) {
    const at = `${path}.nodeAffinity.required`;
    if (spec.nodeAffinity.required) validateNodeSelector(spec.nodeAffinity.required, at, errors);
    else errors.push(required(at, "must specify required node constraints"));
  }
  validateVolumeSource(spec, name, path, errors);
  checkRecycledRoot(spec, policyField, errors);
  if (storageClassName) {
    const texts = isDns1123Subdomain(storageClassName);
    addInvalid(errors, `${path}.storageClassName`, storageClassName, texts);
  }
  if (volumeMode !== undefined && !VOLUME_MODES.includes(volumeMode)) {
    errors.push(notSupported(`${path}.volumeMode`, volumeMode, VOLUME_MODES));
  }
  validateAttributesClass(spec, path, errors);
  return errors;
}

/** The specification of a volume that is written into a VolumeAttachment; only CSI has that. */
export function validateInlineVolumeSpec(spec: PersistentVolumeSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const forbidden = (field: string): void => {
    errors.push(forbiddenField(`${path}.${field}`, `may not be specified ${INLINE}`));
  };
  if (spec.claimRef) forbidden("claimRef");
  if (Object.keys(spec.capacity ?? {}).length > 0) forbidden("capacity");
  if (!spec.csi) errors.push(required(`${path}.csi`, `has to be specified ${INLINE}`));
  checkModes(spec, path, errors);
  const policy = spec.persistentVolumeReclaimPolicy;
  const policyField = `${path}.persistentVolumeReclaimPolicy`;
  if (policy && policy !== "Retain") {
    errors.push(forbiddenField(policyField, `may only be Retain ${INLINE}`));
  }
  const { nodeAffinity, ...rest } = spec;
  if (nodeAffinity) forbidden("nodeAffinity");
  validateVolumeSource(rest, "", path, errors); // an affinity that is forbidden helps no local volume
  checkRecycledRoot(spec, policyField, errors);
  if (spec.storageClassName) forbidden("storageClassName");
  if (spec.volumeMode !== undefined && spec.volumeMode !== "Filesystem") {
    const detail = `may not specify volumeMode other than Filesystem ${INLINE}`;
    errors.push(forbiddenField(`${path}.volumeMode`, detail));
  }
  return errors;
}

function checkModes(
  { accessModes = [] }: PersistentVolumeSpec,
  path: string,
  errors: FieldError[],
) {
  if (accessModes.length === 0) errors.push(required(`${path}.accessModes`));
  checkAccessModes(accessModes, `${path}.accessModes`, errors);
}

function validateCapacity(
  capacity: PersistentVolumeSpec["capacity"],
  path: string,
  errors: FieldError[],
): void {
  const names = Object.keys(capacity ?? {}).sort();
  if (names.length === 0) errors.push(required(path));
  if (capacity?.storage === undefined || names.length > 1) {
    const shown = capacity && Object.fromEntries(names.map((name) => [name, capacity[name]]));
    errors.push(notSupported(path, shown, ["storage"]));
  }
  for (const name of names) {
    const quantity = capacity?.[name] as string;
    const field = `${path}[${name}]`;
    checkBasicQuantity(quantity, field, errors);
    if (signOf(quantity) <= 0) {
      errors.push(invalidValue(field, canonical(quantity), "must be greater than zero"));
    }
  }
}

/** Upstream: validateBasicResource. */
export function checkBasicQuantity(quantity: string, field: string, errors: FieldError[]): void {
  const whole = value(quantity);
  if (whole < 0) errors.push(invalidValue(field, whole, "must be a valid resource quantity"));
}

/** Recycling would empty the whole node. */
function checkRecycledRoot(
  { hostPath, persistentVolumeReclaimPolicy }: PersistentVolumeSpec,
  field: string,
  errors: FieldError[],
): void {
  if (!hostPath || persistentVolumeReclaimPolicy !== "Recycle") return;
  if (!isRoot(hostPath.path ?? "")) return;
  errors.push(forbiddenField(field, "may not be 'recycle' for a hostPath mount of '/'"));
}

/** Go's path.Clean makes it "/". */
function isRoot(path: string): boolean {
  if (!path.startsWith("/")) return false;
  let depth = 0;
  for (const part of path.split("/")) {
    if (part === "..") depth = Math.max(0, depth - 1);
    else if (part !== "" && part !== ".") depth++;
  }
  return depth === 0;
}

function validateAttributesClass(
  { volumeAttributesClassName: name, csi }: PersistentVolumeSpec,
  path: string,
  errors: FieldError[],
): void {
  if (name === undefined) return;
  const field = `${path}.volumeAttributesClassName`;
  if (name === "") errors.push(required(field, "an empty string is disallowed"));
  else addInvalid(errors, field, name, isDns1123Subdomain(name));
  if (!csi) {
    const detail = "has to be specified when using volumeAttributesClassName";
    errors.push(required(`${path}.csi`, detail));
  }
}

export const MOUNT_OPTIONS = "volume.beta.kubernetes.io/mount-options";

/** Sources that take the annotation; all others do not. */
const MOUNTABLE = [
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "glusterfs",
  "nfs",
  "rbd",
  "quobyte",
  "iscsi",
  "cinder",
  "cephfs",
  "azureFile",
  "vsphereVolume",
  "azureDisk",
  "photonPersistentDisk",
] as const;

/** Upstream: pkg/volume/validation. */
export function validateMountOptions({ metadata, spec }: PersistentVolume): FieldError[] {
  if (metadata.annotations?.[MOUNT_OPTIONS] === undefined) return [];
  if (MOUNTABLE.some((key) => spec[key] != null)) return [];
  const detail = "may not specify mount options for this volume type";
  return [forbiddenField(`metadata.annotations.${MOUNT_OPTIONS}`, detail)];
}
