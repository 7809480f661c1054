import type { DaemonSet } from "@coracle/shared/api/types/apps-v1";
import { parseGoInt } from "@coracle/shared/machinery/go-int";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import { formatLabelSelector } from "@coracle/shared/machinery/selector";
import { badRequest } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { setPodTemplateDefaults } from "../core/pod/pod-defaults.ts";
import { semanticEqual } from "../core/pod/semantic-equal.ts";
import {
  validateDaemonSetSpec,
  validateDaemonSetStatusUpdate,
  validateDaemonSetUpdate,
} from "./daemonset-validation.ts";
import {
  containerCells,
  dropDisabledTemplateFields,
  labelsCell,
  templateWarnings,
} from "./rollout.ts";

/** The generation of the template, a field in upstream's internal form, is served as this annotation. */
const TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";

/** Throws BadRequest where the annotation is no number. */
function templateGeneration({ metadata }: DaemonSet): bigint {
  const text = metadata.annotations?.[TEMPLATE_GENERATION];
  if (text === undefined) return 0n;
  const parsed = parseGoInt(text, "strconv.ParseInt");
  if (typeof parsed === "bigint") return parsed;
  throw badRequest(`DaemonSet in version "v1" cannot be handled as a DaemonSet: ${parsed.message}`);
}

function setTemplateGeneration({ metadata }: DaemonSet, generation: bigint): void {
  if (metadata.annotations?.[TEMPLATE_GENERATION] === String(generation)) return;
  const annotations = { ...metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
  const sorted = Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1));
  metadata.annotations = Object.fromEntries(sorted);
}

function setDefaults(daemonSet: DaemonSet): void {
  const { spec } = daemonSet;
  setPodTemplateDefaults(spec.template);
  spec.updateStrategy ??= {};
  const { updateStrategy } = spec;
  updateStrategy.type ||= "RollingUpdate";
  const rolls = updateStrategy.type === "RollingUpdate";
  if (rolls) updateStrategy.rollingUpdate ??= {};
  if (updateStrategy.rollingUpdate !== undefined) {
    updateStrategy.rollingUpdate.maxUnavailable ??= rolls ? 1 : 0;
    updateStrategy.rollingUpdate.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
  setTemplateGeneration(daemonSet, templateGeneration(daemonSet));
}

/** Rows are made of the internal form, where the template's generation is no annotation. */
function rowMetadata(metadata: DaemonSet["metadata"]): DaemonSet["metadata"] {
  const { annotations, ...others } = metadata;
  const { [TEMPLATE_GENERATION]: _, ...shown } = annotations ?? {};
  return Object.keys(shown).length === 0 ? others : { ...metadata, annotations: shown };
}

export const daemonSetBehaviour: ResourceBehaviour<DaemonSet> = {
  storagePrefix: "daemonsets",
  setDefaults,
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate(daemonSet) {
      daemonSet.status = {
        currentNumberScheduled: 0,
        numberMisscheduled: 0,
        desiredNumberScheduled: 0,
        numberReady: 0,
      };
      daemonSet.metadata.generation = 1;
      const given = templateGeneration(daemonSet);
      setTemplateGeneration(daemonSet, given < 1n ? 1n : given);
      dropDisabledTemplateFields(daemonSet.spec.template);
    },
    validate: validateDaemonSetSpec,
    warningsOnCreate: ({ spec }) => templateWarnings(spec.template),
    prepareForUpdate(daemonSet, old) {
      dropDisabledTemplateFields(daemonSet.spec.template);
      daemonSet.status = old.status;
      const before = templateGeneration(old);
      const sameTemplate = semanticEqual(daemonSet.spec.template, old.spec.template);
      setTemplateGeneration(daemonSet, sameTemplate ? before : before + 1n);
      if (!sameTemplate || !semanticEqual(daemonSet.spec, old.spec)) {
        daemonSet.metadata.generation = (old.metadata.generation ?? 0) + 1;
      }
    },
    validateUpdate: validateDaemonSetUpdate,
    warningsOnUpdate: (daemonSet, old) =>
      templateGeneration(daemonSet) === templateGeneration(old)
        ? []
        : templateWarnings(daemonSet.spec.template),
  },
  statusStrategy: {
    prepareForUpdate(daemonSet, old) {
      daemonSet.spec = old.spec;
      setTemplateGeneration(daemonSet, templateGeneration(old));
    },
    validateUpdate: validateDaemonSetStatusUpdate,
  },
  rowMetadata,
  cells: ({ metadata, spec, status }, now) => [
    metadata.name,
    status.desiredNumberScheduled,
    status.currentNumberScheduled,
    status.numberReady,
    status.updatedNumberScheduled ?? 0,
    status.numberAvailable ?? 0,
    labelsCell(spec.template.spec?.nodeSelector),
    age(metadata.creationTimestamp, now),
    ...containerCells(spec.template),
    formatLabelSelector(spec.selector),
  ],
};
