import type { APIService } from "@coracle/shared/api/types/apiregistration-v1";
import { expect, test } from "vitest";
import { conditionOf } from "./api-service-availability.ts";
import type { ResourceTable } from "./registry/resource-table.ts";

const now = Date.UTC(2026, 0, 1);
const service = { spec: { type: "ClusterIP", ports: [{ name: "https", port: 443 }] } };
const slice = {
  endpoints: [{ addresses: ["10.0.0.1"], conditions: { ready: true } }],
  ports: [{ name: "https", port: 8443 }],
};
const bytes = (value: object) => ({ bytes: Buffer.from(JSON.stringify(value)) });

const tableOf = (own: object | undefined, slices: object[]) =>
  ({
    named: () => ({ cache: { get: () => own && bytes(own) } }),
    find: () => ({ cache: { list: () => ({ items: slices.map(bytes) }) } }),
  }) as unknown as ResourceTable;

const remote = (port = 443, conditions?: object[]) =>
  ({
    metadata: { name: "v1.x.io" },
    spec: { group: "x.io", version: "v1", service: { namespace: "a", name: "b", port } },
    status: { conditions },
  }) as unknown as APIService;

test.each([
  [undefined, [], 443, "ServiceNotFound", 'service/b in "a" is not present'],
  [service, [], 444, "ServicePortError", 'service/b in "a" is not listening on port 444'],
  [service, [], 443, "EndpointsNotFound", 'cannot find endpointslices for service/b in "a"'],
  [
    service,
    [{ ...slice, ports: [] }],
    443,
    "MissingEndpoints",
    'endpointslices for service/b in "a" have no addresses with port name "https"',
  ],
  [
    service,
    [slice],
    443,
    "FailedDiscoveryCheck",
    "failing or missing response from https://b.a.svc:443/apis/x.io/v1: requests are not forwarded to other API servers",
  ],
])("with service %j and slices %j, port %d: %s", (own, slices, port, reason, message) => {
  expect(conditionOf(remote(port), tableOf(own, slices), now)).toEqual({
    type: "Available",
    status: "False",
    lastTransitionTime: "2026-01-01T00:00:00Z",
    reason,
    message,
  });
});

test("the time is that of the change of status", () => {
  const lastTransitionTime = "2025-01-01T00:00:00Z";
  const before = { type: "Available", status: "False", lastTransitionTime, reason: "Other" };
  expect(conditionOf(remote(443, [before]), tableOf(undefined, []), now)).toMatchObject({
    lastTransitionTime,
    reason: "ServiceNotFound",
  });
  const local = { ...remote(443, [before]), spec: { group: "x.io", version: "v1" } } as APIService;
  expect(conditionOf(local, tableOf(undefined, []), now)).toMatchObject({
    status: "True",
    reason: "Local",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  });
});
