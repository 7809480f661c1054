// GET /: what there is (upstream: server/routes index.go).
import type { ResourceTable } from "../registry/resource-table.ts";
import { JSON_TYPE, type Reply } from "./api-request.ts";

const OTHERS = [
  "/.well-known/openid-configuration",
  "/api",
  "/api/v1",
  "/apis",
  "/metrics",
  "/openapi/v2",
  "/openapi/v3",
  "/openapi/v3/",
  "/openid/v1/jwks",
  "/version",
];

/** `healthPaths`: `/healthz`, `/healthz/ping`, … */
export function rootPaths(resources: ResourceTable, healthPaths: readonly string[]): Reply {
  const groups = resources
    .described()
    .filter(({ group }) => group !== "")
    .flatMap(({ group, version }) => [`/apis/${group}`, `/apis/${group}/${version}`]);
  const paths = [...new Set([...OTHERS, ...groups, ...healthPaths])].sort();
  return { code: 200, contentType: JSON_TYPE, body: JSON.stringify({ paths }, null, 2) };
}
