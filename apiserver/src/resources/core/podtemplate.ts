import type { PodTemplate } from "@coracle/shared/api/types/core-v1";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { containerCells, dropDisabledTemplateFields, labelsCell } from "../apps/rollout.ts";
import { repeatMetadataUpdate } from "../metadata-validation.ts";
import { setPodTemplateDefaults } from "./pod/pod-defaults.ts";
import { validatePodTemplateSpec } from "./pod/pod-template-validation.ts";
import { podTemplateWarnings } from "./pod/pod-warnings.ts";
import { semanticEqual } from "./pod/semantic-equal.ts";

const validate = ({ template }: PodTemplate) => validatePodTemplateSpec(template ?? {}, "template");
const warnings = ({ template }: PodTemplate) => podTemplateWarnings(template ?? {}, "template");

export const podTemplateBehaviour: ResourceBehaviour<PodTemplate> = {
  storagePrefix: "podtemplates",
  setDefaults(podTemplate) {
    podTemplate.template ??= {};
    setPodTemplateDefaults(podTemplate.template);
  },
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate({ metadata, template }) {
      metadata.generation = 1;
      dropDisabledTemplateFields(template);
    },
    validate,
    warningsOnCreate: warnings,
    prepareForUpdate({ metadata, template }, old) {
      dropDisabledTemplateFields(template);
      if (!semanticEqual(template, old.template)) {
        metadata.generation = (old.metadata.generation ?? 0) + 1;
      }
    },
    validateUpdate: (podTemplate, old) => [
      ...repeatMetadataUpdate(podTemplate.metadata, old.metadata),
      ...validate(podTemplate),
    ],
    warningsOnUpdate: (podTemplate, old) =>
      podTemplate.metadata.generation === old.metadata.generation ? [] : warnings(podTemplate),
  },
  cells: ({ metadata, template }) => [
    metadata.name,
    ...containerCells(template),
    labelsCell(template?.metadata?.labels),
  ],
};
