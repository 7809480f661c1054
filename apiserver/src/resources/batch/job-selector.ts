// The selector that the server makes for a Job, and the labels of its Pods (upstream: registry/batch/job generateSelector).
import type { Job } from "@coracle/shared/api/types/batch-v1";
import type { ObjectMeta } from "@coracle/shared/api/types/meta-v1";
import { invalidValue, required } from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { compiled } from "../apps/rollout.ts";

const UID_LABEL = "batch.kubernetes.io/controller-uid";
const NAME_LABEL = "batch.kubernetes.io/job-name";
/** As they were before labels had a prefix. */
const LEGACY_UID_LABEL = "controller-uid";
const LEGACY_NAME_LABEL = "job-name";

type Labels = Record<string, string>;

const sorted = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Members in upstream's order, which shows in findings. */
function withLabels(metadata: Partial<ObjectMeta> = {}, labels: Labels): Partial<ObjectMeta> {
  const { annotations, ownerReferences, finalizers, ...others } = metadata;
  return {
    ...others,
    labels,
    ...(annotations && { annotations }),
    ...(ownerReferences && { ownerReferences }),
    ...(finalizers && { finalizers }),
  };
}

/** Labels that the client has set stay: validation refuses them when they do not fit. Mutates. */
export function generateSelector({ metadata, spec }: Job): void {
  const { template } = spec;
  const given = template.metadata?.labels;
  // Labels that come from the template get what the template gets (job.ts setDefaults).
  const shared = given !== undefined && metadata.labels === given;
  let labels = given;
  if (spec.manualSelector !== true) {
    const { name = "", uid = "" } = metadata;
    const generated = { [LEGACY_NAME_LABEL]: name, [NAME_LABEL]: name };
    labels = sorted({ ...generated, [LEGACY_UID_LABEL]: uid, [UID_LABEL]: uid, ...given });
    template.metadata = withLabels(template.metadata, labels);
    const { matchLabels, ...rest } = spec.selector ?? {};
    spec.selector = { matchLabels: sorted({ [UID_LABEL]: uid, ...matchLabels }), ...rest };
  }
  if (shared && labels !== undefined) metadata.labels = { ...labels };
}

function validateLabel(labels: Labels | undefined, key: string, expected: string): FieldError[] {
  const field = `spec.template.metadata.labels[${key}]`;
  const detail = `must be '${expected}'`;
  const value = labels?.[key];
  if (value === undefined) return [required(field, detail)];
  return value === expected ? [] : [invalidValue(field, labels, detail)];
}

/** Whether the labels and the selector are those that generateSelector makes. `prefixed`: also those with a prefix. */
export function validateGeneratedSelector(
  { metadata, spec }: Job,
  prefixed: boolean,
): FieldError[] {
  if (spec.manualSelector === true || spec.selector == null) return [];
  const { name = "", uid = "" } = metadata;
  const expected: Labels = { [LEGACY_UID_LABEL]: uid, [LEGACY_NAME_LABEL]: name };
  if (prefixed) Object.assign(expected, { [UID_LABEL]: uid, [NAME_LABEL]: name });
  const labels = spec.template.metadata?.labels;
  const errors = Object.entries(expected).flatMap(([key, value]) =>
    validateLabel(labels, key, value),
  );
  if (compiled(spec.selector)?.matches(expected) === false) {
    errors.push(invalidValue("spec.selector", spec.selector, "`selector` not auto-generated"));
  }
  return errors;
}

/** Jobs of old have no prefixed labels; those that have them keep them. */
export function hasPrefixedLabels({ spec }: Job): boolean {
  const labels = spec.template.metadata?.labels ?? {};
  return UID_LABEL in labels && NAME_LABEL in labels;
}
