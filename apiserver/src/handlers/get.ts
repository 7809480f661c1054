import { notFound } from "@coracle/shared/machinery/status-error";
import type { Clock } from "@coracle/shared/runtime/clock";
import type { ServedResource } from "../registry/served-resource.ts";
import type { ApiRequest, Reply } from "./api-request.ts";
import { parseResourceVersion, tooLargeResourceVersion } from "./options.ts";
import { respondObject } from "./respond.ts";

const FRESH_WAIT_MS = 3_000;

/** GET of one object, also of its status subresource. Served from memory; nothing is parsed for plain JSON. */
export function getObject(
  request: ApiRequest,
  resource: ServedResource,
  clock: Clock,
): Reply | Promise<Reply> {
  const asked = request.query.get("resourceVersion");
  if (asked !== null) return getNotOlderThan(request, resource, clock, asked);
  return found(request, resource, clock);
}

async function getNotOlderThan(
  request: ApiRequest,
  resource: ServedResource,
  clock: Clock,
  asked: string,
): Promise<Reply> {
  const revision = parseResourceVersion(asked, true) ?? 0;
  if (!(await resource.cache.waitFor(revision, FRESH_WAIT_MS))) {
    throw tooLargeResourceVersion(revision, resource.cache.revision);
  }
  return found(request, resource, clock);
}

function found(request: ApiRequest, resource: ServedResource, clock: Clock): Reply {
  const { namespace, name } = request.info;
  const cached = resource.cache.get(resource.namespaced ? namespace : "", name);
  if (cached === undefined) throw notFound(resource, name);
  return respondObject(request, resource, cached.bytes, clock);
}
