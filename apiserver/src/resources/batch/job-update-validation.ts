// What may change in a Job (upstream: batch validation ValidateJobUpdate).
import type { Job, JobSpec } from "@coracle/shared/api/types/batch-v1";
import type { Affinity, Container, PodSpec } from "@coracle/shared/api/types/core-v1";
import { invalidValue } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { internalPodSpec } from "../core/pod/internal-form.ts";
import { semanticEqual } from "../core/pod/semantic-equal.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";
import { hasCondition } from "./job-conditions.ts";
import { shownFailurePolicy, shownSuccessPolicy, shownTemplate } from "./job-internal-form.ts";
import { hasPrefixedLabels } from "./job-selector.ts";
import { validateSpecWithSelector, validateWholeJob } from "./job-validation.ts";

const SAME = "field is immutable";

/** Everything twice, as upstream: the Job as such, and the Job as an update. */
export const validateJobUpdate = (job: Job, old: Job): FieldError[] => [
  ...repeatObjectMeta(job.metadata, true, isDns1123Subdomain),
  ...validateWholeJob(job, hasPrefixedLabels(old)),
  ...repeatMetadataUpdate(job.metadata, old.metadata),
  ...validateSpecWithSelector(job.spec),
  ...validateCompletions(job.spec, old.spec),
  ...same(job, old, "selector"),
  ...validateTemplateUpdate(job.spec, old),
  ...same(job, old, "completionMode"),
  ...same(job, old, "podFailurePolicy", shownFailurePolicy(job.spec.podFailurePolicy)),
  ...same(job, old, "backoffLimitPerIndex"),
  ...same(job, old, "managedBy"),
  ...same(job, old, "successPolicy", shownSuccessPolicy(job.spec.successPolicy)),
];

function same(
  { spec }: Job,
  old: Job,
  field: keyof JobSpec,
  shown: unknown = spec[field],
): FieldError[] {
  if (semanticEqual(spec[field], old.spec[field])) return [];
  return [invalidValue(`spec.${field}`, shown ?? null, SAME)];
}

/** Indexed Jobs may grow and shrink, with their parallelism. */
function validateCompletions(spec: JobSpec, old: JobSpec): FieldError[] {
  const { completions } = spec;
  const field = "spec.completions";
  if (completions === old.completions) return [];
  if (spec.completionMode !== "Indexed") return [invalidValue(field, completions ?? null, SAME)];
  if (completions === undefined || completions === spec.parallelism) return [];
  const detail = "can only be modified in tandem with spec.parallelism";
  return [invalidValue(field, completions, detail)];
}

/**
 * The template of a Job that is suspended and has no Pods may get other scheduling directives and resources (upstream:
 * MutableSchedulingDirectivesForSuspendedJobs and MutablePodResourcesForSuspendedJobs, on by default in 1.36).
 */
function validateTemplateUpdate(spec: JobSpec, old: Job): FieldError[] {
  const { status } = old;
  const suspended = old.spec.suspend === true;
  const stopped = status.startTime === undefined || hasCondition(status, "Suspended");
  const mutable = suspended && stopped && (status.active ?? 0) === 0;
  const { template } = spec;
  if (!mutable) {
    if (semanticEqual(template, old.spec.template)) return [];
    return [invalidValue("spec.template", shownTemplate(template), SAME)];
  }
  const podSpec = template.spec ?? { containers: [] };
  const before = withDirectivesOf(old.spec.template.spec ?? { containers: [] }, podSpec);
  if (semanticEqual(podSpec, withResourcesOf(before, podSpec))) return [];
  return [invalidValue("spec.template.spec", internalPodSpec(podSpec), SAME)];
}

/** The old specification with what `next` says of nodes. */
const withDirectivesOf = (old: PodSpec, next: PodSpec): PodSpec =>
  ({
    ...old,
    affinity: withNodeAffinityOf(old.affinity, next.affinity),
    nodeSelector: next.nodeSelector,
    tolerations: next.tolerations,
    schedulingGates: next.schedulingGates,
  }) as PodSpec;

function withNodeAffinityOf(
  old: Affinity | undefined,
  next: Affinity | undefined,
): Partial<Affinity> | undefined {
  if (next !== undefined) return { ...old, nodeAffinity: next.nodeAffinity } as Affinity;
  if (old === undefined) return undefined;
  const { nodeAffinity: _, ...others } = old;
  return Object.keys(others).length === 0 ? undefined : others;
}

function withResourcesOf(old: PodSpec, next: PodSpec): PodSpec {
  const merge = (before: Container[] | undefined, after: Container[] | undefined) =>
    before !== undefined && before.length === after?.length
      ? before.map((container, i) => {
          const other = after[i] as Container;
          return container.name === other.name
            ? { ...container, resources: other.resources }
            : container;
        })
      : before;
  return {
    ...old,
    containers: merge(old.containers, next.containers) as Container[],
    initContainers: merge(old.initContainers, next.initContainers),
  } as PodSpec;
}
