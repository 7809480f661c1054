import { describe, expect, it } from "vitest";
import { actionOf, Coverage, resourceOf } from "./fuzz-coverage.ts";
import type { FuzzRequest } from "./fuzz-request.ts";

const request = (method: string, path: string, type = "application/json"): FuzzRequest => ({
  family: "a",
  method,
  path,
  headers: { "content-type": type },
});
const answer = (status: number) => ({
  kind: "answer" as const,
  status,
  type: "",
  body: Buffer.alloc(0),
  isComplete: true,
});

describe("resourceOf", () => {
  it.each([
    ["/api/v1/namespaces/fuzz/pods?x=/y", "v1/pods"],
    ["/api/v1/namespaces/fuzz/pods/a/status", "v1/pods/status"],
    ["/api/v1/watch/namespaces/fuzz/pods", "v1/pods"],
    ["/apis/apps/v1/deployments", "apps/v1/deployments"],
    ["/api/v1/namespaces/fuzz", "v1/namespaces"],
    ["/api/v1/namespaces/fuzz/finalize", "v1/namespaces/finalize"],
    ["/apis/apps/v1/x", undefined],
    ["/version", undefined],
  ])("%s", (path, resource) => {
    expect(resourceOf(path)).toBe(resource);
  });
});

describe("actionOf", () => {
  it.each([
    [request("PATCH", "/", "application/apply-patch+yaml"), "PATCH apply"],
    [request("POST", "/", "application/vnd.kubernetes.protobuf"), "POST protobuf"],
    [request("GET", "/a?limit=1&watch=1"), "GET watch"],
    [request("GET", "/a"), "GET"],
  ])("%j", (given, action) => {
    expect(actionOf(given)).toBe(action);
  });
});

describe("Coverage", () => {
  it("counts what was understood, and what was done of which resource", () => {
    const coverage = new Coverage();
    const path = "/api/v1/namespaces/fuzz/pods";
    for (const status of [201, 409, 400, 404]) coverage.note(request("POST", path), answer(status));
    expect(coverage.understoodShare).toBe(0.5);
    expect([...coverage.reached("POST")]).toEqual(["v1/pods"]);
    expect(coverage.missed("POST", "create")).not.toContain("v1/pods");
    expect(coverage.missed("POST", "create")).toContain("v1/secrets");
    expect(coverage.lines()).toContain("a: 2xx 1, 409 1, other 4xx 2");
  });
});
