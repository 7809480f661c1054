// Where the data of a PersistentVolume are: exactly one source (upstream: the second half of ValidatePersistentVolumeSpec). Rules
// that are the same for volumes of Pods are taken from there.
import type {
  CSIPersistentVolumeSource,
  ISCSIPersistentVolumeSource,
  PersistentVolumeSource,
  PersistentVolumeSpec,
  SecretReference,
  Volume,
} from "@coracle/shared/api/types/core-v1";
import { forbiddenField, invalidValue, required } from "@coracle/shared/machinery/field-error";
import { isDns1123Label } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { validateCsiDriverName } from "../storage/csi-driver-name.ts";
import {
  checkIscsiName,
  checkLun,
  type DriverSource,
  driverSources,
} from "./pod/driver-volume-validation.ts";
import {
  addInvalid,
  checkLabel,
  checkNoBacksteps,
  checkPresent,
  checkSubdomain,
} from "./pod/findings.ts";
import { validateHostPath } from "./pod/volume-validation.ts";

type Check = (spec: PersistentVolumeSpec, path: string, errors: FieldError[], name: string) => void;

interface SourceRule {
  key: keyof PersistentVolumeSource;
  check: Check;
  /** Where "more than 1" is reported; upstream's spelling. */
  field?: string;
  /** Never too many. */
  alwaysChecked?: boolean;
}

/** Upstream has the same type, or the same rules, for volumes of Pods. `then`: what is added to them. */
function shared(key: keyof PersistentVolumeSource & keyof Volume, then?: Check): SourceRule {
  const { check, field } = driverSources[key] as DriverSource;
  return {
    key,
    ...(field === undefined ? {} : { field }),
    check(spec, path, errors, name) {
      check(spec as unknown as Volume, path, errors);
      then?.(spec, `${path}.${key}`, errors, name);
    },
  };
}

/** In the order in which upstream looks: the first source found is judged, the others are too many. */
const RULES: readonly SourceRule[] = [
  {
    key: "hostPath",
    check: (spec, path, errors) => validateHostPath(spec.hostPath!, `${path}.hostPath`, errors),
  },
  shared("gcePersistentDisk"),
  shared("awsElasticBlockStore"),
  shared("glusterfs", ({ glusterfs }, path, errors) => {
    checkEndpointsNamespace(glusterfs?.endpointsNamespace, `${path}.endpointsNamespace`, errors);
  }),
  shared("flocker"),
  shared("nfs"),
  shared("rbd"),
  shared("quobyte"),
  shared("cephfs"),
  {
    key: "iscsi",
    check: (spec, path, errors, name) => validateIscsi(spec.iscsi!, name, `${path}.iscsi`, errors),
  },
  shared("cinder", ({ cinder }, path, errors) => {
    if (cinder?.secretRef) {
      checkPresent(errors, `${path}.secretRef.namespace`, cinder.secretRef.namespace);
    }
  }),
  shared("fc"),
  { ...shared("flexVolume"), alwaysChecked: true },
  shared("azureFile", ({ azureFile }, path, errors) => {
    if (azureFile?.secretNamespace === "") errors.push(required(`${path}.secretNamespace`));
  }),
  shared("vsphereVolume"),
  shared("photonPersistentDisk"),
  shared("portworxVolume"),
  shared("azureDisk"),
  shared("scaleIO"),
  { key: "local", check: validateLocal },
  shared("storageos", ({ storageos }, path, errors) => {
    if (storageos?.secretRef) {
      checkPresent(errors, `${path}.secretRef.namespace`, storageos.secretRef.namespace);
    }
  }),
  {
    key: "csi",
    check: (spec, path, errors) => validateCsi(spec.csi!, `${path}.csi`, errors),
  },
];

/** `name` is the volume's own. */
export function validateVolumeSource(
  spec: PersistentVolumeSpec,
  name: string,
  path: string,
  errors: FieldError[],
): void {
  let found = false;
  for (const { key, check, field = key, alwaysChecked } of RULES) {
    if (spec[key] == null) continue;
    if (found && !alwaysChecked) {
      errors.push(forbiddenField(`${path}.${field}`, "may not specify more than 1 volume type"));
    } else check(spec, path, errors, name);
    found = true;
  }
  if (!found) errors.push(required(path, "must specify a volume type"));
}

/** The source alone, without the rest of the specification. */
export function sourceOf(spec: PersistentVolumeSpec): PersistentVolumeSource {
  const sources: Record<string, unknown> = {};
  for (const { key } of RULES) if (spec[key] != null) sources[key] = spec[key];
  return sources;
}

function checkEndpointsNamespace(
  namespace: string | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (namespace === "") {
    const detail = "if the endpointnamespace is set, it must be a valid namespace name";
    errors.push(invalidValue(field, "", detail));
  } else if (namespace !== undefined) {
    addInvalid(errors, field, namespace, isDns1123Label(namespace));
  }
}

const TARGET_BYTES_MAX = 64;
const WRONG_NAME = "must be valid format";

function validateIscsi(
  source: ISCSIPersistentVolumeSource,
  name: string,
  path: string,
  errors: FieldError[],
): void {
  const { targetPortal = "", iqn, initiatorName, secretRef } = source;
  checkPresent(errors, `${path}.targetPortal`, targetPortal);
  const bytes = Buffer.byteLength(`${name}:${targetPortal}`);
  if (initiatorName !== undefined && bytes > TARGET_BYTES_MAX) {
    const detail =
      "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.";
    errors.push(invalidValue(`${path}.targetportal`, targetPortal, detail));
  }
  if (!iqn) errors.push(required(`${path}.iqn`));
  else checkIscsiName(errors, `${path}.iqn`, iqn, WRONG_NAME);
  checkLun(errors, `${path}.lun`, source.lun ?? 0);
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !secretRef) {
    errors.push(required(`${path}.secretRef`));
  }
  if (secretRef) checkPresent(errors, `${path}.secretRef.name`, secretRef.name);
  if (initiatorName !== undefined) {
    checkIscsiName(errors, `${path}.initiatorname`, initiatorName, WRONG_NAME);
  }
}

function validateLocal(spec: PersistentVolumeSpec, path: string, errors: FieldError[]): void {
  const field = `${path}.local.path`;
  if (!spec.local?.path) errors.push(required(field));
  else checkNoBacksteps(errors, field, spec.local.path);
  if (!spec.nodeAffinity) {
    errors.push(required(`${path}.nodeAffinity`, "Local volume requires node affinity"));
  }
}

/** Upstream does not judge the secret of nodeStage. */
const CSI_SECRETS = [
  "controllerPublishSecretRef",
  "controllerExpandSecretRef",
  "nodePublishSecretRef",
  "nodeExpandSecretRef",
] as const;

function validateCsi(source: CSIPersistentVolumeSource, path: string, errors: FieldError[]): void {
  errors.push(...validateCsiDriverName(source.driver, `${path}.driver`));
  checkPresent(errors, `${path}.volumeHandle`, source.volumeHandle);
  for (const key of CSI_SECRETS) {
    const secret = source[key];
    if (secret) checkSecret(secret, `${path}.${key}`, errors);
  }
}

function checkSecret(
  { name, namespace }: SecretReference,
  path: string,
  errors: FieldError[],
): void {
  if (!name) errors.push(required(`${path}.name`));
  else checkSubdomain(errors, `${path}.name`, name);
  if (!namespace) errors.push(required(`${path}.namespace`));
  else checkLabel(errors, `${path}.namespace`, namespace);
}
