import { describe, expect, it } from "vitest";
import type { Container, PodSpec } from "../api/types/core-v1.ts";
import { podLimits, podRequests } from "./pod-resources.ts";

const container = (requests: Record<string, string>, more: Partial<Container> = {}): Container => ({
  name: "c",
  image: "i",
  resources: { requests, limits: requests },
  ...more,
});
const pod = (spec: Partial<PodSpec>) => ({ spec: { containers: [], ...spec } as PodSpec });

describe("a Pod as a whole", () => {
  it("sums containers", () => {
    const resources = podRequests(
      pod({
        containers: [
          container({ cpu: "100m", memory: "1Mi" }),
          container({ cpu: "1", "ephemeral-storage": "1k", "example.com/gpu": "2" }),
        ],
      }),
    );
    expect(resources).toEqual({
      milliCpu: 1100,
      memoryBytes: 1048576,
      ephemeralStorageBytes: 1000,
      others: { "example.com/gpu": 2 },
    });
  });
  it("takes the largest moment of the init phase, with the sidecars started before it", () => {
    const sidecar = (cpu: string) => container({ cpu }, { restartPolicy: "Always" });
    const spec = {
      containers: [container({ cpu: "100m" })],
      initContainers: [
        container({ cpu: "900m" }),
        sidecar("50m"),
        container({ cpu: "1" }),
        sidecar("10m"),
      ],
    };
    expect(podRequests(pod(spec)).milliCpu).toBe(1050);
    expect(podRequests(pod({ ...spec, containers: [container({ cpu: "2" })] })).milliCpu).toBe(
      2060,
    );
  });
  it("what the Pod asks for itself replaces the sum, overhead comes on top", () => {
    const spec = {
      containers: [container({ cpu: "100m", memory: "1Mi" })],
      resources: { requests: { cpu: "1", "example.com/x": "9" }, limits: { cpu: "3" } },
      overhead: { cpu: "250m", memory: "1Mi", "ephemeral-storage": "5" },
    };
    expect(podRequests(pod(spec))).toEqual({
      milliCpu: 1250,
      memoryBytes: 2097152,
      ephemeralStorageBytes: 5,
      others: {},
    });
    expect(podLimits(pod(spec))).toEqual({
      milliCpu: 3250,
      memoryBytes: 2097152,
      ephemeralStorageBytes: 0,
      others: {},
    });
  });
});
