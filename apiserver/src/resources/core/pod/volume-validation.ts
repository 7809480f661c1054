// Volumes of a Pod: names, and one source each (upstream: ValidateVolumes, validateVolumeSource). The sources of today are
// here, those of the in-tree drivers in driver-volume-validation.ts.

import type {
  DownwardAPIVolumeSource,
  EmptyDirVolumeSource,
  HostPathVolumeSource,
  ImageVolumeSource,
  KeyToPath,
  Volume,
} from "@coracle/shared/api/types/core-v1";
import type { ObjectMeta } from "@coracle/shared/api/types/meta-v1";
import {
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import { signOf } from "@coracle/shared/machinery/quantity";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { validateClaimTemplate } from "./claim-template-validation.ts";
import { validatePullPolicy } from "./container-validation.ts";
import { type DriverSource, driverSources } from "./driver-volume-validation.ts";
import { checkNoBacksteps, checkRequiredLabel } from "./findings.ts";
import { validateProjected } from "./projected-volume-validation.ts";
import { checkMode, validateDownwardFile, validateKeyToPath } from "./volume-file-validation.ts";

/** What the rules need to know of the Pod around. */
interface VolumeSurroundings {
  /** Absent in a template. */
  metadata: ObjectMeta | undefined;
}

/** Returns the valid volumes by name, for the mounts. */
export function validateVolumes(
  volumes: readonly Volume[] | undefined,
  surroundings: VolumeSurroundings,
  path: string,
  errors: FieldError[],
): Map<string, Volume> {
  const valid = new Map<string, Volume>();
  if (!volumes) return valid;
  const claims = createdClaims(volumes, surroundings.metadata);
  for (let i = 0; i < volumes.length; i++) {
    const volume = volumes[i] as Volume;
    const at = `${path}[${i}]`;
    const before = errors.length;
    const name = volume.name ?? "";
    validateSource(volume, surroundings, at, errors);
    checkRequiredLabel(errors, `${at}.name`, name);
    if (valid.has(name)) errors.push(duplicate(`${at}.name`, name));
    if (errors.length === before) valid.set(name, volume);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined && claims?.has(claim)) {
      const detail = "must not reference a PVC that gets created for an ephemeral volume";
      errors.push(invalidValue(`${at}.persistentVolumeClaim.claimName`, claim, detail));
    }
  }
  return valid;
}

/** Names of the claims that this Pod's ephemeral volumes will make. */
function createdClaims(
  volumes: readonly Volume[],
  metadata: ObjectMeta | undefined,
): Set<string> | undefined {
  if (!metadata?.name || !volumes.some((volume) => volume.ephemeral)) return undefined;
  const ephemeral = volumes.filter((volume) => volume.ephemeral);
  return new Set(ephemeral.map((volume) => `${metadata.name}-${volume.name}`));
}

type SourceKey = Exclude<keyof Volume, "name">;
type Check = (
  volume: Volume,
  path: string,
  errors: FieldError[],
  surroundings: VolumeSurroundings,
) => void;

interface SourceRule {
  key: SourceKey;
  /** Where "more than 1" is reported; upstream's spelling. */
  field: string;
  check: Check;
}

const own = (key: SourceKey, check: Check, field: string = key): SourceRule => ({
  key,
  field,
  check,
});
const driver = (key: SourceKey): SourceRule => {
  const { check, field }: DriverSource = driverSources[key] as DriverSource;
  return { key, field: field ?? key, check: (volume, path, errors) => check(volume, path, errors) };
};

/** In the order in which upstream looks: the first source found is judged, the others are too many. */
const RULES: readonly SourceRule[] = [
  own("emptyDir", (v, path, errors) => validateEmptyDir(v.emptyDir!, `${path}.emptyDir`, errors)),
  own("hostPath", (v, path, errors) => validateHostPath(v.hostPath!, `${path}.hostPath`, errors)),
  driver("gitRepo"),
  driver("gcePersistentDisk"),
  driver("awsElasticBlockStore"),
  own("secret", (v, path, errors) =>
    validateKeys(v.secret!, "secretName", v.secret!.secretName, `${path}.secret`, errors),
  ),
  driver("nfs"),
  driver("iscsi"),
  driver("glusterfs"),
  driver("flocker"),
  own("persistentVolumeClaim", (v, path, errors) => {
    if (v.persistentVolumeClaim?.claimName) return;
    errors.push(required(`${path}.persistentVolumeClaim.claimName`));
  }),
  driver("rbd"),
  driver("cinder"),
  driver("cephfs"),
  driver("quobyte"),
  own(
    "downwardAPI",
    (v, path, errors) => validateDownwardApi(v.downwardAPI!, `${path}.downwardAPI`, errors),
    "downwarAPI",
  ),
  driver("fc"),
  driver("flexVolume"),
  own("configMap", (v, path, errors) =>
    validateKeys(v.configMap!, "name", v.configMap!.name, `${path}.configMap`, errors),
  ),
  driver("azureFile"),
  driver("vsphereVolume"),
  driver("photonPersistentDisk"),
  driver("portworxVolume"),
  driver("azureDisk"),
  driver("storageos"),
  own("projected", (v, path, errors) =>
    validateProjected(v.projected!, `${path}.projected`, errors),
  ),
  driver("scaleIO"),
  driver("csi"),
  own("ephemeral", validateEphemeral),
  own("image", (v, path, errors, { metadata }) =>
    validateImage(v.image!, metadata !== undefined, `${path}.image`, errors),
  ),
];

function validateSource(
  volume: Volume,
  surroundings: VolumeSurroundings,
  path: string,
  errors: FieldError[],
): void {
  let found = false;
  for (const { key, field, check } of RULES) {
    if (volume[key] == null) continue;
    if (found) {
      errors.push(forbiddenField(`${path}.${field}`, "may not specify more than 1 volume type"));
    } else {
      check(volume, path, errors, surroundings);
    }
    found = true;
    if (key === "iscsi") checkInitiatorLength(volume, path, errors);
  }
  if (!found) errors.push(required(path, "must specify a volume type"));
}

const INITIATOR_LENGTH_MAX = 64;

/** Said even where another source comes first. */
function checkInitiatorLength(volume: Volume, path: string, errors: FieldError[]): void {
  const { iscsi, name } = volume;
  if (iscsi?.initiatorName === undefined) return;
  if (Buffer.byteLength(`${name}:${iscsi.targetPortal}`) <= INITIATOR_LENGTH_MAX) return;
  const detail =
    "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.";
  errors.push(invalidValue(`${path}.name`, name, detail));
}

function validateEmptyDir(
  { sizeLimit }: EmptyDirVolumeSource,
  path: string,
  errors: FieldError[],
): void {
  if (sizeLimit !== undefined && signOf(sizeLimit) < 0) {
    const detail = "SizeLimit field must be a valid resource quantity";
    errors.push(forbiddenField(`${path}.sizeLimit`, detail));
  }
}

const HOST_PATH_TYPES = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];

export function validateHostPath(
  source: HostPathVolumeSource,
  path: string,
  errors: FieldError[],
): void {
  if (!source.path) {
    errors.push(required(`${path}.path`));
    return;
  }
  checkNoBacksteps(errors, `${path}.path`, source.path);
  if (source.type !== undefined && !HOST_PATH_TYPES.includes(source.type)) {
    errors.push(notSupported(`${path}.type`, source.type, HOST_PATH_TYPES));
  }
}

/** A Secret or ConfigMap volume. */
function validateKeys(
  source: { items?: KeyToPath[]; defaultMode?: number },
  nameField: string,
  name: string | undefined,
  path: string,
  errors: FieldError[],
): void {
  if (!name) errors.push(required(`${path}.${nameField}`));
  checkMode(errors, `${path}.defaultMode`, source.defaultMode);
  source.items?.forEach((item, i) => {
    validateKeyToPath(item, `${path}.items[${i}]`, errors);
  });
}

function validateDownwardApi(
  source: DownwardAPIVolumeSource,
  path: string,
  errors: FieldError[],
): void {
  checkMode(errors, `${path}.defaultMode`, source.defaultMode);
  // Upstream has these findings on the source, whichever the item.
  for (const file of source.items ?? []) validateDownwardFile(file, path, errors);
}

function validateEphemeral(
  volume: Volume,
  path: string,
  errors: FieldError[],
  { metadata }: VolumeSurroundings,
): void {
  const template = volume.ephemeral?.volumeClaimTemplate;
  const field = `${path}.ephemeral.volumeClaimTemplate`;
  if (!template) errors.push(required(field));
  else validateClaimTemplate(template, field, errors);
  if (!metadata?.name || !volume.name) return;
  const claim = `${metadata.name}-${volume.name}`;
  for (const text of isDns1123Subdomain(claim)) {
    const detail = `PVC name ${JSON.stringify(claim)}: ${text}`;
    errors.push(invalidValue(`${path}.name`, volume.name, detail));
  }
}

function validateImage(
  image: ImageVolumeSource,
  isPod: boolean,
  path: string,
  errors: FieldError[],
): void {
  // A template may leave it to whoever makes the Pod.
  if (isPod && !image.reference) errors.push(required(`${path}.reference`));
  validatePullPolicy(image.pullPolicy, `${path}.pullPolicy`, errors);
}
