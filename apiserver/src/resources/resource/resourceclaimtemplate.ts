import type { ResourceClaimTemplate } from "@coracle/shared/api/types/resource-v1";
import { invalidValue } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { validateTemplateMetadata } from "../core/pod/claim-template-validation.ts";
import { internalForm } from "../core/pod/internal-form.ts";
import { deepEqual } from "../deep-equal.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";
import { setClaimDefaults, validateClaimSpec } from "./claim-spec-validation.ts";

function validate({ spec }: ResourceClaimTemplate): FieldError[] {
  const errors: FieldError[] = [];
  validateTemplateMetadata(spec.metadata, "spec.metadata", errors);
  return [...errors, ...validateClaimSpec(spec.spec ?? {}, "spec.spec")];
}

function immutableSpec({ spec }: ResourceClaimTemplate, old: ResourceClaimTemplate): FieldError[] {
  if (deepEqual(spec, old.spec)) return [];
  const shown = internalForm("resource.ResourceClaimTemplateSpec", spec);
  return [invalidValue("spec", shown, "field is immutable")];
}

export const resourceClaimTemplateBehaviour: ResourceBehaviour<ResourceClaimTemplate> = {
  storagePrefix: "resourceclaimtemplates",
  setDefaults: ({ spec }) => setClaimDefaults(spec.spec),
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate() {},
    validate,
    prepareForUpdate() {},
    validateUpdate: (template, old) => [
      ...repeatObjectMeta(template.metadata, true, isDns1123Subdomain),
      ...validate(template),
      ...repeatMetadataUpdate(template.metadata, old.metadata),
      ...immutableSpec(template, old),
    ],
  },
  cells: ({ metadata }, now) => [metadata.name, age(metadata.creationTimestamp, now)],
};
