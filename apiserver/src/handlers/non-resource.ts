// Paths that are no resource's: health, version, metrics, discovery and OpenAPI.
import type { Discovery } from "../encoding/discovery.ts";
import type { OpenApi } from "../encoding/openapi.ts";
import type { ApiRequest, Reply } from "./api-request.ts";
import { methodNotAllowed } from "./dispatch.ts";
import type { Health } from "./health.ts";
import { respondValue } from "./respond.ts";
import { version } from "./version.ts";

export interface NonResourceDependencies {
  health: Health;
  discovery: Discovery;
  openApi: OpenApi;
  metrics(): string;
}

const TEXT = "text/plain; charset=utf-8";

export function handleNonResource(
  request: ApiRequest,
  dependencies: NonResourceDependencies,
): Reply {
  const { path } = request.info;
  const { health, discovery, openApi, metrics } = dependencies;
  const checked = health.handle(path, request.query);
  if (checked !== undefined) return checked;
  const isGet = request.method === "GET" || request.method === "HEAD";
  const described =
    discovery.handle(path, request.headers) ?? openApi.handle(path, request.headers);
  if (described !== undefined) {
    if (!isGet) throw methodNotAllowed();
    return described;
  }
  if (path === "/version" || path === "/version/") {
    if (!isGet) throw methodNotAllowed();
    return respondValue(request, version);
  }
  if (path === "/metrics") {
    return { code: 200, contentType: "text/plain; version=0.0.4; charset=utf-8", body: metrics() };
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
