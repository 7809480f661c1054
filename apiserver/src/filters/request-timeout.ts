// How long a request may take (upstream: endpoints/filters WithRequestDeadline, server/filters WithTimeoutForNonLongRunningRequests).
import { badRequest } from "@coracle/shared/machinery/status-error";
import { parseDuration, TimeError } from "../encoding/go-time.ts";
import type { Reply } from "../handlers/api-request.ts";

const NANOS_PER_MS = 1e6;

/** Milliseconds: what the client asks for by `?timeout=`, `maxMs` at most. Throws BadRequest. */
export function timeoutOf(query: URLSearchParams, maxMs: number): number {
  const text = query.get("timeout");
  if (text === null || text === "") return maxMs;
  try {
    const wanted = parseDuration(text) / NANOS_PER_MS;
    return wanted > 0 && wanted < maxMs ? wanted : maxMs;
  } catch (error) {
    if (!(error instanceof TimeError)) throw error;
    throw badRequest(`invalid timeout specified in the request URL - ${error.message}`);
  }
}

/** Upstream gives this answer outside of its usual encoding, hence the type, and no kind. */
export const timedOut: Reply = {
  code: 504,
  contentType: "text/plain; charset=utf-8",
  body: '{"metadata":{},"status":"Failure","message":"Timeout: request did not complete within the allotted timeout","reason":"Timeout","details":{},"code":504}\n',
};
