// What may change of a PersistentVolumeClaim (upstream: ValidatePersistentVolumeClaimUpdate, …StatusUpdate).

import type {
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeClaimStatus,
} from "@coracle/shared/api/types/core-v1";
import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain, isQualifiedName } from "@coracle/shared/machinery/names";
import { ownValue } from "@coracle/shared/machinery/own-value";
import { compareQuantities } from "@coracle/shared/machinery/quantity";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { immutableField, invalidTexts } from "../field-rules.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";
import { checkBasicQuantity } from "./persistentvolume-validation.ts";
import { validateClaimSpec } from "./pod/claim-template-validation.ts";
import { internalForm, printed } from "./pod/internal-form.ts";
import { isNativeResource } from "./pod/resource-lists.ts";
import { semanticEqual } from "./pod/semantic-equal.ts";
import { unifiedDiff } from "./pod/unified-diff.ts";
import { STORAGE_CLASS_ANNOTATION } from "./volume-cells.ts";

export function validateClaimUpdate(
  now: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
): FieldError[] {
  const errors = [
    ...repeatMetadataUpdate(now.metadata, old.metadata),
    ...repeatObjectMeta(now.metadata, true, isDns1123Subdomain),
  ];
  const anyApiGroup = [old.spec.dataSource, old.spec.dataSourceRef].some(
    (source) => source?.apiGroup != null,
  );
  validateClaimSpec(now.spec, "spec", errors, anyApiGroup);
  validateRest(now, old, errors);
  validateSize(now, old, errors);
  errors.push(...immutableField(now.spec.volumeMode, old.spec.volumeMode, "volumeMode"));
  validateAttributesClass(now, old, errors);
  return errors;
}

/** The new specification with all that may change set back has to be the old one. */
function validateRest(
  now: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
  errors: FieldError[],
): void {
  const before: PersistentVolumeClaimSpec = { ...old.spec };
  const after: PersistentVolumeClaimSpec = { ...now.spec };
  // A claim is bound once.
  if (!before.volumeName) copyMember(before, after, "volumeName");
  resetClass(now, old, after, errors);
  if (now.status.phase === "Bound") {
    const requests = after.resources?.requests;
    if (requests !== undefined) {
      // Upstream's map gives a zero for what is not there.
      const storage = before.resources?.requests?.storage ?? "0";
      after.resources = { ...after.resources, requests: { ...requests, storage } };
    }
    copyMember(after, before, "volumeAttributesClassName");
  }
  if (semanticEqual(after, before)) return;
  const shown = (spec: PersistentVolumeClaimSpec) =>
    printed(internalForm("PersistentVolumeClaimSpec", spec));
  const difference = unifiedDiff(shown(before), shown(after));
  const detail =
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
  errors.push(forbiddenField("spec", `${detail}\n${difference}`));
}

function copyMember<K extends keyof PersistentVolumeClaimSpec>(
  to: PersistentVolumeClaimSpec,
  from: PersistentVolumeClaimSpec,
  key: K,
): void {
  if (from[key] === undefined) delete to[key];
  else to[key] = from[key];
}

/** The class may move from the annotation to its field, or be given where there was none. */
function resetClass(
  { metadata, spec }: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
  after: PersistentVolumeClaimSpec,
  errors: FieldError[],
): void {
  const given = spec.storageClassName;
  const had = old.spec.storageClassName;
  const annotation = metadata.annotations?.[STORAGE_CLASS_ANNOTATION];
  const before = old.metadata.annotations?.[STORAGE_CLASS_ANNOTATION];
  const isNew = given !== undefined && had === undefined;
  if (isNew && given === before && (annotation === undefined || annotation === before)) {
    delete after.storageClassName;
    return;
  }
  if ((annotation ?? "") !== (before ?? "")) {
    const field = `metadata.annotations.${STORAGE_CLASS_ANNOTATION}`;
    errors.push(invalidValue(field, annotation ?? "", "field is immutable"));
  }
  if (isNew && (before === undefined || given === before)) delete after.storageClassName;
}

/** A claim grows; it shrinks only to take back a growth that failed. */
function validateSize(
  now: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
  errors: FieldError[],
): void {
  const size = now.spec.resources?.requests?.storage ?? "0";
  if (compareQuantities(size, old.spec.resources?.requests?.storage ?? "0") >= 0) return;
  if (compareQuantities(size, old.status.capacity?.storage ?? "0") > 0) return;
  const detail = "field can not be less than status.capacity";
  errors.push(forbiddenField("spec.resources.requests.storage", detail));
}

function validateAttributesClass(
  now: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
  errors: FieldError[],
): void {
  const name = now.spec.volumeAttributesClassName;
  if (name || name === old.spec.volumeAttributesClassName) return;
  if (old.status.currentVolumeAttributesClassName === undefined) return;
  const to = name === undefined ? "nil" : "empty string";
  const detail = `update to ${to} is forbidden when status.currentVolumeAttributesClassName is not nil`;
  errors.push(forbiddenField("spec.volumeAttributesClassName", detail));
}

const RESIZE_STATES = [
  "ControllerResizeInProgress",
  "ControllerResizeInfeasible",
  "NodeResizeInProgress",
  "NodeResizeInfeasible",
  "NodeResizePending",
].sort();

export function validateClaimStatus(
  now: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
): FieldError[] {
  const errors = repeatMetadataUpdate(now.metadata, old.metadata);
  if (!now.spec.accessModes?.length) errors.push(required("Spec.accessModes"));
  const { capacity, allocatedResourceStatuses, allocatedResources } = now.status;
  for (const name of Object.keys(capacity ?? {}).sort()) {
    checkBasicQuantity(capacity?.[name] as string, `status.capacity[${name}]`, errors);
  }
  validateResizeStates(allocatedResourceStatuses, errors);
  const path = "status.allocatedResources";
  for (const name of Object.keys(allocatedResources ?? {}).sort()) {
    const findings = resourceKeyErrors(name, path);
    errors.push(...findings);
    if (findings.length > 0) continue;
    checkBasicQuantity(allocatedResources?.[name] as string, `${path}[${name}]`, errors);
  }
  return errors;
}

function validateResizeStates(
  states: PersistentVolumeClaimStatus["allocatedResourceStatuses"],
  errors: FieldError[],
): void {
  const path = "status.allocatedResourceStatuses";
  for (const name of Object.keys(states ?? {}).sort()) {
    errors.push(...resourceKeyErrors(name, path));
    if (RESIZE_STATES.includes(ownValue(states, name) ?? "")) continue;
    // The value that upstream shows is the resource's name.
    errors.push(notSupported(path, name, RESIZE_STATES));
  }
}

/** Of the resources that Kubernetes itself names, only storage. */
function resourceKeyErrors(name: string, path: string): FieldError[] {
  const errors = invalidTexts(path, name, isQualifiedName(name));
  if (errors.length > 0 || !isNativeResource(name) || name === "storage") return errors;
  return [notSupported(path, name, ["storage"])];
}
