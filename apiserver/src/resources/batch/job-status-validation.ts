// The status of a Job as its controller, ours or another's, reports it (upstream: batch validation validateJobStatus and
// ValidateJobStatusUpdate; registry/batch/job getStatusValidationOptions). Most rules look only at what this update changes.
import type { Job, JobStatus, UncountedTerminatedPods } from "@coracle/shared/api/types/batch-v1";
import {
  duplicate,
  invalidValue,
  invalidWithoutValue,
  required,
} from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { parseTime } from "@coracle/shared/runtime/clock";
import { semanticEqual } from "../core/pod/semantic-equal.ts";
import { nonNegative } from "../field-rules.ts";
import { repeatMetadataUpdate } from "../metadata-validation.ts";
import { commonIndex, indexComplaint } from "./index-intervals.ts";
import { hasCondition, isFinished } from "./job-conditions.ts";

const CONDITIONS = "status.conditions";

/** What an update of a status changes. */
interface Changes {
  finished: boolean;
  complete: boolean;
  failed: boolean;
  failureTarget: boolean;
  successCriteriaMet: boolean;
  completedIndexes: boolean;
  failedIndexes: boolean;
  active: boolean;
  startTime: boolean;
  completionTime: boolean;
  uncounted: boolean;
  ready: boolean;
  terminating: boolean;
}

function changesOf({ status }: Job, { status: old }: Job): Changes {
  const turned = (type: string) => hasCondition(status, type) !== hasCondition(old, type);
  return {
    finished: isFinished(status) !== isFinished(old),
    complete: turned("Complete"),
    failed: turned("Failed"),
    failureTarget: turned("FailureTarget"),
    successCriteriaMet: turned("SuccessCriteriaMet"),
    completedIndexes: (status.completedIndexes ?? "") !== (old.completedIndexes ?? ""),
    failedIndexes: status.failedIndexes !== old.failedIndexes,
    active: (status.active ?? 0) !== (old.active ?? 0),
    startTime: parseTime(status.startTime) !== parseTime(old.startTime),
    completionTime: parseTime(status.completionTime) !== parseTime(old.completionTime),
    uncounted: !semanticEqual(status.uncountedTerminatedPods, old.uncountedTerminatedPods),
    ready: status.ready !== old.ready,
    terminating: status.terminating !== old.terminating,
  };
}

export function validateJobStatusUpdate(job: Job, old: Job): FieldError[] {
  const changed = changesOf(job, old);
  return [
    ...repeatMetadataUpdate(job.metadata, old.metadata),
    ...validateCounts(job.status),
    ...validateTerminalConditions(job, changed),
    ...validateFinished(job, changed),
    ...validateIndexes(job, changed),
    ...validateRemaining(job, changed),
    ...validateSuccessCriteria(job),
    ...validateTransition(job, old, changed),
  ];
}

function validateCounts(status: JobStatus): FieldError[] {
  const counts = ["active", "succeeded", "failed", "ready", "terminating"] as const;
  return [
    ...counts.flatMap((name) => nonNegative(status[name], `status.${name}`)),
    ...validateUncounted(status.uncountedTerminatedPods),
  ];
}

function validateUncounted(pods: UncountedTerminatedPods | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const list of ["succeeded", "failed"] as const) {
    pods?.[list]?.forEach((uid, i) => {
      const field = `status.uncountedTerminatedPods.${list}[${i}]`;
      if (uid === "") errors.push(invalidValue(field, uid, "must not be empty"));
      else if (seen.has(uid)) errors.push(duplicate(field, uid));
      seen.add(uid);
    });
  }
  return errors;
}

/** Complete and Failed, and the times that go with them. */
function validateTerminalConditions({ status }: Job, changed: Changes): FieldError[] {
  const errors: FieldError[] = [];
  const { startTime, completionTime } = status;
  const complete = hasCondition(status, "Complete");
  const failed = hasCondition(status, "Failed");
  const failureTarget = hasCondition(status, "FailureTarget");
  const refuse = (detail: string) => errors.push(invalidWithoutValue(CONDITIONS, detail));
  if ((changed.complete || changed.failed) && complete && failed) {
    refuse("cannot set Complete=True and Failed=true conditions");
  }
  if ((changed.complete || changed.failureTarget) && complete && failureTarget) {
    refuse("cannot set Complete=True and FailureTarget=true conditions");
  }
  const field = "status.completionTime";
  if (changed.complete || changed.completionTime) {
    if (completionTime !== undefined && !complete) {
      const detail = "cannot set completionTime when there is no Complete=True condition";
      errors.push(invalidValue(field, completionTime, detail));
    }
    if (completionTime === undefined && complete) {
      errors.push(required(field, "completionTime is required for Complete jobs"));
    }
  }
  if (changed.startTime || changed.completionTime) {
    const [start, end] = [parseTime(startTime), parseTime(completionTime)];
    if (start !== undefined && end !== undefined && end < start) {
      errors.push(invalidValue(field, completionTime, "must be equal to or after `startTime`"));
    }
  }
  if ((changed.failed || changed.failedIndexes) && failed && !failureTarget) {
    refuse("cannot set Failed=True condition without the FailureTarget=true condition");
  }
  const met = hasCondition(status, "SuccessCriteriaMet");
  if ((changed.complete || changed.successCriteriaMet) && complete && !met) {
    refuse("cannot set Complete=True condition without the SuccessCriteriaMet=true condition");
  }
  return errors;
}

/** A Job that is over has started and has nothing left to do. */
function validateFinished({ spec, status }: Job, changed: Changes): FieldError[] {
  const errors: FieldError[] = [];
  if (!isFinished(status)) return errors;
  const { active = 0, startTime, uncountedTerminatedPods: uncounted } = status;
  if ((changed.finished || changed.active) && active > 0) {
    errors.push(invalidValue("status.active", active, "active>0 is invalid for finished job"));
  }
  const neverStarts = spec.suspend === true && spec.completions === 0;
  if ((changed.finished || changed.startTime) && !neverStarts && startTime === undefined) {
    errors.push(required("status.startTime", "startTime is required for finished job"));
  }
  if (changed.finished || changed.uncounted) {
    const { succeeded = [], failed = [] } = uncounted ?? {};
    if (succeeded.length + failed.length > 0) {
      const shown = {
        Succeeded: uncounted?.succeeded ?? null,
        Failed: uncounted?.failed ?? null,
      };
      const field = "status.uncountedTerminatedPods";
      errors.push(invalidValue(field, shown, "must be empty for finished job"));
    }
  }
  return errors;
}

function validateIndexes({ spec, status }: Job, changed: Changes): FieldError[] {
  const errors: FieldError[] = [];
  const { completedIndexes = "", failedIndexes } = status;
  const { completions, backoffLimitPerIndex } = spec;
  const refuse = (name: string, value: string, detail: string) =>
    errors.push(invalidValue(`status.${name}`, value, detail));
  const judge = (name: string, text: string) => {
    const complaint = indexComplaint(text, completions ?? 0);
    if (complaint !== undefined) refuse(name, text, `error parsing ${name}: ${complaint}`);
  };
  if (changed.completedIndexes && completions !== undefined) {
    judge("completedIndexes", completedIndexes);
  }
  const perIndex = completions !== undefined && backoffLimitPerIndex !== undefined;
  if (changed.failedIndexes && perIndex && failedIndexes !== undefined) {
    judge("failedIndexes", failedIndexes);
  }
  if (changed.completedIndexes && completedIndexes !== "" && spec.completionMode !== "Indexed") {
    const detail = "cannot set non-empty completedIndexes when non-indexed completion mode";
    refuse("completedIndexes", completedIndexes, detail);
  }
  if (failedIndexes === undefined) return errors;
  if (changed.failedIndexes && backoffLimitPerIndex === undefined) {
    const detail = "cannot set non-null failedIndexes when backoffLimitPerIndex is null";
    refuse("failedIndexes", failedIndexes, detail);
  }
  if ((changed.failedIndexes || changed.completedIndexes) && completions !== undefined) {
    const index = commonIndex(completedIndexes, failedIndexes, completions);
    if (index !== undefined) {
      const detail = `failedIndexes and completedIndexes overlap at index: ${index}`;
      refuse("failedIndexes", failedIndexes, detail);
    }
  }
  return errors;
}

function validateRemaining({ status }: Job, changed: Changes): FieldError[] {
  const errors: FieldError[] = [];
  const { active = 0, ready, terminating = 0 } = status;
  if ((changed.finished || changed.terminating) && terminating > 0 && isFinished(status)) {
    const detail = "terminating>0 is invalid for finished job";
    errors.push(invalidValue("status.terminating", terminating, detail));
  }
  if ((changed.ready || changed.active) && ready !== undefined && ready > active) {
    errors.push(invalidValue("status.ready", ready, "cannot set more ready pods than active"));
  }
  return errors;
}

function validateSuccessCriteria({ spec, status }: Job): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (detail: string) => errors.push(invalidWithoutValue(CONDITIONS, detail));
  const met = hasCondition(status, "SuccessCriteriaMet");
  if (met && hasCondition(status, "Failed")) {
    refuse("cannot set SuccessCriteriaMet=True and Failed=true conditions");
  }
  if (met && hasCondition(status, "FailureTarget")) {
    refuse("cannot set SuccessCriteriaMet=True and FailureTarget=true conditions");
  }
  if (spec.successPolicy !== undefined && !met && hasCondition(status, "Complete")) {
    const detail =
      "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True";
    refuse(detail);
  }
  return errors;
}

function validateTransition(job: Job, { status: old }: Job, changed: Changes): FieldError[] {
  const { spec, status } = job;
  const errors: FieldError[] = [];
  const refuse = (detail: string) => errors.push(invalidWithoutValue(CONDITIONS, detail));
  for (const type of ["Failed", "Complete", "FailureTarget"]) {
    if (hasCondition(old, type) && !hasCondition(status, type)) {
      refuse(`cannot disable the terminal ${type}=True condition`);
    }
  }
  const { failed = 0, succeeded = 0, completionTime, startTime } = status;
  if (failed < (old.failed ?? 0)) {
    errors.push(invalidValue("status.failed", failed, "cannot decrease the failed counter"));
  }
  // An Indexed Job whose parallelism follows its completions may shrink.
  const shrinks = spec.completionMode === "Indexed" && spec.completions === spec.parallelism;
  if (!shrinks && succeeded < (old.succeeded ?? 0)) {
    const detail = "cannot decrease the succeeded counter";
    errors.push(invalidValue("status.succeeded", succeeded, detail));
  }
  const hadTime = completionTime !== undefined && old.completionTime !== undefined;
  if (hadTime && changed.completionTime) {
    errors.push(invalidValue("status.completionTime", completionTime, "field is immutable"));
  }
  const resuming = hasCondition(old, "Suspended") && hasCondition(status, "Suspended", "False");
  const restarted = changed.startTime && !resuming && old.startTime !== undefined;
  if (restarted && spec.suspend !== true) {
    const detail = "field is immutable for unsuspended job once set";
    errors.push(invalidValue("status.startTime", startTime ?? null, detail));
  }
  const met = hasCondition(status, "SuccessCriteriaMet");
  const wasMet = hasCondition(old, "SuccessCriteriaMet");
  if (wasMet && !met) refuse("cannot disable the SuccessCriteriaMet=True condition");
  if (hasCondition(old, "Complete") && !wasMet && met) {
    refuse("cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions");
  }
  return errors;
}
