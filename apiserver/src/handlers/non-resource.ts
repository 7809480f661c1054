// Paths that are no resource's: health, version, metrics, discovery and OpenAPI.
import { statusError } from "@coracle/shared/machinery/status-error";
import type { Discovery } from "../encoding/discovery.ts";
import type { OpenApi } from "../encoding/openapi.ts";
import type { ResourceTable } from "../registry/resource-table.ts";
import type { ApiRequest, Handled, Reply } from "./api-request.ts";
import { methodNotAllowed } from "./dispatch.ts";
import type { Health } from "./health.ts";
import { accepted, respondValue } from "./respond.ts";
import { rootPaths } from "./root-paths.ts";
import { SNAPSHOT_PATH, type SnapshotHandler } from "./snapshot.ts";
import { version } from "./version.ts";

export interface NonResourceDependencies {
  health: Health;
  resources: ResourceTable;
  discovery: Discovery;
  openApi: OpenApi;
  metrics(): string;
  snapshot: SnapshotHandler;
  /** Undefined when the path is another one. */
  openId(path: string): Reply | undefined;
}

const TEXT = "text/plain; charset=utf-8";
/** Upstream serves these by routes of GET only, the rest by handlers that do not look at the method. */
const GET_ONLY = /^\/(version|api|api\/[^/]+|apis\/[^/]+\/[^/]+|\.well-known\/.+|openid\/.+)\/?$/;

export function handleNonResource(
  request: ApiRequest,
  dependencies: NonResourceDependencies,
): Handled {
  const { path } = request.info;
  const { health, discovery, openApi, metrics, snapshot } = dependencies;
  const checked = health.handle(path, request.query);
  if (checked !== undefined) return checked;
  const isAllowed = request.method === "GET" || !GET_ONLY.test(path);
  const described =
    discovery.handle(path, request.headers) ??
    openApi.handle(path, request.headers) ??
    dependencies.openId(path);
  if (described !== undefined) {
    if (!isAllowed) throw methodNotAllowed();
    return described;
  }
  if (path === "/version" || path === "/version/") {
    if (!isAllowed) throw methodNotAllowed();
    return versionReply(request);
  }
  if (path === "/") return rootPaths(dependencies.resources, health.paths());
  if (path === "/metrics") {
    return { code: 200, contentType: "text/plain; version=0.0.4; charset=utf-8", body: metrics() };
  }
  if (path === SNAPSHOT_PATH) {
    if (request.method !== "GET") throw methodNotAllowed();
    return snapshot();
  }
  return pageNotFound();
}

/** What upstream's mux answers where no API group is. */
export function pageNotFound(): Reply {
  return {
    code: 404,
    contentType: TEXT,
    body: "404 page not found\n",
    headers: { "x-content-type-options": "nosniff" },
  };
}

/** Which has no other form than JSON. */
function versionReply(request: ApiRequest): Reply {
  if (accepted(request).format === "json") return respondValue(request, version);
  const why = "406: Not Acceptable\n\nAvailable representations: application/json";
  throw statusError("NotAcceptable", why, {});
}
