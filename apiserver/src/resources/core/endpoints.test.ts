import type { EndpointSubset, Endpoints } from "@coracle/shared/api/types/core-v1";
import { expect, it } from "vitest";
import type { RequestContext } from "../../registry/strategy.ts";
import { endpointsBehaviour } from "./endpoints.ts";

const endpoints = (subsets: EndpointSubset[]): Endpoints => ({
  metadata: { name: "e", namespace: "n", uid: "u", resourceVersion: "1" } as never,
  subsets,
});
const cell = (subsets: EndpointSubset[]) => endpointsBehaviour.cells(endpoints(subsets), 0)[1];
const ips = (...list: string[]) => list.map((ip) => ({ ip }));

it.each([
  { subsets: [], expected: "<none>" },
  { subsets: [{ notReadyAddresses: ips("10.0.0.1") }], expected: "" },
  { subsets: [{ addresses: ips("10.0.0.1", "::1") }], expected: "10.0.0.1,::1" },
  { subsets: [{ addresses: ips("::1"), ports: [{ port: 80 }] }], expected: "[::1]:80" },
  {
    subsets: [{ addresses: ips("10.0.0.1", "10.0.0.2"), ports: [{ port: 1 }, { port: 2 }] }],
    expected: "10.0.0.1:1,10.0.0.2:1,10.0.0.1:2 + 1 more...",
  },
])("shows $expected", ({ subsets, expected }) => {
  expect(cell(subsets)).toBe(expected);
});

it("leaves addresses alone that nobody changed", () => {
  const old = endpoints([{ addresses: ips("127.0.0.1") }]);
  const judged = (now: Endpoints) =>
    endpointsBehaviour.strategy
      .validateUpdate(now, old, {} as RequestContext)
      .filter(({ field }) => field.startsWith("subsets"));
  expect(judged(structuredClone(old))).toEqual([]);
  expect(judged(endpoints([{ addresses: ips("127.0.0.2") }]))).toHaveLength(1);
});
