import type { Endpoints } from "@coracle/shared/api/types/core-v1";
import type { EndpointSlice } from "@coracle/shared/api/types/discovery-v1";
import { expect, test } from "vitest";
import { isSameSlice, plannedEndpoints, sliceOf } from "./endpoints-plan.ts";

const wanted = { addresses: ["10.0.0.1", "10.0.0.2"], port: 6443, ownPort: false };
const https = (port: number) => ({ name: "https", port, protocol: "TCP" as const });
const labels = { "endpointslice.kubernetes.io/skip-mirror": "true" };
const there = (subsets: Endpoints["subsets"], own: Record<string, string> = labels) =>
  ({ metadata: { namespace: "default", name: "kubernetes", labels: own }, subsets }) as Endpoints;
const asWanted = { addresses: [{ ip: "10.0.0.1" }, { ip: "10.0.0.2" }], ports: [https(6443)] };

test("Endpoints are made with a label that no controller mirrors", () => {
  expect(plannedEndpoints(undefined, wanted)).toEqual({
    metadata: { namespace: "default", name: "kubernetes", labels },
    subsets: [asWanted],
  });
});

test("Endpoints that are right are left alone, in whatever order they are", () => {
  expect(plannedEndpoints(there([asWanted]), wanted)).toBeUndefined();
  const addresses = asWanted.addresses.toReversed();
  expect(plannedEndpoints(there([{ ...asWanted, addresses }]), wanted)).toBeUndefined();
});

const node = { nodeName: "n" };
test.each<[string, Endpoints["subsets"], Endpoints["subsets"]]>([
  ["no subset", [], [asWanted]],
  ["two subsets", [asWanted, asWanted], [asWanted]],
  ["an address too many", [{ ...asWanted, addresses: [{ ip: "10.0.0.3" }] }], [asWanted]],
  [
    "an address twice",
    [{ ...asWanted, addresses: [{ ip: "10.0.0.1" }, { ip: "10.0.0.1" }] }],
    [asWanted],
  ],
  [
    "another's port, which stays",
    [{ addresses: [{ ip: "10.0.0.1", ...node }], ports: [https(7443)] }],
    [{ ...asWanted, ports: [https(7443)] }],
  ],
])("Endpoints with %s are set right", (_what, subsets, after) => {
  expect(plannedEndpoints(there(subsets), wanted)?.subsets).toEqual(after);
});

test("the own port is set, and a missing label is added, where the addresses are right", () => {
  const addresses = [{ ip: "10.0.0.1", ...node }, { ip: "10.0.0.2" }];
  const subsets = [{ addresses, ports: [https(7443)] }];
  const own = plannedEndpoints(there(subsets), { ...wanted, ownPort: true });
  expect(own?.subsets).toEqual([{ addresses, ports: [https(6443)] }]);
  const labelled = plannedEndpoints(there(subsets, { a: "b" }), wanted);
  expect(labelled).toMatchObject({ metadata: { labels: { a: "b", ...labels } }, subsets });
});

test("with the last address the subset goes", () => {
  const planned = plannedEndpoints(there([asWanted]), { ...wanted, addresses: [] });
  expect(planned?.subsets).toBeUndefined();
  expect(planned && sliceOf(planned)).toMatchObject({ endpoints: [], ports: [] });
});

test("the slice says what the Endpoints say", () => {
  const notReadyAddresses = [{ ip: "10.0.0.3", ...node }];
  const slice = sliceOf(there([{ ...asWanted, notReadyAddresses }]));
  expect(slice).toEqual({
    metadata: {
      namespace: "default",
      name: "kubernetes",
      labels: { "kubernetes.io/service-name": "kubernetes" },
    },
    addressType: "IPv4",
    endpoints: [
      { addresses: ["10.0.0.1"], conditions: { ready: true } },
      { addresses: ["10.0.0.2"], conditions: { ready: true } },
      { addresses: ["10.0.0.3"], conditions: { ready: false }, nodeName: "n" },
    ],
    ports: [https(6443)],
  });
  expect(isSameSlice(slice as EndpointSlice, slice)).toBe(true);
  expect(isSameSlice(slice as EndpointSlice, sliceOf(there([asWanted])))).toBe(false);
});
