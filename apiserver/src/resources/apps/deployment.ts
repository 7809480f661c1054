import type { Deployment } from "@coracle/shared/api/types/apps-v1";
import { invalidValue } from "@coracle/shared/machinery/field-error";
import { isDns1123Label, isDns1123Subdomain } from "@coracle/shared/machinery/names";
import { SelectorError, selectorOf } from "@coracle/shared/machinery/selector";
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
  validateStrategy,
} from "./rollout.ts";

const ROLLING = "25%";

function setDefaults({ spec }: Deployment): void {
  setPodTemplateDefaults(spec.template);
  spec.replicas ??= 1;
  spec.strategy ??= {};
  const { strategy } = spec;
  strategy.type ||= "RollingUpdate";
  if (strategy.type === "RollingUpdate") {
    strategy.rollingUpdate ??= {};
    strategy.rollingUpdate.maxUnavailable ??= ROLLING;
    strategy.rollingUpdate.maxSurge ??= ROLLING;
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
}

function validateSpec({ spec }: Deployment): FieldError[] {
  const errors = [
    ...nonNegative(spec.replicas, "spec.replicas"),
    ...validateSelectorAndTemplate(spec.selector, spec.template),
    ...validateStrategy(spec.strategy ?? {}),
    ...nonNegative(spec.minReadySeconds, "spec.minReadySeconds"),
    ...nonNegative(spec.revisionHistoryLimit, "spec.revisionHistoryLimit"),
  ];
  const deadline = spec.progressDeadlineSeconds;
  const field = "spec.progressDeadlineSeconds";
  errors.push(...nonNegative(deadline, field));
  if (deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0)) {
    errors.push(invalidValue(field, deadline, "must be greater than minReadySeconds"));
  }
  return errors;
}

function validateStatus({ status }: Deployment, old: Deployment): FieldError[] {
  const errors = validateCounts(
    status as Record<string, unknown>,
    [
      "observedGeneration",
      "replicas",
      "updatedReplicas",
      "readyReplicas",
      "availableReplicas",
      "unavailableReplicas",
      "terminatingReplicas",
      "collisionCount",
    ],
    ["updatedReplicas", "readyReplicas", "availableReplicas"],
  );
  const before = old.status.collisionCount;
  if (before !== undefined && (status.collisionCount ?? -1) < before) {
    const shown = status.collisionCount ?? 0;
    errors.push(invalidValue("status.collisionCount", shown, "cannot be decremented"));
  }
  return errors;
}

function selectorCell({ spec }: Deployment): string {
  try {
    return selectorOf(spec.selector).toString();
  } catch (error) {
    if (error instanceof SelectorError) return "<invalid>";
    throw error;
  }
}

export const deploymentBehaviour: ResourceBehaviour<Deployment> = {
  storagePrefix: "deployments",
  setDefaults,
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate(deployment) {
      deployment.status = {};
      deployment.metadata.generation = 1;
      dropDisabledTemplateFields(deployment.spec.template);
    },
    validate: validateSpec,
    warningsOnCreate: ({ metadata, spec }) => [
      ...nameWarning(isDns1123Label(metadata.name)),
      ...templateWarnings(spec.template),
    ],
    prepareForUpdate(deployment, old) {
      deployment.status = old.status;
      dropDisabledTemplateFields(deployment.spec.template);
      // Annotations count, too: they are copied to the ReplicaSets.
      const same =
        deepEqual(deployment.spec, old.spec) &&
        deepEqual(deployment.metadata.annotations, old.metadata.annotations);
      if (!same) deployment.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
    validateUpdate: (deployment, old) => [
      ...repeatMetadataUpdate(deployment.metadata, old.metadata),
      ...validateSpec(deployment),
      ...immutableField(deployment.spec.selector, old.spec.selector, "spec.selector"),
    ],
    warningsOnUpdate: ({ metadata, spec }, old) =>
      metadata.generation === old.metadata.generation ? [] : templateWarnings(spec.template),
  },
  statusStrategy: {
    prepareForUpdate(deployment, old) {
      deployment.spec = old.spec;
      if (old.metadata.labels === undefined) delete deployment.metadata.labels;
      else deployment.metadata.labels = old.metadata.labels;
    },
    validateUpdate: (deployment, old) => [
      ...repeatMetadataUpdate(deployment.metadata, old.metadata),
      ...validateStatus(deployment, old),
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
  cells: (deployment, now) => {
    const { metadata, spec, status } = deployment;
    return [
      metadata.name,
      `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
      status.updatedReplicas ?? 0,
      status.availableReplicas ?? 0,
      age(metadata.creationTimestamp, now),
      ...containerCells(spec.template),
      selectorCell(deployment),
    ];
  },
};
