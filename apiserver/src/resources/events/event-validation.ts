// Validation of Events (upstream: pkg/apis/core/validation/events.go). core/v1 takes almost anything, for the sake of old
// clients; events.k8s.io/v1 wants every field that tells something, and lets an update change little but the series.
import type { Event } from "@coracle/shared/api/types/core-v1";
import { invalidValue, required } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain, isQualifiedName } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { RequestContext } from "../../registry/strategy.ts";
import { internalForm } from "../core/pod/internal-form.ts";
import { deepEqual } from "../deep-equal.ts";
import { immutableField, invalidTexts } from "../field-rules.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";

const TEXT_MAX = 128;
const MESSAGE_MAX = 1024;

const isStrict = ({ apiVersion }: RequestContext): boolean => apiVersion !== "v1";

export function validateEvent(event: Event, context: RequestContext): FieldError[] {
  const errors = validateAnyVersion(event, context);
  if (!isStrict(context)) return errors;
  errors.push(...repeatObjectMeta(event.metadata, true, isDns1123Subdomain));
  errors.push(...validateSeries(event));
  if (!event.eventTime) errors.push(required("eventTime"));
  const { type = "" } = event;
  if (type !== "Normal" && type !== "Warning") {
    errors.push(invalidValue("type", "", `has invalid value: ${type}`));
  }
  const unset = (field: string, isSet: boolean) => {
    if (isSet) errors.push(invalidValue(field, "", "needs to be unset"));
  };
  unset("firstTimestamp", Boolean(event.firstTimestamp));
  unset("lastTimestamp", Boolean(event.lastTimestamp));
  unset("count", (event.count ?? 0) !== 0);
  unset("source", Boolean(event.source?.component || event.source?.host));
  return errors;
}

export function validateEventUpdate(
  event: Event,
  old: Event,
  context: RequestContext,
): FieldError[] {
  const errors = validateAnyVersion(event, context);
  if (!isStrict(context)) return errors;
  errors.push(...repeatMetadataUpdate(event.metadata, old.metadata));
  if (!deepEqual(event.series, old.series)) errors.push(...validateSeries(event));
  errors.push(...validateUnchanged(event, old));
  return errors;
}

/** Upstream looks at the reason twice. */
function validateUnchanged(event: Event, old: Event): FieldError[] {
  const text = (field: keyof Event & string) =>
    immutableField(event[field] ?? "", old[field] ?? "", field);
  const time = (field: keyof Event & string) =>
    immutableField(event[field] ?? null, old[field] ?? null, field);
  const reference = (value: object | undefined) =>
    value === undefined ? null : internalForm("ObjectReference", value);
  const source = ({ component = "", host = "" }: { component?: string; host?: string } = {}) => ({
    Component: component,
    Host: host,
  });
  return [
    ...immutableField(
      reference(event.involvedObject ?? {}),
      reference(old.involvedObject ?? {}),
      "involvedObject",
    ),
    ...text("reason"),
    ...text("message"),
    ...immutableField(source(event.source), source(old.source), "source"),
    ...time("firstTimestamp"),
    ...time("lastTimestamp"),
    ...immutableField(event.count ?? 0, old.count ?? 0, "count"),
    ...text("reason"),
    ...text("type"),
    ...time("eventTime"),
    ...text("action"),
    ...immutableField(reference(event.related), reference(old.related), "related"),
    ...immutableField(
      event.reportingComponent ?? "",
      old.reportingComponent ?? "",
      "reportingController",
    ),
    ...text("reportingInstance"),
  ];
}

function validateSeries({ series }: Event): FieldError[] {
  if (series === undefined) return [];
  const errors: FieldError[] = [];
  if ((series.count ?? 0) < 2) {
    errors.push(invalidValue("series.count", "", "should be at least 2"));
  }
  if (!series.lastObservedTime) errors.push(required("series.lastObservedTime"));
  return errors;
}

/** What upstream demands in either version. */
function validateAnyVersion(event: Event, context: RequestContext): FieldError[] {
  const errors: FieldError[] = [];
  if (namespaceMismatch(event)) {
    const involved = event.involvedObject.namespace ?? "";
    const detail = "does not match event.namespace";
    errors.push(invalidValue("involvedObject.namespace", involved, detail));
  }
  if (event.eventTime) errors.push(...validateReport(event, context));
  const namespace = event.metadata.namespace ?? "";
  errors.push(...invalidTexts("namespace", namespace, isDns1123Subdomain(namespace)));
  return errors;
}

function namespaceMismatch(event: Event): boolean {
  const own = event.metadata.namespace ?? "";
  const involved = event.involvedObject.namespace ?? "";
  if (involved !== "") return !event.eventTime && own !== involved;
  if (own === "default") return false;
  return event.eventTime ? own !== "kube-system" : own !== "";
}

function limited(field: string, value: string | undefined, max: number): FieldError[] {
  if (Buffer.byteLength(value ?? "") <= max) return [];
  return [invalidValue(field, "", `can have at most ${max} characters`)];
}

/** Events with an eventTime are the new kind, whose reporter must tell more. */
function validateReport(event: Event, context: RequestContext): FieldError[] {
  const { reportingComponent = "", reportingInstance, action, reason, message } = event;
  const reporter = isStrict(context) ? "reportingController" : "reportingComponent";
  const errors: FieldError[] = [];
  const need = (field: string, value: string | undefined) => {
    if (!value) errors.push(required(field));
  };
  need(reporter, reportingComponent);
  errors.push(...invalidTexts(reporter, reportingComponent, isQualifiedName(reportingComponent)));
  need("reportingInstance", reportingInstance);
  errors.push(...limited("reportingInstance", reportingInstance, TEXT_MAX));
  need("action", action);
  errors.push(...limited("action", action, TEXT_MAX));
  need("reason", reason);
  errors.push(...limited("reason", reason, TEXT_MAX), ...limited("message", message, MESSAGE_MAX));
  return errors;
}
