// Figures of a simulated container: what it declares, or a small steady use that differs between containers and is the same each
// time for one name (docs/simulated-images.md).
import { createHash } from "node:crypto";
import { milliValue, value } from "@coracle/shared/machinery/quantity";
import type { ContainerStats } from "../runtime.ts";
import type { SimulatedContainer } from "./container.ts";

const MIB = 1024 * 1024;

/** 0 to 1, by what the container is called and whose it is. */
function variationOf({ metadata, labels }: SimulatedContainer["config"]): number {
  const pod = `${labels["io.kubernetes.pod.namespace"]}/${labels["io.kubernetes.pod.name"]}`;
  const hash = createHash("sha256").update(`${pod}/${metadata.name}`).digest();
  return hash.readUInt16BE(0) / 0xffff;
}

export function statsOf(container: SimulatedContainer, nowMs: number): ContainerStats {
  const { image, config, id } = container;
  const variation = variationOf(config);
  const limit = config.resources.memoryLimitBytes;
  const memory = image.memory === undefined ? (4 + 12 * variation) * MIB : value(image.memory);
  const milliCpu = image.cpu === undefined ? 1 + 2 * variation : milliValue(image.cpu);
  const cpu = config.resources.cpuLimitMilli;
  const usageNanoCores = Math.round((cpu > 0 ? Math.min(cpu, milliCpu) : milliCpu) * 1e6);
  const ranSeconds = Math.max(0, nowMs - container.startedAt) / 1000;
  return {
    id,
    metadata: config.metadata,
    timestamp: nowMs,
    cpuUsageNanoCores: usageNanoCores,
    cpuUsageCoreNanoSeconds: Math.round(usageNanoCores * ranSeconds),
    memoryWorkingSetBytes: Math.round(limit > 0 ? Math.min(limit, memory) : memory),
  };
}
