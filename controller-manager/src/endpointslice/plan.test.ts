import type { Node, Pod, Service } from "@coracle/shared/api/types/core-v1";
import type { EndpointSlice } from "@coracle/shared/api/types/discovery-v1";
import { describe, expect, it } from "vitest";
import { subsetsOf } from "../endpoints/subsets.ts";
import { type PodFacts, pod } from "../replicaset/fixture.ts";
import { planSlices } from "./plan.ts";

const metadata = (name: string) => ({
  name,
  namespace: "default",
  uid: `uid-${name}`,
  resourceVersion: "1",
  creationTimestamp: "",
});
const service: Service = {
  kind: "Service",
  apiVersion: "v1",
  metadata: metadata("web"),
  spec: {
    clusterIP: "10.96.0.9",
    ipFamilies: ["IPv4"],
    selector: { app: "web" },
    ports: [{ port: 80, targetPort: 8080, protocol: "TCP" }],
  },
  status: {},
};
const node = { metadata: metadata("n"), spec: {}, status: {} } as Node;
const backend = (i: number, facts: PodFacts = { readySince: 1 }): Pod => {
  const made = pod(`web-${i}`, { node: "n", ...facts });
  made.status = { ...made.status, podIPs: [{ ip: `10.0.${Math.trunc(i / 250)}.${i % 250}` }] };
  return made;
};
const backends = (count: number) => Array.from({ length: count }, (_, i) => backend(i));
const plan = (pods: Pod[], slices: EndpointSlice[] = [], known: Node | undefined = node) =>
  planSlices({ service, pods, slices, nodeOf: () => known });
/** As the server would have stored what was planned. */
const stored = (pods: Pod[]): EndpointSlice[] =>
  plan(pods).create.map(
    (slice, i) =>
      ({ ...slice, metadata: { ...slice.metadata, ...metadata(`web-${i}`) } }) as EndpointSlice,
  );
const sizes = (slices: { endpoints?: unknown[] }[]) =>
  slices.map(({ endpoints = [] }) => endpoints.length);

describe("the EndpointSlices of a Service", () => {
  it("are one without endpoints when there are no Pods", () => {
    const { create } = plan([]);
    expect(create).toHaveLength(1);
    expect(create[0]).toMatchObject({ endpoints: [], ports: [], addressType: "IPv4" });
    const again = plan([], stored([]));
    expect([again.create, again.update, again.delete]).toEqual([[], [], []]);
  });

  it("hold a hundred endpoints each", () => {
    expect(sizes(plan(backends(250)).create)).toEqual([100, 100, 50]);
  });

  it("stay as they are while nothing changes", () => {
    const pods = backends(150);
    const again = plan(pods, stored(pods));
    expect([again.create, again.update, again.delete]).toEqual([[], [], []]);
  });

  it("change as few as possible", () => {
    const slices = stored(backends(150));
    const more = plan(backends(152), slices);
    expect([more.create, sizes(more.update)]).toEqual([[], [52]]);
    const fewer = plan(backends(100), slices);
    expect([fewer.update, fewer.delete.map(({ metadata: { name } }) => name)]).toEqual([
      [],
      ["web-1"],
    ]);
  });

  it("are given new content rather than replaced", () => {
    const { create, update, delete: deleted } = plan(backends(2), stored([]));
    expect([create, sizes(update), deleted]).toEqual([[], [2], []]);
  });

  it("tell the states of Pods apart", () => {
    const pods = [backend(0), backend(1, {}), backend(2, { readySince: 1, deleting: true })];
    const [slice] = plan(pods).create;
    expect(slice?.endpoints?.map(({ conditions }) => conditions)).toEqual([
      { ready: true, serving: true, terminating: false },
      { ready: false, serving: false, terminating: false },
      { ready: false, serving: true, terminating: true },
    ]);
  });

  it("leave out a Pod whose node is not known", () => {
    const lost = planSlices({ service, pods: backends(1), slices: [], nodeOf: () => undefined });
    expect([sizes(lost.create), lost.withoutNode]).toMatchObject([[0], [{}]]);
  });
});

describe("the subsets of Endpoints", () => {
  it("have ready and unready addresses by their ports", () => {
    const pods = [backend(10), backend(9, {}), backend(2)];
    expect(subsetsOf(service, pods)).toMatchObject([
      {
        addresses: [{ ip: "10.0.0.2" }, { ip: "10.0.0.10" }],
        notReadyAddresses: [{ ip: "10.0.0.9" }],
        ports: [{ port: 8080, protocol: "TCP" }],
      },
    ]);
  });
});
