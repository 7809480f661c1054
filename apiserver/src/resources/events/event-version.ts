// events.k8s.io/v1 Events: a second version of the core Events, in the same storage.
import type { ResourceRow } from "@coracle/shared/api/resources";
import type { Event } from "@coracle/shared/api/types/core-v1";
import type { Event as EventsEvent } from "@coracle/shared/api/types/events-v1";
import type { KindVersion } from "../../registry/resource-table.ts";
import type { AnyObject } from "../../registry/served-resource.ts";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { eventBehaviour } from "../core/event.ts";
import { toCoreV1, toEventsV1 } from "./event-versions.ts";

const row: ResourceRow = {
  group: "events.k8s.io",
  version: "v1",
  plural: "events",
  kind: "Event",
  namespaced: true,
};

/** The core fields that are selected by, under the names of this version. */
function selectableFields(event: EventsEvent): Record<string, string> {
  const { regarding = {} } = event;
  return {
    "regarding.kind": regarding.kind ?? "",
    "regarding.namespace": regarding.namespace ?? "",
    "regarding.name": regarding.name ?? "",
    "regarding.uid": regarding.uid ?? "",
    "regarding.apiVersion": regarding.apiVersion ?? "",
    "regarding.resourceVersion": regarding.resourceVersion ?? "",
    "regarding.fieldPath": regarding.fieldPath ?? "",
    reason: event.reason ?? "",
    reportingController: event.reportingController ?? "",
    type: event.type ?? "",
  };
}

// Writes go through the stored version, whose strategy judges by the version of the request.
const behaviour: ResourceBehaviour<EventsEvent> = {
  ...(eventBehaviour as unknown as ResourceBehaviour<EventsEvent>),
  setDefaults() {},
  selectableFields,
  cells: (event, now) => eventBehaviour.cells(toCoreV1(event), now),
};

export const eventVersion: KindVersion = {
  row,
  stored: "events",
  behaviour: behaviour as unknown as ResourceBehaviour<AnyObject>,
  toStored: (object) => toCoreV1(object as unknown as EventsEvent) as unknown as AnyObject,
  fromStored: (object) => toEventsV1(object as unknown as Event) as unknown as AnyObject,
};
