import type { Toleration } from "@coracle/shared/api/types/core-v1";
import type { RuntimeClass, Scheduling } from "@coracle/shared/api/types/node-v1";
import { duplicate, required } from "@coracle/shared/machinery/field-error";
import { isDns1123Label, isDns1123Subdomain } from "@coracle/shared/machinery/names";
import { ownValue } from "@coracle/shared/machinery/own-value";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { validateContainerResources } from "../core/pod/resource-validation.ts";
import { validateTolerations } from "../core/pod/scheduling-validation.ts";
import { immutableField, invalidTexts } from "../field-rules.ts";
import {
  validateLabels,
  validateMetadataChange,
  validateObjectMeta,
} from "../metadata-validation.ts";
import { DEPRECATED_LABELS } from "../node-label-warnings.ts";

const NO_CLAIMS: ReadonlySet<string> = new Set();

/** As upstream prints a toleration of its internal type. */
const shownToleration = (toleration: Toleration) => ({
  Key: toleration.key ?? "",
  Operator: toleration.operator ?? "",
  Value: toleration.value ?? "",
  Effect: toleration.effect ?? "",
  TolerationSeconds: toleration.tolerationSeconds ?? null,
});

function validateScheduling({ nodeSelector, tolerations = [] }: Scheduling): FieldError[] {
  const errors = validateLabels(nodeSelector, "scheduling.nodeSelector");
  validateTolerations(tolerations, "scheduling.tolerations", errors);
  const seen = new Set<string>();
  for (const [i, toleration] of tolerations.entries()) {
    const { key = "", operator = "", value = "", effect = "" } = toleration;
    const id = JSON.stringify([key, operator, value, effect]);
    if (seen.has(id)) {
      errors.push(duplicate(`scheduling.tolerations[${i}]`, shownToleration(toleration)));
    }
    seen.add(id);
  }
  return errors;
}

function validate({ handler, overhead, scheduling }: RuntimeClass): FieldError[] {
  const errors: FieldError[] = [];
  if (!handler) errors.push(required("handler"));
  else errors.push(...invalidTexts("handler", handler, isDns1123Label(handler)));
  const limits = overhead?.podFixed;
  if (limits !== undefined) validateContainerResources({ limits }, NO_CLAIMS, "overhead", errors);
  if (scheduling !== undefined) errors.push(...validateScheduling(scheduling));
  return errors;
}

function warnings({ scheduling }: RuntimeClass): string[] {
  const texts: string[] = [];
  for (const key in scheduling?.nodeSelector) {
    const message = ownValue(DEPRECATED_LABELS, key);
    if (message !== undefined) texts.push(`scheduling.nodeSelector: ${message}`);
  }
  return texts;
}

export const runtimeClassBehaviour: ResourceBehaviour<RuntimeClass> = {
  storagePrefix: "runtimeclasses",
  setDefaults() {},
  validateName: isDns1123Subdomain,
  strategy: {
    allowCreateOnUpdate: true,
    allowUnconditionalUpdate: false,
    prepareForCreate() {},
    validate,
    warningsOnCreate: warnings,
    prepareForUpdate() {},
    validateUpdate: (runtimeClass, old) => [
      ...validateObjectMeta(runtimeClass.metadata, false, isDns1123Subdomain),
      ...validate(runtimeClass),
      ...validateMetadataChange(runtimeClass.metadata, old.metadata),
      ...immutableField(runtimeClass.handler, old.handler, "handler"),
    ],
    warningsOnUpdate: warnings,
  },
  cells: ({ metadata, handler }, now) => [
    metadata.name,
    handler ?? "",
    age(metadata.creationTimestamp, now),
  ],
};
