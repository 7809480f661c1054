import { describe, expect, it } from "vitest";
import { parseResourceMetrics, usageOf } from "./metrics-samples.ts";

const PAGE = `# HELP container_cpu_usage_seconds_total Cumulative
# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{container="a",namespace="ns",pod="p"} 12.5 20000
container_cpu_usage_seconds_total{container="half",namespace="ns",pod="p"} 1 20000
container_memory_working_set_bytes{container="a",namespace="ns",pod="p"} 1048576 20000
container_start_time_seconds{container="a",namespace="ns",pod="p"} 10 20000
node_cpu_usage_seconds_total 100 20001
node_memory_working_set_bytes 2.097152e+06 20001
resource_scrape_error 0
`;

describe("a page of /metrics/resource", () => {
  it("tells containers and the node, and passes over what is incomplete", () => {
    const { node, pods } = parseResourceMetrics(PAGE, 5);
    expect(node).toEqual({ at: 20001, cpuSeconds: 100, memoryBytes: 2097152 });
    expect([...(pods.get("ns/p") ?? [])]).toEqual([
      ["a", { at: 20000, cpuSeconds: 12.5, memoryBytes: 1048576, startedAt: 10000 }],
    ]);
  });

  it("is dated by the reader when it carries no times", () => {
    const text = "node_cpu_usage_seconds_total 1\nnode_memory_working_set_bytes 2\n";
    expect(parseResourceMetrics(text, 7).node?.at).toBe(7);
    expect(parseResourceMetrics("node_cpu_usage_seconds_total 1\n", 7).node).toBeUndefined();
  });
});

describe("use", () => {
  const last = { at: 20_000, cpuSeconds: 12.5, memoryBytes: 9, startedAt: 10_000 };

  it("is what lies between two points", () => {
    const earlier = { at: 15_000, cpuSeconds: 10, memoryBytes: 1 };
    expect(usageOf(last, earlier)).toEqual({
      cpuNanoCores: 500_000_000,
      memoryBytes: 9,
      at: 20_000,
      windowMs: 5_000,
    });
  });

  it("counts from the start when there is no earlier point, or one of an earlier life", () => {
    const wanted = { cpuNanoCores: 1_250_000_000, windowMs: 10_000 };
    expect(usageOf(last, undefined)).toMatchObject(wanted);
    expect(usageOf(last, { at: 9_000, cpuSeconds: 1, memoryBytes: 1 })).toMatchObject(wanted);
    expect(usageOf(last, { at: 15_000, cpuSeconds: 99, memoryBytes: 1 })).toMatchObject(wanted);
  });

  it("is not known when no time has passed", () => {
    expect(usageOf(last, { ...last })).toBeUndefined();
    expect(usageOf({ at: 1, cpuSeconds: 1, memoryBytes: 1 }, undefined)).toBeUndefined();
  });
});
