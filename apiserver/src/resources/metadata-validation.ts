// Validation of metadata, the same for every kind (upstream: apimachinery api/validation objectmeta.go and the additions of
// pkg/apis/core/validation). Upstream runs the update checks twice or thrice, so a finding appears as many times among the
// causes: the registry runs validateObjectMetaUpdate, and a kind's validateUpdate repeats what upstream's does.
import type { ObjectMeta, OwnerReference } from "@coracle/shared/api/types/meta-v1";
import {
  forbiddenField,
  invalidValue,
  required,
  tooLong,
} from "@coracle/shared/machinery/field-error";
import {
  isDns1123Label,
  isPathSegmentName,
  isQualifiedName,
  isValidLabelValue,
  maskTrailingDash,
} from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";

const ANNOTATIONS_BYTES_MAX = 256 * 1024;

type NameRule = (name: string) => string[];

/** Labels repeat endlessly; what was found valid once is not judged again. Bounded, as names come from clients. */
class ValidTexts {
  static readonly #max = 4096;
  readonly #rule: NameRule;
  readonly #valid = new Set<string>();

  constructor(rule: NameRule) {
    this.#rule = rule;
  }

  findings(text: string): string[] {
    if (this.#valid.has(text)) return [];
    const findings = this.#rule(text);
    if (findings.length === 0) {
      if (this.#valid.size >= ValidTexts.#max) this.#valid.clear();
      this.#valid.add(text);
    }
    return findings;
  }
}

const labelKeys = new ValidTexts(isQualifiedName);
const labelValues = new ValidTexts(isValidLabelValue);
const annotationKeys = new ValidTexts((key) => isQualifiedName(key.toLowerCase()));
const namespaceNames = new ValidTexts(isDns1123Label);

/** Labels, and the matchLabels of a selector: findings name the map, not the key. */
export function validateLabels(
  labels: Readonly<Record<string, string>> | undefined,
  field: string,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const key in labels) {
    const value = labels[key] as string;
    for (const text of labelKeys.findings(key)) errors.push(invalidValue(field, key, text));
    for (const text of labelValues.findings(value)) errors.push(invalidValue(field, value, text));
  }
  return errors;
}

export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  field: string,
): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const key in annotations) {
    for (const text of annotationKeys.findings(key)) errors.push(invalidValue(field, key, text));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(annotations[key] as string);
  }
  if (bytes > ANNOTATIONS_BYTES_MAX) errors.push(tooLong(field, ANNOTATIONS_BYTES_MAX));
  return errors;
}

/** The Go struct's form: required members always there, in the struct's order. */
function shownOwner(reference: OwnerReference): OwnerReference {
  const shown: OwnerReference = {
    apiVersion: reference.apiVersion ?? "",
    kind: reference.kind ?? "",
    name: reference.name ?? "",
    uid: reference.uid ?? "",
  };
  if (reference.controller !== undefined) shown.controller = reference.controller;
  if (reference.blockOwnerDeletion !== undefined) {
    shown.blockOwnerDeletion = reference.blockOwnerDeletion;
  }
  return shown;
}

function versionOf(apiVersion: string): string {
  const parts = apiVersion.split("/");
  if (parts.length > 2) return "";
  return parts[parts.length - 1] as string;
}

function validateOwnerReferences(
  references: readonly OwnerReference[] | undefined,
  field: string,
): FieldError[] {
  const errors: FieldError[] = [];
  let controller: string | undefined;
  for (const given of references ?? []) {
    const reference = shownOwner(given);
    const { apiVersion, kind, name, uid } = reference;
    if (versionOf(apiVersion) === "") {
      errors.push(invalidValue(`${field}.apiVersion`, apiVersion, "version must not be empty"));
    }
    if (kind === "") errors.push(invalidValue(`${field}.kind`, kind, "must not be empty"));
    if (name === "") errors.push(invalidValue(`${field}.name`, name, "must not be empty"));
    if (uid === "") errors.push(invalidValue(`${field}.uid`, uid, "must not be empty"));
    if (apiVersion === "v1" && kind === "Event") {
      const detail = "/v1, Kind=Event is disallowed from being an owner";
      errors.push(invalidValue(field, reference, detail));
    }
    if (reference.controller !== true) continue;
    if (controller === undefined) controller = `${kind}/${name}`;
    else {
      const shown = references?.map(shownOwner);
      const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${kind}/${name}`;
      errors.push(invalidValue(field, shown, detail));
    }
  }
  return errors;
}

function validateFinalizers(
  finalizers: readonly string[] | undefined,
  field: string,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const finalizer of finalizers ?? []) {
    for (const text of labelKeys.findings(finalizer)) {
      errors.push(invalidValue(field, finalizer, text));
    }
  }
  if (finalizers?.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    const detail = "finalizer orphan and foregroundDeletion cannot be both set";
    errors.push(invalidValue(field, finalizers, detail));
  }
  return errors;
}

/** A finalizer without a domain must be one of Kubernetes' own. */
export function validateKubernetesFinalizer(finalizer: string, field: string): FieldError[] {
  if (finalizer.includes("/")) return [];
  if (["kubernetes", "orphan", "foregroundDeletion"].includes(finalizer)) return [];
  const detail = "name is neither a standard finalizer name nor is it fully qualified";
  return [invalidValue(field, finalizer, detail)];
}

export const validateFinalizerName = (finalizer: string, field: string): FieldError[] => [
  ...labelKeys.findings(finalizer).map((text) => invalidValue(field, finalizer, text)),
  ...validateKubernetesFinalizer(finalizer, field),
];

/** What every kind adds to the checks of metadata, except Leases and Events. */
export function validateFinalizerNames(metadata: ObjectMeta): FieldError[] {
  if (metadata.finalizers === undefined) return [];
  return metadata.finalizers.flatMap((finalizer, i) =>
    validateKubernetesFinalizer(finalizer, `metadata.finalizers[${i}]`),
  );
}

function validateName(metadata: ObjectMeta, rule: NameRule): FieldError[] {
  const errors: FieldError[] = [];
  const { name = "", generateName = "" } = metadata;
  if (generateName !== "") {
    for (const text of rule(maskTrailingDash(generateName))) {
      errors.push(invalidValue("metadata.generateName", generateName, text));
    }
  }
  if (name === "") errors.push(required("metadata.name", "name or generateName is required"));
  else for (const text of rule(name)) errors.push(invalidValue("metadata.name", name, text));
  return errors;
}

/** All findings on the metadata of an object to be created; its name has been generated. */
export function validateObjectMeta(
  metadata: ObjectMeta,
  namespaced: boolean,
  rule: NameRule,
): FieldError[] {
  const errors = validateName(metadata, rule);
  const { namespace = "" } = metadata;
  if (!namespaced) {
    if (namespace !== "") {
      errors.push(forbiddenField("metadata.namespace", "not allowed on this type"));
    }
  } else if (namespace === "") errors.push(required("metadata.namespace"));
  else {
    for (const text of namespaceNames.findings(namespace)) {
      errors.push(invalidValue("metadata.namespace", namespace, text));
    }
  }
  if (metadata.generation !== undefined && metadata.generation < 0) {
    const detail = "must be greater than or equal to 0";
    errors.push(invalidValue("metadata.generation", metadata.generation, detail));
  }
  errors.push(
    ...validateLabels(metadata.labels, "metadata.labels"),
    ...validateAnnotations(metadata.annotations, "metadata.annotations"),
    ...validateOwnerReferences(metadata.ownerReferences, "metadata.ownerReferences"),
    ...validateFinalizers(metadata.finalizers, "metadata.finalizers"),
  );
  return errors;
}

/** The same as kinds repeat it on an update. */
export function repeatObjectMeta(
  metadata: ObjectMeta,
  namespaced: boolean,
  rule: NameRule,
): FieldError[] {
  return [...validateObjectMeta(metadata, namespaced, rule), ...validateFinalizerNames(metadata)];
}

const immutableFields = [
  "name",
  "namespace",
  "uid",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
] as const;

/** How Go prints the zero value of these fields. */
const zeroOf = (field: string): unknown =>
  field === "name" || field === "namespace" || field === "uid" ? "" : null;

/** What an update may not do to metadata (upstream: ValidateObjectMetaAccessorUpdate). */
export function validateMetadataChange(metadata: ObjectMeta, old: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  if (old.deletionTimestamp !== undefined && metadata.finalizers !== undefined) {
    const added = metadata.finalizers.filter((name) => !old.finalizers?.includes(name));
    if (added.length > 0) {
      const shown = `[]string{${[...new Set(added)]
        .sort()
        .map((name) => JSON.stringify(name))
        .join(", ")}}`;
      const detail = `no new finalizers can be added if the object is being deleted, found new finalizers ${shown}`;
      errors.push(forbiddenField("metadata.finalizers", detail));
    }
  }
  if ((metadata.resourceVersion ?? "") === "") {
    const detail = "must be specified for an update";
    errors.push(invalidValue("metadata.resourceVersion", "", detail));
  }
  const generation = metadata.generation ?? 0;
  if (generation < (old.generation ?? 0)) {
    errors.push(invalidValue("metadata.generation", generation, "must not be decremented"));
  }
  for (const field of immutableFields) {
    const value = metadata[field] ?? zeroOf(field);
    if (value !== (old[field] ?? zeroOf(field))) {
      errors.push(invalidValue(`metadata.${field}`, value, "field is immutable"));
    }
  }
  errors.push(
    ...validateLabels(metadata.labels, "metadata.labels"),
    ...validateAnnotations(metadata.annotations, "metadata.annotations"),
    ...validateOwnerReferences(metadata.ownerReferences, "metadata.ownerReferences"),
  );
  return errors;
}

/** The same as the kinds of pkg/apis/core and apps repeat it: finalizer names are judged, too. */
export function repeatMetadataUpdate(metadata: ObjectMeta, old: ObjectMeta): FieldError[] {
  return [...validateMetadataChange(metadata, old), ...validateFinalizerNames(metadata)];
}

/**
 * What upstream judges on every update before the kind does (rest.BeforeUpdate). Expects what it has filled in from the old
 * object (uid, creationTimestamp, …) and the resource version (that of the old object when the client gave none).
 */
export function validateObjectMetaUpdate(metadata: ObjectMeta, old: ObjectMeta): FieldError[] {
  const namespaced = (old.namespace ?? "") !== "";
  return [
    ...validateObjectMeta(metadata, namespaced, isPathSegmentName),
    ...validateMetadataChange(metadata, old),
  ];
}
