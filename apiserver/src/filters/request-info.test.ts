import { describe, expect, it } from "vitest";
import { isLongRunning, requestInfo } from "./request-info.ts";

const of = (method: string, url: string) => {
  const [path = "", query = ""] = url.split("?");
  return requestInfo(method, path, new URLSearchParams(query));
};

describe("requestInfo", () => {
  it.each([
    ["GET", "/api/v1/pods", { verb: "list", resource: "pods", namespace: "", version: "v1" }],
    ["GET", "/api/v1/namespaces/a/pods/b", { verb: "get", namespace: "a", name: "b" }],
    ["GET", "/api/v1/namespaces/a/pods?watch=true", { verb: "watch", namespace: "a" }],
    ["GET", "/api/v1/namespaces/a/pods?watch=0", { verb: "list" }],
    ["GET", "/api/v1/watch/namespaces/a/pods/b", { verb: "watch", namespace: "a", name: "b" }],
    ["GET", "/api/v1/namespaces", { verb: "list", resource: "namespaces", namespace: "" }],
    [
      "GET",
      "/api/v1/namespaces/a",
      { verb: "get", resource: "namespaces", name: "a", namespace: "a" },
    ],
    [
      "PUT",
      "/api/v1/namespaces/a/finalize",
      { resource: "namespaces", name: "a", subresource: "finalize" },
    ],
    ["PUT", "/api/v1/namespaces/a/status", { resource: "namespaces", subresource: "status" }],
    [
      "POST",
      "/apis/apps/v1/namespaces/a/deployments",
      { verb: "create", group: "apps", resource: "deployments" },
    ],
    [
      "PATCH",
      "/apis/apps/v1/namespaces/a/deployments/b/scale",
      { verb: "patch", name: "b", subresource: "scale" },
    ],
    ["DELETE", "/api/v1/namespaces/a/pods", { verb: "deletecollection" }],
    ["DELETE", "/api/v1/nodes/n", { verb: "delete", resource: "nodes", name: "n", namespace: "" }],
    ["GET", "/api/v1/namespaces/a/pods/b/proxy/x/y", { subresource: "proxy", rest: "x/y" }],
    ["GET", "/api/v1/nodes/a%20b", { name: "a b" }],
  ] as const)("%s %s", (method, url, expected) => {
    expect(of(method, url)).toMatchObject({ isResource: true, ...expected });
  });

  it.each(["/healthz", "/api", "/apis", "/apis/apps", "/apis/apps/v1", "/version", "/"])(
    "%s is no resource",
    (path) => {
      expect(of("GET", path)).toMatchObject({ isResource: false, verb: "get", path });
    },
  );

  it("knows what may last", () => {
    expect(isLongRunning(of("GET", "/api/v1/pods?watch=1"))).toBe(true);
    expect(isLongRunning(of("POST", "/api/v1/namespaces/a/pods/b/exec"))).toBe(true);
    expect(isLongRunning(of("GET", "/api/v1/pods"))).toBe(false);
  });
});
