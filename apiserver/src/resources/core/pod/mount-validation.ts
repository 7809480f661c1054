// Volume mounts and block devices of a container (upstream: ValidateVolumeMounts, ValidateVolumeDevices).
import type {
  Container,
  EphemeralContainerCommon,
  Volume,
  VolumeDevice,
  VolumeMount,
} from "@coracle/shared/api/types/core-v1";
import {
  forbiddenField,
  invalidValue,
  notFoundField,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { checkRelativePath, hasBacksteps } from "./findings.ts";

type Volumes = ReadonlyMap<string, Volume>;
type AnyContainer = Container | EphemeralContainerCommon;

/** `volumes`: the valid ones, by name. Findings on subPath, propagation and the like are on the list, as upstream has them. */
export function validateMounts(
  container: AnyContainer,
  volumes: Volumes,
  path: string,
  errors: FieldError[],
): void {
  const mounts = container.volumeMounts;
  if (!mounts) return;
  const seen = new Set<string>();
  for (let i = 0; i < mounts.length; i++) {
    const mount = mounts[i] as VolumeMount;
    const name = mount.name ?? "";
    const mountPath = mount.mountPath ?? "";
    const at = `${path}[${i}]`;
    if (name === "") errors.push(required(`${at}.name`));
    if (!volumes.has(name)) errors.push(notFoundField(`${at}.name`, name));
    if (mountPath === "") errors.push(required(`${at}.mountPath`));
    if (seen.has(mountPath)) {
      errors.push(invalidValue(`${at}.mountPath`, mountPath, "must be unique"));
    }
    seen.add(mountPath);
    if (container.volumeDevices) {
      validateAgainstDevices(name, mountPath, container.volumeDevices, at, errors);
    }
    validateSubPaths(mount, path, at, errors);
    validatePropagation(mount, container, `${path}.mountPropagation`, errors);
    validateRecursiveReadOnly(mount, `${path}.recursiveReadOnly`, errors);
  }
}

/** Of several devices with one name only the last counts. */
function pathsByName(entries: readonly { name?: string; at: string }[]): Map<string, string> {
  return new Map(entries.map((entry) => [entry.name ?? "", entry.at]));
}

function validateAgainstDevices(
  name: string,
  mountPath: string,
  devices: readonly VolumeDevice[],
  at: string,
  errors: FieldError[],
): void {
  const paths = pathsByName(devices.map((d) => ({ name: d.name, at: d.devicePath ?? "" })));
  if (paths.has(name)) {
    errors.push(invalidValue(`${at}.name`, name, "must not already exist in volumeDevices"));
  }
  if ([...paths.values()].includes(mountPath)) {
    const detail = "must not already exist as a path in volumeDevices";
    errors.push(invalidValue(`${at}.mountPath`, mountPath, detail));
  }
}

function validateSubPaths(
  mount: VolumeMount,
  path: string,
  at: string,
  errors: FieldError[],
): void {
  if (mount.subPath) checkRelativePath(errors, `${path}.subPath`, mount.subPath);
  if (!mount.subPathExpr) return;
  if (mount.subPath) {
    const detail = "subPathExpr and subPath are mutually exclusive";
    errors.push(invalidValue(`${at}.subPathExpr`, mount.subPathExpr, detail));
  }
  checkRelativePath(errors, `${path}.subPathExpr`, mount.subPathExpr);
}

const PROPAGATIONS = ["Bidirectional", "HostToContainer", "None"];

function validatePropagation(
  { mountPropagation: propagation }: VolumeMount,
  container: AnyContainer,
  field: string,
  errors: FieldError[],
): void {
  if (propagation === undefined) return;
  if (!PROPAGATIONS.includes(propagation)) {
    errors.push(notSupported(field, propagation, PROPAGATIONS));
  }
  if (propagation === "Bidirectional" && container.securityContext?.privileged !== true) {
    const detail = "Bidirectional mount propagation is available only to privileged containers";
    errors.push(forbiddenField(field, detail));
  }
}

function validateRecursiveReadOnly(mount: VolumeMount, field: string, errors: FieldError[]): void {
  const mode = mount.recursiveReadOnly;
  if (mode === undefined || mode === "Disabled") return;
  if (mode !== "Enabled" && mode !== "IfPossible") {
    errors.push(notSupported(field, mode, ["Disabled", "Enabled", "IfPossible"]));
    return;
  }
  if (!mount.readOnly) {
    errors.push(forbiddenField(field, "may only be specified when readOnly is true"));
  }
  if (mount.mountPropagation !== undefined && mount.mountPropagation !== "None") {
    const detail = "may only be specified when mountPropagation is None or not specified";
    errors.push(forbiddenField(field, detail));
  }
}

export function validateDevices(
  container: AnyContainer,
  volumes: Volumes,
  path: string,
  errors: FieldError[],
): void {
  const devices = container.volumeDevices;
  if (!devices) return;
  const mounts = pathsByName(
    (container.volumeMounts ?? []).map((m) => ({ name: m.name, at: m.mountPath ?? "" })),
  );
  const paths = new Set<string>();
  const names = new Set<string>();
  devices.forEach((device, i) => {
    const at = `${path}[${i}]`;
    const name = device.name ?? "";
    validateDeviceName(name, names, volumes, `${at}.name`, errors);
    validateDevicePath(device.devicePath ?? "", paths, `${at}.devicePath`, errors);
    if (mounts.has(name)) {
      errors.push(invalidValue(`${at}.name`, name, "must not already exist in volumeMounts"));
    }
    if ([...mounts.values()].includes(device.devicePath ?? "")) {
      const detail = "must not already exist as a path in volumeMounts";
      errors.push(invalidValue(`${at}.devicePath`, device.devicePath ?? "", detail));
    }
    if (name !== "") names.add(name);
  });
}

function validateDeviceName(
  name: string,
  names: ReadonlySet<string>,
  volumes: Volumes,
  field: string,
  errors: FieldError[],
): void {
  const volume = volumes.get(name);
  if (name === "") errors.push(required(field));
  if (names.has(name)) errors.push(invalidValue(field, name, "must be unique"));
  if (volume && !volume.persistentVolumeClaim && !volume.ephemeral) {
    const detail =
      "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
    errors.push(invalidValue(field, name, detail));
  }
  if (!volume) errors.push(notFoundField(field, name));
}

function validateDevicePath(
  devicePath: string,
  paths: Set<string>,
  field: string,
  errors: FieldError[],
): void {
  if (devicePath === "") errors.push(required(field));
  if (paths.has(devicePath)) errors.push(invalidValue(field, devicePath, "must be unique"));
  if (hasBacksteps(devicePath)) {
    errors.push(invalidValue(field, devicePath, "can not contain backsteps ('..')"));
  } else {
    paths.add(devicePath);
  }
}
