// Single files of a volume: keys of a Secret or ConfigMap, fields of the Pod, their modes (upstream: validateKeyToPath,
// validateDownwardAPIVolumeFile).
import type { DownwardAPIVolumeFile, KeyToPath } from "@coracle/shared/api/types/core-v1";
import { invalidValue, required } from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { validateFieldRef, validateResourceFieldRef } from "./env-validation.ts";
import { checkVolumePath } from "./findings.ts";

export function checkMode(errors: FieldError[], field: string, mode: number | undefined): void {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return;
  const detail = "must be a number between 0 and 0777 (octal), both inclusive";
  errors.push(invalidValue(field, mode, detail));
}

export function validateKeyToPath(item: KeyToPath, path: string, errors: FieldError[]): void {
  if (!item.key) errors.push(required(`${path}.key`));
  if (!item.path) errors.push(required(`${path}.path`));
  checkVolumePath(errors, `${path}.path`, item.path ?? "");
  checkMode(errors, `${path}.mode`, item.mode);
}

const VOLUME_FIELD_PATHS = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
];

export function validateDownwardFile(
  file: DownwardAPIVolumeFile,
  path: string,
  errors: FieldError[],
): void {
  if (!file.path) errors.push(required(`${path}.path`));
  checkVolumePath(errors, `${path}.path`, file.path ?? "");
  if (file.fieldRef) {
    validateFieldRef(file.fieldRef, VOLUME_FIELD_PATHS, `${path}.fieldRef`, errors);
    if (file.resourceFieldRef) {
      const detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
      errors.push(invalidValue(path, "resource", detail));
    }
  } else if (file.resourceFieldRef) {
    validateResourceFieldRef(file.resourceFieldRef, `${path}.resourceFieldRef`, errors, true);
  } else {
    errors.push(required(path, "one of fieldRef and resourceFieldRef is required"));
  }
  checkMode(errors, `${path}.mode`, file.mode);
}
