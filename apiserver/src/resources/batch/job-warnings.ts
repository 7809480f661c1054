import type { JobSpec } from "@coracle/shared/api/types/batch-v1";
import { podTemplateWarnings } from "../core/pod/pod-warnings.ts";

const COMPLETIONS_SOFT_MAX = 100_000;
const PARALLELISM_SOFT_MAX = 10_000;

/** Of a Job or of the template in a CronJob (upstream: api/job WarningsForJobSpec). */
export function jobSpecWarnings(spec: JobSpec, path: string): string[] {
  const warnings: string[] = [];
  const { completions = 0, parallelism = 0 } = spec;
  const large = completions > COMPLETIONS_SOFT_MAX && parallelism > PARALLELISM_SOFT_MAX;
  if (spec.completionMode === "Indexed" && large) {
    warnings.push(
      `${path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`,
    );
  }
  return [...warnings, ...podTemplateWarnings(spec.template ?? {}, `${path}.template`)];
}
