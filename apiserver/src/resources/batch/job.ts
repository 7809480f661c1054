import type { Job, JobSpec } from "@coracle/shared/api/types/batch-v1";
import { isDns1123Label, isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { dropDisabledTemplateFields, nameWarning } from "../apps/rollout.ts";
import { setPodTemplateDefaults } from "../core/pod/pod-defaults.ts";
import { semanticEqual } from "../core/pod/semantic-equal.ts";
import { generateSelector } from "./job-selector.ts";
import { validateJobStatusUpdate } from "./job-status-validation.ts";
import { jobCells } from "./job-table.ts";
import { validateJobUpdate } from "./job-update-validation.ts";
import { validateJob } from "./job-validation.ts";
import { jobSpecWarnings } from "./job-warnings.ts";

const NO_LIMIT = 2 ** 31 - 1;

/** What a Job and the template in a CronJob share. */
export function setJobTemplateDefaults(spec: JobSpec): void {
  spec.template ??= {};
  setPodTemplateDefaults(spec.template);
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= "True";
  }
}

/** Upstream stores no list that is empty, and prints none as null. Mutates. */
export function dropEmptyRules({ podFailurePolicy }: JobSpec): void {
  if (podFailurePolicy?.rules?.length === 0) Object.assign(podFailurePolicy, { rules: null });
}

function setDefaults({ metadata, spec }: Job): void {
  setJobTemplateDefaults(spec);
  if (spec.parallelism === undefined) {
    spec.completions ??= 1;
    spec.parallelism = 1;
  }
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : NO_LIMIT;
  spec.completionMode ??= "NonIndexed";
  spec.suspend ??= false;
  spec.podReplacementPolicy ??=
    spec.podFailurePolicy === undefined ? "TerminatingOrFailed" : "Failed";
  spec.manualSelector ??= false;
  const labels = spec.template.metadata?.labels;
  // The very same map, as upstream's: what is generated later for the template shows in both.
  if (labels !== undefined && Object.keys(metadata.labels ?? {}).length === 0) {
    metadata.labels = labels;
  }
}

/** Labels come from the template where there are none, the generated ones included. */
function canonicalize({ metadata, spec }: Job): void {
  const labels = spec.template.metadata?.labels;
  if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
}

const ORPHANS =
  "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning";

export const jobBehaviour: ResourceBehaviour<Job> = {
  storagePrefix: "jobs",
  setDefaults,
  validateName: isDns1123Subdomain,
  defaultPropagation: "Orphan",
  warningsOnDelete: (_, policy) => (policy === undefined ? [ORPHANS] : []),
  strategy: {
    prepareForCreate(job) {
      generateSelector(job);
      job.status = {};
      job.metadata.generation = 1;
      dropDisabledTemplateFields(job.spec.template);
      dropEmptyRules(job.spec);
    },
    validate: validateJob,
    canonicalize,
    warningsOnCreate: ({ metadata, spec }) => [
      ...nameWarning(isDns1123Label(metadata.name)),
      ...jobSpecWarnings(spec, "spec"),
    ],
    prepareForUpdate(job, old) {
      job.status = old.status;
      dropDisabledTemplateFields(job.spec.template);
      if (old.spec.podFailurePolicy !== undefined) dropEmptyRules(job.spec);
      if (!semanticEqual(job.spec, old.spec)) {
        job.metadata.generation = (old.metadata.generation ?? 0) + 1;
      }
    },
    validateUpdate: validateJobUpdate,
    warningsOnUpdate: ({ metadata, spec }, old) =>
      metadata.generation === old.metadata.generation ? [] : jobSpecWarnings(spec, "spec"),
  },
  statusStrategy: {
    prepareForUpdate(job, old) {
      job.spec = old.spec;
    },
    validateUpdate: validateJobStatusUpdate,
  },
  selectableFields: ({ status }) => ({ "status.successful": String(status.succeeded ?? 0) }),
  cells: jobCells,
};
