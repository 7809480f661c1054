import type { Event } from "@coracle/shared/api/types/core-v1";
import { invalidValue, required } from "@coracle/shared/machinery/field-error";
import {
  isDns1123Subdomain,
  isPathSegmentName,
  isQualifiedName,
} from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { invalidTexts } from "../field-rules.ts";

const TEXT_MAX = 128;
const MESSAGE_MAX = 1024;

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
function validateReport(event: Event): FieldError[] {
  const { reportingComponent = "", reportingInstance, action, reason, message } = event;
  const errors: FieldError[] = [];
  const need = (field: string, value: string | undefined) => {
    if (!value) errors.push(required(field));
  };
  need("reportingComponent", reportingComponent);
  errors.push(
    ...invalidTexts("reportingComponent", reportingComponent, isQualifiedName(reportingComponent)),
  );
  need("reportingInstance", reportingInstance);
  errors.push(...limited("reportingInstance", reportingInstance, TEXT_MAX));
  need("action", action);
  errors.push(...limited("action", action, TEXT_MAX));
  need("reason", reason);
  errors.push(...limited("reason", reason, TEXT_MAX), ...limited("message", message, MESSAGE_MAX));
  return errors;
}

function validate(event: Event): FieldError[] {
  const errors: FieldError[] = [];
  if (namespaceMismatch(event)) {
    const involved = event.involvedObject.namespace ?? "";
    const detail = "does not match event.namespace";
    errors.push(invalidValue("involvedObject.namespace", involved, detail));
  }
  if (event.eventTime) errors.push(...validateReport(event));
  const namespace = event.metadata.namespace ?? "";
  errors.push(...invalidTexts("namespace", namespace, isDns1123Subdomain(namespace)));
  return errors;
}

function cells(event: Event, now: number): unknown[] {
  const { involvedObject, series, source } = event;
  const first = age(event.firstTimestamp || event.eventTime || undefined, now);
  let last = event.lastTimestamp ? age(event.lastTimestamp, now) : first;
  let count = event.count ?? 0;
  if (series !== undefined) {
    last = age(series.lastObservedTime || undefined, now);
    count = series.count ?? 0;
  } else if (count === 0) count = 1;
  const kind = (involvedObject.kind ?? "").toLowerCase();
  const component = source?.component || event.reportingComponent || "";
  const instance = source?.host || event.reportingInstance || "";
  return [
    last,
    event.type ?? "",
    event.reason ?? "",
    involvedObject.name ? `${kind}/${involvedObject.name}` : kind,
    involvedObject.fieldPath ?? "",
    instance === "" ? component : `${component}, ${instance}`,
    (event.message ?? "").trim(),
    first,
    count,
    event.metadata.name,
  ];
}

export const eventBehaviour: ResourceBehaviour<Event> = {
  storagePrefix: "events",
  setDefaults() {},
  // Nothing stricter for core/v1 Events, as old clients wrote all sorts of names.
  validateName: isPathSegmentName,
  selectableFields(event) {
    const involved = event.involvedObject;
    return {
      "involvedObject.kind": involved.kind ?? "",
      "involvedObject.namespace": involved.namespace ?? "",
      "involvedObject.name": involved.name ?? "",
      "involvedObject.uid": involved.uid ?? "",
      "involvedObject.apiVersion": involved.apiVersion ?? "",
      "involvedObject.resourceVersion": involved.resourceVersion ?? "",
      "involvedObject.fieldPath": involved.fieldPath ?? "",
      reason: event.reason ?? "",
      reportingComponent: event.reportingComponent ?? "",
      source: event.source?.component || event.reportingComponent || "",
      type: event.type ?? "",
    };
  },
  strategy: {
    allowCreateOnUpdate: true,
    prepareForCreate() {},
    validate,
    prepareForUpdate() {},
    validateUpdate: (event) => validate(event),
  },
  cells,
};
