import { describe, expect, it } from "vitest";
import { Client } from "./client.ts";
import { discover } from "./discovery.ts";

/** A client of a server that has these documents, and 404 for the rest. */
function serving(documents: Record<string, unknown>): Client {
  return new Client({
    server: "https://unused",
    transport: {
      async send({ path }) {
        const found = documents[path];
        const body = found ?? { kind: "Status", reason: "NotFound", message: "none", code: 404 };
        return {
          status: found === undefined ? 404 : 200,
          header: (name) => (name === "content-type" ? "application/json" : undefined),
          read: async () => Buffer.from(JSON.stringify(body)),
          async *chunks() {},
        };
      },
      close() {},
    },
  });
}

const verbs = ["delete", "list"];
const pods = { group: "", version: "v1", resource: "pods", kind: "Pod", namespaced: true, verbs };
const thing = (version: string) => ({
  group: "a.io",
  version,
  resource: "things",
  kind: "Thing",
  namespaced: false,
  verbs,
});

describe("discover", () => {
  it("reads aggregated discovery; the first version counts, a stale one is a failure", async () => {
    const kind = "APIGroupDiscoveryList";
    const version = (name: string, resources: unknown[], freshness = "Current") => ({
      version: name,
      freshness,
      resources,
    });
    const things = { resource: "things", responseKind: { kind: "Thing" }, scope: "Cluster", verbs };
    const client = serving({
      "/api": {
        kind,
        items: [
          {
            metadata: {},
            versions: [
              version("v1", [
                {
                  resource: "pods",
                  responseKind: { kind: "Pod" },
                  scope: "Namespaced",
                  verbs,
                  subresources: [{ subresource: "status" }],
                },
              ]),
            ],
          },
        ],
      },
      "/apis": {
        kind,
        items: [
          {
            metadata: { name: "a.io" },
            versions: [version("v2", [things]), version("v1", [things])],
          },
          { metadata: { name: "b.io" }, versions: [version("v1", [], "Stale")] },
        ],
      },
    });
    expect(await discover(client)).toEqual({
      resources: [pods, thing("v2")],
      failures: [{ groupVersion: "b.io/v1", message: "stale GroupVersion discovery" }],
    });
  });

  it("reads each group version from an older server, the preferred one first", async () => {
    const resource = { name: "things", kind: "Thing", namespaced: false, verbs };
    const client = serving({
      "/api": { kind: "APIVersions", versions: ["v1"] },
      "/apis": {
        kind: "APIGroupList",
        groups: [
          {
            name: "a.io",
            versions: [{ version: "v1" }, { version: "v2" }],
            preferredVersion: { version: "v2" },
          },
          { name: "b.io", versions: [{ version: "v1" }] },
        ],
      },
      "/api/v1": {
        resources: [
          { name: "pods", kind: "Pod", namespaced: true, verbs },
          { name: "pods/status", kind: "Pod", namespaced: true, verbs: ["get"] },
        ],
      },
      "/apis/a.io/v1": { resources: [resource] },
      "/apis/a.io/v2": { resources: [resource] },
    });
    expect(await discover(client)).toEqual({
      resources: [pods, thing("v2")],
      failures: [{ groupVersion: "b.io/v1", message: "none" }],
    });
  });
});
