import { resourceFacts } from "@coracle/shared/api/facts";
import { describe, expect, it } from "vitest";
import { OpenApi } from "./openapi.ts";

const rows = resourceFacts
  .filter(({ resource }) => ["pods", "deployments", "leases"].includes(resource))
  .filter(({ kind }) => kind !== "PodMetrics")
  .map((fact) => ({ fact }));
const openApi = new OpenApi(() => rows);

interface Document {
  paths: Record<string, Record<string, Record<string, unknown>>>;
  components: { schemas: Record<string, { properties: Record<string, unknown> }> };
  definitions: Record<string, { properties: Record<string, unknown> }>;
}

const get = (path: string, headers: Record<string, string> = {}): Document =>
  JSON.parse(String(openApi.handle(path, headers)?.body)) as Document;

describe("/openapi/v3", () => {
  it("has an index whose URLs carry the hash that is also the ETag", () => {
    const { paths } = get("/openapi/v3") as unknown as {
      paths: Record<string, { serverRelativeURL: string }>;
    };
    expect(Object.keys(paths)).toEqual(["api/v1", "apis/apps/v1", "apis/coordination.k8s.io/v1"]);
    const [path, hash] = (paths["apis/apps/v1"]?.serverRelativeURL ?? "").split("?hash=");
    const reply = openApi.handle(path as string, {});
    expect(reply?.headers?.etag).toBe(`"${hash}"`);
    expect(openApi.handle(path as string, { "if-none-match": `"${hash}"` })?.code).toBe(304);
  });

  it("tells what kubectl reads: kinds, fieldValidation, merge keys", () => {
    const { paths, components } = get("/openapi/v3/apis/apps/v1");
    const patch = paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]?.patch;
    expect(patch).toMatchObject({
      operationId: "patchAppsV1NamespacedDeployment",
      "x-kubernetes-group-version-kind": { group: "apps", version: "v1", kind: "Deployment" },
    });
    const names = ((patch?.parameters ?? []) as { name: string }[]).map(({ name }) => name);
    expect(names).toEqual(["dryRun", "fieldManager", "fieldValidation", "force"]);
    expect(components.schemas["io.k8s.api.core.v1.PodSpec"]?.properties.containers).toEqual({
      type: "array",
      items: {
        default: {},
        allOf: [{ $ref: "#/components/schemas/io.k8s.api.core.v1.Container" }],
      },
      "x-kubernetes-list-map-keys": ["name"],
      "x-kubernetes-list-type": "map",
      "x-kubernetes-patch-merge-key": "name",
      "x-kubernetes-patch-strategy": "merge",
    });
  });

  it("has every schema that it refers to", () => {
    const text = String(openApi.handle("/openapi/v3/api/v1", {})?.body);
    const { components } = JSON.parse(text) as Document;
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      expect(components.schemas[name as string], name).toBeDefined();
  });
});

describe("/openapi/v2", () => {
  const GNOSTIC = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

  it("is Swagger 2: plain references, no defaults", () => {
    const { definitions } = get("/openapi/v2");
    const spec = definitions["io.k8s.api.apps.v1.DeploymentSpec"];
    expect(spec?.properties.strategy).toEqual({
      $ref: "#/definitions/io.k8s.api.apps.v1.DeploymentStrategy",
      "x-kubernetes-patch-strategy": "retainKeys",
    });
  });

  it("is gnostic's protobuf for kubectl", () => {
    const reply = openApi.handle("/openapi/v2", { accept: GNOSTIC });
    expect(reply?.contentType).toBe("application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
    const body = reply?.body as Buffer;
    // swagger = "2.0", then info {title, version}
    expect(body.subarray(0, 25).toString("latin1")).toBe(
      "\x0a\x032.0\x12\x12\x0a\x0aKubernetes\x12\x041.36",
    );
    expect(body.includes("io.k8s.api.apps.v1.DeploymentSpec")).toBe(true);
  });

  it("is nothing else", () => {
    expect(() => openApi.handle("/openapi/v2", { accept: "text/html" })).toThrow(
      /only the following/,
    );
    expect(openApi.handle("/openapi", {})).toBeUndefined();
  });
});
