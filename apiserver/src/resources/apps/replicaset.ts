import type { ReplicaSet } from "@coracle/shared/api/types/apps-v1";
import { isDns1123Label, isDns1123Subdomain } from "@coracle/shared/machinery/names";
import { formatLabelSelector, selectorOf } from "@coracle/shared/machinery/selector";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { setPodTemplateDefaults } from "../core/pod/pod-defaults.ts";
import { deepEqual } from "../deep-equal.ts";
import { immutableField, nonNegative } from "../field-rules.ts";
import { repeatMetadataUpdate } from "../metadata-validation.ts";
import {
  containerCells,
  dropDisabledTemplateFields,
  nameWarning,
  templateWarnings,
  validateCounts,
  validateSelectorAndTemplate,
} from "./rollout.ts";

function validateSpec({ spec }: ReplicaSet): FieldError[] {
  return [
    ...nonNegative(spec.replicas, "spec.replicas"),
    ...nonNegative(spec.minReadySeconds, "spec.minReadySeconds"),
    ...validateSelectorAndTemplate(spec.selector, spec.template ?? {}),
  ];
}

const validateStatus = ({ status }: ReplicaSet): FieldError[] =>
  validateCounts(
    status as unknown as Record<string, unknown>,
    [
      "replicas",
      "fullyLabeledReplicas",
      "readyReplicas",
      "availableReplicas",
      "observedGeneration",
      "terminatingReplicas",
    ],
    ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"],
  );

export const replicaSetBehaviour: ResourceBehaviour<ReplicaSet> = {
  storagePrefix: "replicasets",
  setDefaults({ spec }) {
    spec.template ??= {};
    setPodTemplateDefaults(spec.template);
    spec.replicas ??= 1;
  },
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate(replicaSet) {
      replicaSet.status = { replicas: 0 };
      replicaSet.metadata.generation = 1;
      dropDisabledTemplateFields(replicaSet.spec.template);
    },
    validate: validateSpec,
    warningsOnCreate: ({ metadata, spec }) => [
      ...nameWarning(isDns1123Label(metadata.name)),
      ...templateWarnings(spec.template),
    ],
    prepareForUpdate(replicaSet, old) {
      replicaSet.status = old.status;
      dropDisabledTemplateFields(replicaSet.spec.template);
      if (!deepEqual(replicaSet.spec, old.spec)) {
        replicaSet.metadata.generation = (old.metadata.generation ?? 0) + 1;
      }
    },
    validateUpdate: (replicaSet, old) => [
      ...repeatMetadataUpdate(replicaSet.metadata, old.metadata),
      ...validateSpec(replicaSet),
      ...immutableField(replicaSet.spec.selector, old.spec.selector, "spec.selector"),
    ],
    warningsOnUpdate: ({ metadata, spec }, old) =>
      metadata.generation === old.metadata.generation ? [] : templateWarnings(spec.template),
  },
  statusStrategy: {
    prepareForUpdate(replicaSet, old) {
      replicaSet.spec = old.spec;
    },
    validateUpdate: (replicaSet, old) => [
      ...repeatMetadataUpdate(replicaSet.metadata, old.metadata),
      ...validateStatus(replicaSet),
    ],
  },
  scale: {
    specReplicas: ({ spec }) => spec.replicas ?? 0,
    statusReplicas: ({ status }) => status.replicas ?? 0,
    setSpecReplicas({ spec }, replicas) {
      spec.replicas = replicas;
    },
    selector: ({ spec }) => selectorOf(spec.selector).toString(),
  },
  cells: ({ metadata, spec, status }, now) => [
    metadata.name,
    spec.replicas ?? 0,
    status.replicas ?? 0,
    status.readyReplicas ?? 0,
    age(metadata.creationTimestamp, now),
    ...containerCells(spec.template),
    formatLabelSelector(spec.selector),
  ],
};
