import type { Namespace } from "@coracle/shared/api/types/core-v1";
import { invalidValue } from "@coracle/shared/machinery/field-error";
import { isDns1123Label } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour, UpdateStrategy } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import {
  repeatMetadataUpdate,
  repeatObjectMeta,
  validateFinalizerName,
} from "../metadata-validation.ts";

const NAME_LABEL = "kubernetes.io/metadata.name";
const FINALIZER = "kubernetes";

/** Every namespace carries its name as a label. Upstream does it again once a name has been generated. */
export function labelWithName({ metadata }: Namespace): void {
  if (!metadata.name) return;
  metadata.labels = { ...metadata.labels, [NAME_LABEL]: metadata.name };
}

function setDefaults(namespace: Namespace): void {
  labelWithName(namespace);
  namespace.status ??= {};
  namespace.status.phase ??= "Active";
}

function validateSpec({ spec }: Namespace): FieldError[] {
  return (spec.finalizers ?? []).flatMap((name) => validateFinalizerName(name, "spec.finalizers"));
}

function validatePhase({ metadata, status }: Namespace): FieldError[] {
  const deleted = metadata.deletionTimestamp !== undefined;
  const phase = deleted ? "Terminating" : "Active";
  if (status.phase === phase) return [];
  const detail = `may only be '${phase}' if \`deletionTimestamp\` is ${deleted ? "not " : ""}empty`;
  return [invalidValue("status.Phase", status.phase ?? "", detail)];
}

/** The /finalize subresource: the only way to take the finalizer off. */
export const namespaceFinalizeStrategy: UpdateStrategy<Namespace> = {
  prepareForUpdate(namespace, old) {
    namespace.status = old.status;
  },
  validateUpdate: (namespace, old) => [
    ...repeatMetadataUpdate(namespace.metadata, old.metadata),
    ...(namespace.spec.finalizers ?? []).flatMap((name, i) =>
      validateFinalizerName(name, `spec.finalizers[${i}]`),
    ),
  ],
};

export const namespaceBehaviour: ResourceBehaviour<Namespace> = {
  storagePrefix: "namespaces",
  setDefaults,
  validateName: isDns1123Label,
  selectableFields: ({ status }) => ({ "status.phase": status.phase ?? "" }),
  strategy: {
    prepareForCreate(namespace) {
      namespace.status = { phase: "Active" };
      namespace.spec ??= {};
      const finalizers = namespace.spec.finalizers ?? [];
      if (!finalizers.includes(FINALIZER)) namespace.spec.finalizers = [...finalizers, FINALIZER];
    },
    validate: validateSpec,
    prepareForUpdate(namespace, old) {
      namespace.spec = old.spec;
      namespace.status = old.status;
    },
    validateUpdate: (namespace, old) => [
      ...repeatObjectMeta(namespace.metadata, false, isDns1123Label),
      ...validateSpec(namespace),
      ...repeatMetadataUpdate(namespace.metadata, old.metadata),
    ],
  },
  statusStrategy: {
    prepareForUpdate(namespace, old) {
      namespace.spec = old.spec;
    },
    validateUpdate: (namespace, old) => [
      ...repeatMetadataUpdate(namespace.metadata, old.metadata),
      ...validatePhase(namespace),
    ],
  },
  cells: ({ metadata, status }, now) => [
    metadata.name,
    status.phase ?? "",
    age(metadata.creationTimestamp, now),
  ],
};
