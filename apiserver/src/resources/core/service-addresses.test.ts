import type { Service, ServiceSpec } from "@coracle/shared/api/types/core-v1";
import { StatusError } from "@coracle/shared/machinery/status-error";
import { seededRandom } from "@coracle/shared/runtime/random";
import { describe, expect, it } from "vitest";
import { allocateServiceAddresses } from "./service-addresses.ts";
import { setServiceDefaults } from "./service-defaults.ts";

function service(spec: ServiceSpec): Service {
  const made: Service = {
    metadata: { name: "s", namespace: "d", uid: "", resourceVersion: "", creationTimestamp: "" },
    spec: structuredClone(spec),
    status: {},
  };
  setServiceDefaults(made);
  return made;
}

const ports = [{ port: 80 }];
const options = { random: seededRandom(7), dryRun: false };

function created(spec: ServiceSpec, others: Service[] = []): Service {
  const made = service(spec);
  allocateServiceAddresses(made, others, undefined, options);
  return made;
}

function refusal(spec: ServiceSpec, others: Service[] = []): string {
  try {
    created(spec, others);
  } catch (error) {
    if (error instanceof StatusError) return error.message;
    throw error;
  }
  throw new Error("not refused");
}

describe("cluster addresses", () => {
  it("come from the upper part of the range, each only once", () => {
    const others: Service[] = [];
    for (let i = 0; i < 300; i++) others.push(created({ ports }, others));
    const ips = others.map(({ spec }) => spec.clusterIP as string);
    expect(new Set(ips).size).toBe(300);
    for (const ip of ips) expect(ip).toMatch(/^10\.96\.(?!0\.)\d+\.\d+$/);
    expect(others[0]?.spec).toMatchObject({ ipFamilies: ["IPv4"], ipFamilyPolicy: "SingleStack" });
  });

  it("may be chosen, if they are free and in the range", () => {
    const first = created({ ports, clusterIP: "10.96.0.10" });
    expect(first.spec.clusterIPs).toEqual(["10.96.0.10"]);
    expect(refusal({ ports, clusterIP: "10.96.0.10" }, [first])).toBe(
      'Service "s" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated',
    );
    expect(refusal({ ports, clusterIP: "10.97.0.1" })).toContain(
      "failed to allocate IP 10.97.0.1: the provided network does not match the current range",
    );
  });

  it("are kept by an update that does not name them, and given up for a name", () => {
    const old = created({ ports });
    const updated = service({ ports, selector: { a: "b" } });
    allocateServiceAddresses(updated, [], old, options);
    expect(updated.spec.clusterIPs).toEqual(old.spec.clusterIPs);
    const named = service({ type: "ExternalName", externalName: "a.b" });
    allocateServiceAddresses(named, [], old, options);
    expect(named.spec.clusterIP).toBeUndefined();
  });
});

describe("node ports", () => {
  const nodePorts = ({ spec }: Service) => spec.ports?.map(({ nodePort }) => nodePort);

  it("are the same for one port over two protocols", () => {
    const [a, b] = nodePorts(
      created({ type: "NodePort", ports: [{ port: 53 }, { port: 53, protocol: "UDP" }] }),
    ) as number[];
    expect(a).toBe(b);
    expect(a).toBeGreaterThanOrEqual(30_086);
    expect(a).toBeLessThanOrEqual(32_767);
  });

  it("may be chosen, if they are free and in the range", () => {
    const taken = created({ type: "NodePort", ports: [{ port: 80, nodePort: 30_000 }] });
    expect(refusal({ type: "NodePort", ports: [{ port: 80, nodePort: 30_000 }] }, [taken])).toBe(
      'Service "s" is invalid: spec.ports[0].nodePort: Invalid value: 30000: provided port is already allocated',
    );
    expect(refusal({ type: "NodePort", ports: [{ port: 80, nodePort: 3 }] })).toBe(
      'Service "s" is invalid: spec.ports[0].nodePort: Invalid value: 3: provided port is not in the valid range. The range of valid ports is 30000-32767',
    );
  });

  it("stay with the port of their name", () => {
    const old = created({
      type: "NodePort",
      ports: [
        { name: "a", port: 80 },
        { name: "b", port: 81 },
      ],
    });
    const updated = service({
      type: "NodePort",
      ports: [
        { name: "b", port: 8081 },
        { name: "c", port: 82 },
      ],
    });
    allocateServiceAddresses(updated, [], old, options);
    expect(nodePorts(updated)?.[0]).toBe(nodePorts(old)?.[1]);
    expect(nodePorts(updated)?.[1]).toBeGreaterThan(0);
  });

  it("include one for health checks of load balancers with local traffic", () => {
    const made = created({ type: "LoadBalancer", externalTrafficPolicy: "Local", ports });
    expect(made.spec.healthCheckNodePort).toBeGreaterThan(0);
    expect(made.spec.healthCheckNodePort).not.toBe(nodePorts(made)?.[0]);
    const without = created({ type: "LoadBalancer", allocateLoadBalancerNodePorts: false, ports });
    expect(nodePorts(without)).toEqual([undefined]);
  });

  it("run out", () => {
    const full = service({ type: "NodePort", ports: [] });
    full.spec.ports = Array.from({ length: 2768 }, (_, i) => ({ port: 1, nodePort: 30_000 + i }));
    expect(refusal({ type: "NodePort", ports }, [full])).toBe(
      "Internal error occurred: failed to allocate a nodePort: range is full",
    );
  });
});
