// core/v1 and events.k8s.io/v1 are two forms of one Event (upstream: pkg/apis/events/v1/conversion.go). What a form always
// prints (times, the involved object, the source) is always there, as in upstream's structs.
import type { Event } from "@coracle/shared/api/types/core-v1";
import type { Event as EventsEvent } from "@coracle/shared/api/types/events-v1";

export const EVENTS_V1 = "events.k8s.io/v1";

/** A member is left out when it is empty, as upstream's encoder does. */
const unless = <K extends string, V>(name: K, value: V | undefined): { [N in K]?: V } =>
  value === undefined || value === null || value === "" || value === 0
    ? {}
    : ({ [name]: value } as { [N in K]?: V });

/** A time that is not set is printed as null. */
const time = (value: string | undefined): string => (value ?? null) as string;

/** Does not change its argument; shares its parts. */
export function toEventsV1(event: Event): EventsEvent {
  return {
    kind: "Event",
    apiVersion: EVENTS_V1,
    metadata: event.metadata,
    eventTime: time(event.eventTime),
    ...unless("series", event.series && seriesOf(event.series)),
    ...unless("reportingController", event.reportingComponent),
    ...unless("reportingInstance", event.reportingInstance),
    ...unless("action", event.action),
    ...unless("reason", event.reason),
    regarding: event.involvedObject ?? {},
    ...unless("related", event.related),
    ...unless("note", event.message),
    ...unless("type", event.type),
    deprecatedSource: event.source ?? {},
    deprecatedFirstTimestamp: time(event.firstTimestamp),
    deprecatedLastTimestamp: time(event.lastTimestamp),
    ...unless("deprecatedCount", event.count),
  };
}

/** events.k8s.io/v1 always tells the count of a series, core/v1 only when it is not 0. */
function seriesOf(series: { count?: number; lastObservedTime?: string }) {
  return { count: series.count ?? 0, lastObservedTime: time(series.lastObservedTime) };
}

/** Does not change its argument; shares its parts. */
export function toCoreV1(event: EventsEvent): Event {
  const series = event.series && {
    ...unless("count", event.series.count),
    lastObservedTime: time(event.series.lastObservedTime),
  };
  return {
    kind: "Event",
    apiVersion: "v1",
    metadata: event.metadata,
    involvedObject: event.regarding ?? {},
    ...unless("reason", event.reason),
    ...unless("message", event.note),
    source: event.deprecatedSource ?? {},
    firstTimestamp: time(event.deprecatedFirstTimestamp),
    lastTimestamp: time(event.deprecatedLastTimestamp),
    ...unless("count", event.deprecatedCount),
    ...unless("type", event.type),
    eventTime: time(event.eventTime),
    ...unless("series", series),
    ...unless("action", event.action),
    ...unless("related", event.related),
    reportingComponent: event.reportingController ?? "",
    reportingInstance: event.reportingInstance ?? "",
  };
}
