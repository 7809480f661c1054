// Volumes of single drivers, most of them of the time before CSI (upstream: validateNFSVolumeSource and its like).
import type {
  AzureDiskVolumeSource,
  CSIVolumeSource,
  FCVolumeSource,
  FlexVolumeSource,
  FlockerVolumeSource,
  ISCSIVolumeSource,
  QuobyteVolumeSource,
  StorageOSVolumeSource,
  Volume,
} from "@coracle/shared/api/types/core-v1";
import {
  invalidValue,
  notSupported,
  required,
  tooLong,
} from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain, rangeMessage } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import {
  addInvalid,
  checkLabel,
  checkPresent,
  checkRelativePath,
  checkRequiredLabel,
} from "./findings.ts";

export interface DriverSource {
  check(volume: Volume, path: string, errors: FieldError[]): void;
  /** Where "more than 1 volume type" is reported, if not under the source's own name. */
  field?: string;
}

/** Checks that fields are set, in order. `field` is the path below the volume; upstream's is not always the JSON name. */
function requires<K extends keyof Volume>(
  key: K,
  fields: readonly (keyof NonNullable<Volume[K]>)[],
  then?: (source: NonNullable<Volume[K]>, path: string, errors: FieldError[]) => void,
  field: string = key,
): DriverSource {
  return {
    check(volume, path, errors) {
      const source = volume[key] as NonNullable<Volume[K]>;
      const values = source as Record<PropertyKey, unknown>;
      for (const name of fields) {
        checkPresent(errors, `${path}.${field}.${String(name)}`, values[name]);
      }
      then?.(source, `${path}.${field}`, errors);
    },
  };
}

function checkPartition(source: { partition?: number }, path: string, errors: FieldError[]): void {
  const partition = source.partition ?? 0;
  // 0 is allowed, whatever the text says.
  if (partition >= 0 && partition <= 255) return;
  errors.push(invalidValue(`${path}.partition`, partition, rangeMessage(1, 255)));
}

function checkSecretName(
  source: { secretRef?: { name?: string } },
  path: string,
  errors: FieldError[],
): void {
  if (source.secretRef && !source.secretRef.name) errors.push(required(`${path}.secretRef.name`));
}

function checkMonitors(source: { monitors?: string[] }, path: string, errors: FieldError[]): void {
  if (!source.monitors?.length) errors.push(required(`${path}.monitors`));
}

export const driverSources: Partial<Record<keyof Volume, DriverSource>> = {
  gitRepo: requires("gitRepo", ["repository"], (source, path, errors) =>
    checkRelativePath(errors, `${path}.directory`, source.directory ?? ""),
  ),
  gcePersistentDisk: requires("gcePersistentDisk", ["pdName"], checkPartition, "persistentDisk"),
  awsElasticBlockStore: requires("awsElasticBlockStore", ["volumeID"], checkPartition),
  nfs: requires("nfs", ["server", "path"], (source, path, errors) => {
    if (source.path?.startsWith("/")) return;
    errors.push(invalidValue(`${path}.path`, source.path ?? "", "must be an absolute path"));
  }),
  iscsi: requires("iscsi", ["targetPortal"], validateIscsi),
  glusterfs: requires("glusterfs", ["endpoints", "path"]),
  flocker: requires("flocker", [], validateFlocker),
  rbd: {
    check({ rbd }, path, errors) {
      checkMonitors(rbd ?? {}, `${path}.rbd`, errors);
      checkPresent(errors, `${path}.rbd.image`, rbd?.image);
    },
  },
  cinder: requires("cinder", ["volumeID"], checkSecretName),
  cephfs: { ...requires("cephfs", [], checkMonitors), field: "cephFS" },
  quobyte: requires("quobyte", [], validateQuobyte),
  fc: requires("fc", [], validateFibreChannel),
  flexVolume: requires("flexVolume", ["driver"], validateFlex),
  azureFile: requires("azureFile", ["secretName", "shareName"]),
  vsphereVolume: requires("vsphereVolume", ["volumePath"]),
  photonPersistentDisk: requires("photonPersistentDisk", ["pdID"]),
  portworxVolume: requires("portworxVolume", ["volumeID"]),
  azureDisk: requires("azureDisk", ["diskName", "diskURI"], validateAzureDisk),
  storageos: requires("storageos", [], validateStorageOs),
  scaleIO: requires("scaleIO", ["gateway", "system", "volumeName"]),
  csi: requires("csi", [], validateCsi),
};

const QUALIFIED_NAMES: Readonly<Record<string, RegExp>> = {
  iqn: /iqn\.\d{4}-\d{2}\.([A-Za-z0-9.-]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
};

export function checkIscsiName(
  errors: FieldError[],
  field: string,
  name: string,
  unknown = "must be valid format starting with iqn, eui, or naa",
): void {
  const pattern = QUALIFIED_NAMES[name.slice(0, 3)];
  if (!pattern) {
    errors.push(invalidValue(field, name, unknown));
  } else if (!pattern.test(name)) {
    errors.push(invalidValue(field, name, "must be valid format"));
  }
}

export function checkLun(errors: FieldError[], field: string, lun: number): void {
  if (lun < 0 || lun > 255) errors.push(invalidValue(field, lun, rangeMessage(0, 255)));
}

function validateIscsi(source: ISCSIVolumeSource, path: string, errors: FieldError[]): void {
  if (!source.iqn) errors.push(required(`${path}.iqn`));
  else checkIscsiName(errors, `${path}.iqn`, source.iqn);
  checkLun(errors, `${path}.lun`, source.lun ?? 0);
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef) {
    errors.push(required(`${path}.secretRef`));
  }
  if (source.initiatorName !== undefined) {
    checkIscsiName(errors, `${path}.initiatorname`, source.initiatorName);
  }
}

function validateFlocker(source: FlockerVolumeSource, path: string, errors: FieldError[]): void {
  const { datasetName, datasetUUID } = source;
  if (!datasetName && !datasetUUID) {
    errors.push(required(path, "one of datasetName and datasetUUID is required"));
  }
  if (datasetName && datasetUUID) {
    const detail = "datasetName and datasetUUID can not be specified simultaneously";
    errors.push(invalidValue(path, "resource", detail));
  }
  if (datasetName?.includes("/")) {
    errors.push(invalidValue(`${path}.datasetName`, datasetName, "must not contain '/'"));
  }
}

const TENANT_LENGTH_END = 65;
const PAIRS = "must be a host:port pair or multiple pairs separated by commas";
/** What Go's net.SplitHostPort takes. */
const hostAndPort = /^(?:[^:[\]]*|\[[^[\]]*\]):[^:[\]]*$/;

function validateQuobyte(source: QuobyteVolumeSource, path: string, errors: FieldError[]): void {
  const { registry } = source;
  if (!registry) errors.push(required(`${path}.registry`, PAIRS));
  else if ((source.tenant ?? "").length >= TENANT_LENGTH_END) {
    const detail = "must be a UUID and may not exceed a length of 64 characters";
    errors.push(required(`${path}.tenant`, detail));
  } else {
    for (const pair of registry.split(",")) {
      if (!hostAndPort.test(pair)) errors.push(invalidValue(`${path}.registry`, registry, PAIRS));
    }
  }
  checkPresent(errors, `${path}.volume`, source.volume);
}

function validateFibreChannel(source: FCVolumeSource, path: string, errors: FieldError[]): void {
  const { targetWWNs = [], wwids = [], lun } = source;
  const field = `${path}.targetWWNs`;
  if (targetWWNs.length === 0 && wwids.length === 0) {
    errors.push(required(field, "must specify either targetWWNs or wwids, but not both"));
  }
  if (targetWWNs.length > 0 && wwids.length > 0) {
    const detail = "targetWWNs and wwids can not be specified simultaneously";
    errors.push(invalidValue(field, targetWWNs, detail));
  }
  if (targetWWNs.length === 0) return;
  if (lun !== undefined) checkLun(errors, `${path}.lun`, lun);
  else errors.push(required(`${path}.lun`, "lun is required if targetWWNs is specified"));
}

function validateFlex({ options }: FlexVolumeSource, path: string, errors: FieldError[]): void {
  for (const key in options) {
    const domain = `.${(key.split("/", 1)[0] as string).toLowerCase()}`;
    if (!domain.endsWith(".kubernetes.io") && !domain.endsWith(".k8s.io")) continue;
    const detail = "kubernetes.io and k8s.io namespaces are reserved";
    errors.push(invalidValue(`${path}.options[${key}]`, key, detail));
  }
}

const CACHING_MODES = ["None", "ReadOnly", "ReadWrite"];
const DISK_KINDS = ["Dedicated", "Managed", "Shared"];
const MANAGED_URI =
  "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}";
const BLOB_URI = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";

function validateAzureDisk(
  source: AzureDiskVolumeSource,
  path: string,
  errors: FieldError[],
): void {
  const { cachingMode, kind, diskURI = "" } = source;
  if (cachingMode !== undefined && !CACHING_MODES.includes(cachingMode)) {
    errors.push(notSupported(`${path}.cachingMode`, cachingMode, CACHING_MODES));
  }
  if (kind === undefined) return;
  if (!DISK_KINDS.includes(kind)) errors.push(notSupported(`${path}.kind`, kind, DISK_KINDS));
  if (kind === "Managed") {
    if (diskURI.startsWith("/subscriptions/")) return;
    errors.push(notSupported(`${path}.diskURI`, diskURI, [MANAGED_URI]));
  } else if (!diskURI.startsWith("https://")) {
    errors.push(notSupported(`${path}.diskURI`, diskURI, [BLOB_URI]));
  }
}

function validateStorageOs(
  source: StorageOSVolumeSource,
  path: string,
  errors: FieldError[],
): void {
  checkRequiredLabel(errors, `${path}.volumeName`, source.volumeName);
  const { volumeNamespace } = source;
  if (volumeNamespace) checkLabel(errors, `${path}.volumeNamespace`, volumeNamespace);
  checkSecretName(source, path, errors);
}

const DRIVER_NAME_MAX = 63;

function validateCsi(source: CSIVolumeSource, path: string, errors: FieldError[]): void {
  const { driver = "", nodePublishSecretRef: secret } = source;
  const field = `${path}.driver`;
  if (driver === "") errors.push(required(field));
  else {
    if (Buffer.byteLength(driver) > DRIVER_NAME_MAX) errors.push(tooLong(field, DRIVER_NAME_MAX));
    addInvalid(errors, field, driver, isDns1123Subdomain(driver.toLowerCase()));
  }
  if (!secret) return;
  if (!secret.name) errors.push(required(`${path}.nodePublishSecretRef.name`));
  // Upstream has this one on the source's name.
  else addInvalid(errors, `${path}.name`, secret.name, isDns1123Subdomain(secret.name));
}
