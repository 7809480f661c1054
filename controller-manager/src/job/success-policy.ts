// Whether an Indexed Job has succeeded before all of its indexes have (upstream: success_policy.go).
import type { Job } from "@coracle/shared/api/types/batch-v1";
import { type Intervals, overlapOf, parseIntervals, totalOf } from "./intervals.ts";

/** The message of the rule that holds; undefined when none does. */
export function matchSuccessPolicy({ spec }: Job, succeeded: Intervals): string | undefined {
  if (succeeded.length === 0) return undefined;
  const at = (spec.successPolicy?.rules ?? []).findIndex((rule) => {
    const { succeededIndexes, succeededCount } = rule;
    if (succeededIndexes === undefined) {
      return succeededCount !== undefined && totalOf(succeeded) >= succeededCount;
    }
    const required = parseIntervals(succeededIndexes, spec.completions ?? 0);
    if (required.length === 0) return false;
    const contained = overlapOf(required, succeeded);
    if (contained === totalOf(required)) return true;
    return succeededCount !== undefined && contained >= succeededCount;
  });
  return at < 0 ? undefined : `Matched rules at index ${at}`;
}
