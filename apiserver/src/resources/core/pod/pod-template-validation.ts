import type { PodTemplateSpec } from "@coracle/shared/api/types/core-v1";
import { forbiddenField } from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { validateAnnotations, validateLabels } from "../../metadata-validation.ts";
import { validatePodAnnotations, validateProfilesMatch } from "./annotations-validation.ts";
import { validatePodSpec } from "./pod-spec-validation.ts";

/** All findings on the template of a workload, in upstream's order (ValidatePodTemplateSpec). `path`: `spec.template`. */
export function validatePodTemplateSpec(template: PodTemplateSpec, path: string): FieldError[] {
  const annotations = template.metadata?.annotations;
  const spec = template.spec ?? { containers: [] };
  const errors = [
    ...validateLabels(template.metadata?.labels, `${path}.labels`),
    ...validateAnnotations(annotations, `${path}.annotations`),
  ];
  validatePodAnnotations(annotations, spec, `${path}.annotations`, errors);
  validatePodSpec(spec, undefined, `${path}.spec`, errors);
  validateProfilesMatch(annotations, spec, `${path}.spec`, errors);
  if (spec.ephemeralContainers?.length) {
    const detail = "ephemeral containers not allowed in pod template";
    errors.push(forbiddenField(`${path}.spec.ephemeralContainers`, detail));
  }
  return errors;
}
