import type { Event } from "@coracle/shared/api/types/core-v1";
import { isPathSegmentName } from "@coracle/shared/machinery/names";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { validateEvent, validateEventUpdate } from "../events/event-validation.ts";

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
  metadataLast: true,
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
    validate: validateEvent,
    prepareForUpdate() {},
    validateUpdate: validateEventUpdate,
  },
  cells,
};
