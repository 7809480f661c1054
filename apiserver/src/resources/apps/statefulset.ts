import type { StatefulSet, StatefulSetSpec } from "@coracle/shared/api/types/apps-v1";
import { isDns1123Label } from "@coracle/shared/machinery/names";
import { selectorOf } from "@coracle/shared/machinery/selector";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { setClaimSpecDefaults } from "../core/persistentvolumeclaim.ts";
import { setPodTemplateDefaults } from "../core/pod/pod-defaults.ts";
import { storeResourceList } from "../core/pod/resource-lists.ts";
import { semanticEqual } from "../core/pod/semantic-equal.ts";
import { claimStorageWarnings } from "../core/pod/volume-warnings.ts";
import { containerCells, dropDisabledTemplateFields, templateWarnings } from "./rollout.ts";
import { validateStatefulSetStatusUpdate } from "./statefulset-status-validation.ts";
import { validateStatefulSetSpec, validateStatefulSetUpdate } from "./statefulset-validation.ts";

function setDefaults({ spec }: StatefulSet): void {
  setPodTemplateDefaults(spec.template);
  spec.podManagementPolicy ||= "OrderedReady";
  spec.updateStrategy ??= {};
  const { updateStrategy } = spec;
  if (!updateStrategy.type) {
    updateStrategy.type = "RollingUpdate";
    updateStrategy.rollingUpdate ??= {};
  }
  if (updateStrategy.type === "RollingUpdate" && updateStrategy.rollingUpdate !== undefined) {
    updateStrategy.rollingUpdate.partition ??= 0;
  }
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= "Retain";
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= "Retain";
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  setClaimDefaults(spec);
}

const CLAIM_TYPE = { kind: "PersistentVolumeClaim", apiVersion: "v1" };

/** Claims are whole objects, of the type that upstream gives them. */
function setClaimDefaults({ volumeClaimTemplates: claims = [] }: StatefulSetSpec): void {
  claims.forEach((claim, i) => {
    claim.spec ??= {};
    setClaimSpecDefaults(claim.spec);
    claim.status ??= {};
    claim.status.phase ||= "Pending";
    storeResourceList(claim.status.capacity);
    storeResourceList(claim.status.allocatedResources);
    if (claim.kind === CLAIM_TYPE.kind && claim.apiVersion === CLAIM_TYPE.apiVersion) return;
    claims[i] = { ...CLAIM_TYPE, ...claim, ...CLAIM_TYPE };
  });
}

/** maxUnavailable belongs to a feature that is off by default in 1.36 (MaxUnavailableStatefulSet). */
function dropDisabledFields({ spec }: StatefulSet): void {
  const { rollingUpdate } = spec.updateStrategy ?? {};
  if (rollingUpdate?.maxUnavailable !== undefined) delete rollingUpdate.maxUnavailable;
  dropDisabledTemplateFields(spec.template);
}

/** `member` stands between the claim's path and `resources`: upstream's path differs on updates. */
function claimWarnings({ spec }: StatefulSet, member: string): string[] {
  const warnings: string[] = [];
  spec.volumeClaimTemplates?.forEach((claim, i) => {
    const path = `spec.volumeClaimTemplates[${i}]${member}.resources`;
    claimStorageWarnings(claim.spec?.resources, path, warnings);
  });
  if ((spec.revisionHistoryLimit ?? 0) < 0) {
    warnings.push(
      "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended",
    );
  }
  return warnings;
}

export const statefulSetBehaviour: ResourceBehaviour<StatefulSet> = {
  storagePrefix: "statefulsets",
  setDefaults,
  validateName: isDns1123Label,
  strategy: {
    prepareForCreate(statefulSet) {
      statefulSet.status = { replicas: 0, availableReplicas: 0 };
      statefulSet.metadata.generation = 1;
      dropDisabledFields(statefulSet);
    },
    validate: validateStatefulSetSpec,
    warningsOnCreate: (statefulSet) => [
      ...templateWarnings(statefulSet.spec.template),
      ...claimWarnings(statefulSet, ""),
    ],
    prepareForUpdate(statefulSet, old) {
      statefulSet.status = old.status;
      dropDisabledFields(statefulSet);
      if (!semanticEqual(statefulSet.spec, old.spec)) {
        statefulSet.metadata.generation = (old.metadata.generation ?? 0) + 1;
      }
    },
    validateUpdate: validateStatefulSetUpdate,
    warningsOnUpdate: (statefulSet, old) => [
      ...(statefulSet.metadata.generation === old.metadata.generation
        ? []
        : templateWarnings(statefulSet.spec.template)),
      ...claimWarnings(statefulSet, ".Spec"),
    ],
  },
  statusStrategy: {
    prepareForUpdate(statefulSet, old) {
      statefulSet.spec = old.spec;
    },
    validateUpdate: validateStatefulSetStatusUpdate,
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
    `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    age(metadata.creationTimestamp, now),
    ...containerCells(spec.template),
  ],
};
