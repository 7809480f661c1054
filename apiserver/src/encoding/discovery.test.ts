import { resourceFacts } from "@coracle/shared/api/facts";
import { describe, expect, it } from "vitest";
import { compareVersions, Discovery, storageVersionHash } from "./discovery.ts";
import { decodeEnvelope } from "./protobuf.ts";

const served = resourceFacts.filter(
  ({ resource, kind }) =>
    ["pods", "deployments", "leases", "horizontalpodautoscalers"].includes(resource) &&
    kind !== "PodMetrics",
);
const rows = served.map((fact) => ({ fact }));
const discovery = new Discovery(() => rows, "10.0.0.1:6443");

const get = (path: string, headers: Record<string, string> = {}) => {
  const reply = discovery.handle(path, headers);
  return { ...reply, json: JSON.parse(String(reply?.body)) as Record<string, unknown> };
};

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

describe("Discovery", () => {
  it("lists versions and groups, the preferred version first", () => {
    expect(get("/api").json).toEqual({
      kind: "APIVersions",
      versions: ["v1"],
      serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: "10.0.0.1:6443" }],
    });
    const { groups } = get("/apis").json as {
      groups: { name: string; preferredVersion: object }[];
    };
    expect(groups.map((group) => group.name)).toEqual([
      "apps",
      "autoscaling",
      "coordination.k8s.io",
    ]);
    expect(groups[1]?.preferredVersion).toEqual({ groupVersion: "autoscaling/v2", version: "v2" });
  });

  it("lists resources with their subresources", () => {
    const { resources } = get("/apis/apps/v1").json as { resources: { name: string }[] };
    expect(resources).toContainEqual({
      name: "deployments/scale",
      singularName: "",
      namespaced: true,
      group: "autoscaling",
      version: "v1",
      kind: "Scale",
      verbs: ["get", "patch", "update"],
    });
    expect(resources[0]).toMatchObject({ name: "deployments", storageVersionHash: "8aSe+NMegvE=" });
    const core = get("/api/v1").json as { resources: { name: string }[] };
    expect(core.resources[0]?.name).toBe("bindings");
  });

  it("serves the aggregated form with an ETag", () => {
    const reply = get("/apis", { accept: `${AGGREGATED},application/json` });
    expect(reply.contentType).toBe(AGGREGATED);
    expect(reply.json).toMatchObject({ kind: "APIGroupDiscoveryList" });
    const etag = reply.headers?.etag as string;
    expect(discovery.handle("/apis", { accept: AGGREGATED, "if-none-match": etag })?.code).toBe(
      304,
    );
  });

  it("serves it in protobuf too", () => {
    const accept = AGGREGATED.replace("application/json", "application/vnd.kubernetes.protobuf");
    const envelope = decodeEnvelope(discovery.handle("/apis", { accept })?.body as Buffer);
    expect(envelope.kind).toBe("APIGroupDiscoveryList");
  });

  it("refuses the version that upstream no longer has, unless another form will do", () => {
    const old = AGGREGATED.replace("v=v2", "v=v2beta1");
    expect(() => discovery.handle("/apis", { accept: old })).toThrow(
      /only the following media types/,
    );
    expect(get("/apis", { accept: `${old},application/json` }).json.kind).toBe("APIGroupList");
  });

  it("knows only what is served, and follows changes", () => {
    expect(discovery.handle("/apis/batch", {})).toBeUndefined();
    expect(discovery.handle("/apis/apps/v1/deployments", {})).toBeUndefined();
    const changing = [...rows];
    const live = new Discovery(() => changing);
    expect(live.handle("/apis/example.com/v1", {})).toBeUndefined();
    const custom = {
      ...(served[0] as (typeof served)[0]),
      group: "example.com",
      resource: "gadgets",
    };
    changing.push({ fact: custom });
    expect(String(live.handle("/apis/example.com/v1", {})?.body)).toContain('"name":"gadgets"');
  });
});

describe("names of versions", () => {
  it("are ordered as upstream orders them", () => {
    const sorted = ["v1alpha1", "v1", "v2beta1", "v2", "v1beta2", "foo"].sort(compareVersions);
    expect(sorted).toEqual(["v2", "v1", "v2beta1", "v1beta2", "v1alpha1", "foo"]);
  });

  it("are hashed as they are stored", () => {
    expect(storageVersionHash("events.k8s.io", "v1", "Event")).toBe("r2yiGXH7wu8=");
    expect(storageVersionHash("", "v1", "Event")).toBe("r2yiGXH7wu8=");
  });
});
