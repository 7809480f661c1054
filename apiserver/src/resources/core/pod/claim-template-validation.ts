// The claim that an ephemeral volume makes (upstream: ValidatePersistentVolumeClaimTemplate, …ClaimSpec).
import type {
  PersistentVolumeClaimSpec,
  PersistentVolumeClaimTemplate,
  TypedLocalObjectReference,
  TypedObjectReference,
} from "@coracle/shared/api/types/core-v1";
import type { ObjectMeta } from "@coracle/shared/api/types/meta-v1";
import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import { isDns1123Label, isDns1123Subdomain } from "@coracle/shared/machinery/names";
import { canonical, signOf } from "@coracle/shared/machinery/quantity";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { validateAnnotations, validateLabels } from "../../metadata-validation.ts";
import { addInvalid } from "./findings.ts";
import { validateLabelSelector } from "./label-selector-validation.ts";

/** metadata, as Go names its fields: only labels and annotations may be set. */
const NOT_IN_TEMPLATES = [
  "name",
  "generateName",
  "namespace",
  "selfLink",
  "uID",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "ownerReferences",
  "finalizers",
  "managedFields",
];

/** The metadata that is given to what is made of a template (upstream: ValidateTemplateObjectMeta). */
export function validateTemplateMetadata(
  given: Partial<ObjectMeta> | undefined,
  at: string,
  errors: FieldError[],
): void {
  const metadata = (given ?? {}) as Record<string, unknown>;
  errors.push(
    ...validateAnnotations(given?.annotations, `${at}.annotations`),
    ...validateLabels(given?.labels, `${at}.labels`),
  );
  for (const field of NOT_IN_TEMPLATES) {
    const value = metadata[field === "uID" ? "uid" : field];
    if (value == null || value === "" || value === 0) continue;
    errors.push(forbiddenField(`${at}.${field}`, "cannot be set"));
  }
}

export function validateClaimTemplate(
  template: PersistentVolumeClaimTemplate,
  path: string,
  errors: FieldError[],
): void {
  validateTemplateMetadata(template.metadata, `${path}.metadata`, errors);
  validateClaimSpec(template.spec ?? {}, `${path}.spec`, errors);
}

const ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/** Of any claim (upstream: ValidatePersistentVolumeClaimSpec). `anyApiGroup`: a group that was let in before may stay. */
export function validateClaimSpec(
  spec: PersistentVolumeClaimSpec,
  path: string,
  errors: FieldError[],
  anyApiGroup = false,
): void {
  const modes: readonly string[] = spec.accessModes ?? [];
  const field = `${path}.accessModes`;
  if (modes.length === 0) errors.push(required(field, "at least 1 access mode is required"));
  if (spec.selector) validateLabelSelector(spec.selector, `${path}.selector`, errors);
  checkAccessModes(modes, field, errors);
  checkStorage(spec, `${path}.resources[storage]`, errors);
  const { storageClassName, volumeMode, volumeAttributesClassName } = spec;
  if (storageClassName) {
    const texts = isDns1123Subdomain(storageClassName);
    addInvalid(errors, `${path}.storageClassName`, storageClassName, texts);
  }
  if (volumeMode !== undefined && volumeMode !== "Block" && volumeMode !== "Filesystem") {
    errors.push(notSupported(`${path}.volumeMode`, volumeMode, ["Block", "Filesystem"]));
  }
  validateDataSources(spec, path, errors, anyApiGroup);
  if (volumeAttributesClassName) {
    const at = `${path}.volumeAttributesClassName`;
    const texts = isDns1123Subdomain(volumeAttributesClassName);
    addInvalid(errors, at, volumeAttributesClassName, texts);
  }
}

/** Of a claim or a volume. */
export function checkAccessModes(
  modes: readonly string[],
  field: string,
  errors: FieldError[],
): void {
  for (const mode of modes) {
    if (!ACCESS_MODES.includes(mode)) errors.push(notSupported(field, mode, ACCESS_MODES));
  }
  const others = modes.some((mode) => mode !== "ReadWriteOncePod" && ACCESS_MODES.includes(mode));
  if (modes.includes("ReadWriteOncePod") && others) {
    errors.push(forbiddenField(field, "may not use ReadWriteOncePod with other access modes"));
  }
}

function checkStorage(spec: PersistentVolumeClaimSpec, field: string, errors: FieldError[]): void {
  const storage = spec.resources?.requests?.storage;
  if (storage === undefined) errors.push(required(field));
  else if (signOf(storage) <= 0) {
    errors.push(invalidValue(field, canonical(storage), "must be greater than zero"));
  }
}

function validateDataSources(
  { dataSource, dataSourceRef }: PersistentVolumeClaimSpec,
  path: string,
  errors: FieldError[],
  anyApiGroup: boolean,
): void {
  if (dataSource) validateDataSource(dataSource, `${path}.dataSource`, errors, anyApiGroup);
  if (dataSourceRef) {
    validateDataSource(dataSourceRef, `${path}.dataSourceRef`, errors, anyApiGroup);
  }
  if (!dataSource || !dataSourceRef) return;
  // The value that upstream prints here is a path, whose parts Go keeps to itself: nothing shows.
  if (dataSourceRef.namespace) {
    const detail = "may not be specified when dataSourceRef.namespace is specified";
    errors.push(invalidValue(path, {}, detail));
  } else if (
    dataSource.apiGroup !== dataSourceRef.apiGroup ||
    dataSource.kind !== dataSourceRef.kind ||
    dataSource.name !== dataSourceRef.name
  ) {
    errors.push(invalidValue(path, {}, "must match dataSourceRef"));
  }
}

function validateDataSource(
  source: TypedLocalObjectReference | TypedObjectReference,
  path: string,
  errors: FieldError[],
  anyApiGroup: boolean,
): void {
  if (!source.name) errors.push(required(`${path}.name`));
  if (!source.kind) errors.push(required(`${path}.kind`));
  if (source.apiGroup) {
    const texts = anyApiGroup ? [] : isDns1123Subdomain(source.apiGroup);
    addInvalid(errors, `${path}.apiGroup`, source.apiGroup, texts);
  } else if (source.kind !== "PersistentVolumeClaim") {
    const detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
    errors.push(invalidValue(path, source.kind ?? "", detail));
  }
  if ("namespace" in source && source.namespace) {
    const texts = isDns1123Label(source.namespace);
    addInvalid(errors, `${path}.namespace`, source.namespace, texts);
  }
}
