import type {
  ReplicationController,
  ReplicationControllerSpec,
} from "@coracle/shared/api/types/core-v1";
import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import {
  isDns1123Label,
  isDns1123Subdomain,
  maxBytesMessage,
  maxLengthMessage,
} from "@coracle/shared/machinery/names";
import { selectorOfLabels } from "@coracle/shared/machinery/selector";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import {
  containerCells,
  dropDisabledTemplateFields,
  labelsCell,
  nameWarning,
  templateWarnings,
  validateCounts,
} from "../apps/rollout.ts";
import { nonNegative } from "../field-rules.ts";
import { repeatMetadataUpdate } from "../metadata-validation.ts";
import { setPodTemplateDefaults } from "./pod/pod-defaults.ts";
import { validatePodTemplateSpec } from "./pod/pod-template-validation.ts";
import { semanticEqual } from "./pod/semantic-equal.ts";

/** Upstream's declared rule for this kind counts bytes. */
const validateLongName = (name: string): string[] =>
  isDns1123Subdomain(name).map((text) =>
    text === maxLengthMessage(253) ? maxBytesMessage(253) : text,
  );

const isEmpty = (map: Readonly<Record<string, string>> | undefined): boolean =>
  Object.keys(map ?? {}).length === 0;

/** Selector and labels come from the template where there are none. */
function setDefaults({ metadata, spec }: ReplicationController): void {
  if (spec.template != null) setPodTemplateDefaults(spec.template);
  const labels = spec.template?.metadata?.labels;
  if (labels !== undefined) {
    if (isEmpty(spec.selector)) spec.selector = { ...labels };
    if (isEmpty(metadata.labels)) metadata.labels = { ...labels };
  }
  spec.replicas ??= 1;
}

function validateTemplate({ selector = {}, template }: ReplicationControllerSpec): FieldError[] {
  if (template == null) return [required("spec.template")];
  const errors: FieldError[] = [];
  const labels = template.metadata?.labels;
  if (!isEmpty(selector) && !selectorOfLabels(selector).matches(labels)) {
    const detail = "`selector` does not match template `labels`";
    errors.push(invalidValue("spec.template.metadata.labels", labels ?? null, detail));
  }
  errors.push(...validatePodTemplateSpec(template, "spec.template"));
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {};
  if (restartPolicy !== "Always") {
    const field = "spec.template.spec.restartPolicy";
    errors.push(notSupported(field, restartPolicy ?? "", ["Always"]));
  }
  if (activeDeadlineSeconds !== undefined) {
    const detail = "activeDeadlineSeconds in ReplicationController is not Supported";
    errors.push(forbiddenField("spec.template.spec.activeDeadlineSeconds", detail));
  }
  return errors;
}

const validateSpec = ({ spec }: ReplicationController): FieldError[] => [
  ...nonNegative(spec.minReadySeconds, "spec.minReadySeconds"),
  ...(isEmpty(spec.selector) ? [required("spec.selector")] : []),
  ...nonNegative(spec.replicas, "spec.replicas"),
  ...validateTemplate(spec),
];

const NON_CONVERTIBLE = "non-convertible.kubernetes.io";

/** Annotations of old name fields that another form of the object could not hold. */
function validateConvertible(
  { spec }: ReplicationController,
  old: ReplicationController,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(old.metadata.annotations ?? {})) {
    const parts = key.split("/");
    const field = parts[1];
    if (!key.startsWith(NON_CONVERTIBLE) || parts.length !== 2 || field === undefined) continue;
    if (!field.includes("selector")) {
      const message = `Not found: ${JSON.stringify(value)}: unknown non-convertible field`;
      errors.push({ type: "FieldValueNotFound", field, message });
    } else if (!semanticEqual(spec.selector, old.spec.selector, "matchLabels")) {
      const detail = "cannot update non-convertible selector";
      errors.push(invalidValue("spec.selector", spec.selector ?? null, detail));
    }
  }
  return errors;
}

const validateStatus = ({ status }: ReplicationController): FieldError[] =>
  validateCounts(
    status as unknown as Record<string, unknown>,
    [
      "replicas",
      "fullyLabeledReplicas",
      "readyReplicas",
      "availableReplicas",
      "observedGeneration",
    ],
    ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"],
  );

export const replicationControllerBehaviour: ResourceBehaviour<ReplicationController> = {
  storagePrefix: "controllers",
  setDefaults,
  validateName: validateLongName,
  ignoresGenerateName: true,
  defaultPropagation: "Orphan",
  strategy: {
    prepareForCreate(controller) {
      controller.status = { replicas: 0 };
      controller.metadata.generation = 1;
      dropDisabledTemplateFields(controller.spec.template);
    },
    validate: validateSpec,
    warningsOnCreate: ({ metadata, spec }) => [
      ...nameWarning(isDns1123Label(metadata.name)),
      ...templateWarnings(spec.template),
    ],
    prepareForUpdate(controller, old) {
      controller.status = old.status;
      dropDisabledTemplateFields(controller.spec.template);
      if (!semanticEqual(controller.spec, old.spec)) {
        controller.metadata.generation = (old.metadata.generation ?? 0) + 1;
      }
    },
    validateUpdate: (controller, old) => [
      ...repeatMetadataUpdate(controller.metadata, old.metadata),
      ...validateSpec(controller),
      ...validateConvertible(controller, old),
    ],
    // Upstream warns of the template that was, not of the one that is to be.
    warningsOnUpdate: ({ metadata }, old) =>
      metadata.generation === old.metadata.generation ? [] : templateWarnings(old.spec.template),
  },
  statusStrategy: {
    prepareForUpdate(controller, old) {
      controller.spec = old.spec;
    },
    validateUpdate: (controller, old) => [
      ...repeatMetadataUpdate(controller.metadata, old.metadata),
      ...validateStatus(controller),
    ],
  },
  scale: {
    specReplicas: ({ spec }) => spec.replicas ?? 0,
    statusReplicas: ({ status }) => status.replicas ?? 0,
    setSpecReplicas({ spec }, replicas) {
      spec.replicas = replicas;
    },
    selector: ({ spec }) => selectorOfLabels(spec.selector ?? {}).toString(),
  },
  selectableFields: ({ status }) => ({ "status.replicas": String(status.replicas ?? 0) }),
  cells: ({ metadata, spec, status }, now) => [
    metadata.name,
    spec.replicas ?? 0,
    status.replicas ?? 0,
    status.readyReplicas ?? 0,
    age(metadata.creationTimestamp, now),
    ...containerCells(spec.template),
    labelsCell(spec.selector),
  ],
};
