// /stats/summary and /metrics/resource: one node's figures in upstream's forms (kubelet/apis/stats/v1alpha1, kubelet/metrics/collectors).
import { formatTime } from "@coracle/shared/runtime/clock";
import type { ContainerStats } from "../cri/runtime.ts";
import type { NodeFigures, PodFigures } from "./backend.ts";
import { systemUsage, type Usage } from "./system-usage.ts";

function usageOf(stats: readonly ContainerStats[]): Usage {
  const usage = { nanoCores: 0, coreNanoSeconds: 0, memoryBytes: 0 };
  for (const one of stats) {
    usage.nanoCores += one.cpuUsageNanoCores;
    usage.coreNanoSeconds += one.cpuUsageCoreNanoSeconds;
    usage.memoryBytes += one.memoryWorkingSetBytes;
  }
  return usage;
}

/** Of the node's containers and of the node itself. */
function totalOf(node: NodeFigures, nowMs: number): Usage {
  const containers = usageOf(node.pods.flatMap(statsOfPod));
  const system = systemUsage(node, nowMs);
  return {
    nanoCores: containers.nanoCores + system.nanoCores,
    coreNanoSeconds: containers.coreNanoSeconds + system.coreNanoSeconds,
    memoryBytes: containers.memoryBytes + system.memoryBytes,
  };
}

const statsOfPod = ({ containers }: PodFigures) => containers.map(({ stats }) => stats);

function resources(usage: Usage, time: string, capacityBytes?: number) {
  const available =
    capacityBytes === undefined
      ? {}
      : { availableBytes: Math.max(0, capacityBytes - usage.memoryBytes) };
  return {
    cpu: { time, usageNanoCores: usage.nanoCores, usageCoreNanoSeconds: usage.coreNanoSeconds },
    memory: {
      time,
      ...available,
      usageBytes: usage.memoryBytes,
      workingSetBytes: usage.memoryBytes,
      rssBytes: usage.memoryBytes,
    },
  };
}

export function statsSummary(node: NodeFigures, nowMs: number) {
  const time = formatTime(nowMs);
  const total = totalOf(node, nowMs);
  return {
    node: {
      nodeName: node.nodeName,
      startTime: formatTime(node.startedAt),
      ...resources(total, time, node.memoryCapacityBytes),
    },
    pods: node.pods.map((pod) => ({
      podRef: { name: pod.pod, namespace: pod.namespace, uid: pod.uid },
      startTime: formatTime(pod.startedAt),
      containers: pod.containers.map((container) => ({
        name: container.name,
        startTime: formatTime(container.startedAt),
        ...resources(usageOf([container.stats]), time),
      })),
      ...resources(usageOf(statsOfPod(pod)), time),
    })),
  };
}

interface Family {
  name: string;
  type: "counter" | "gauge";
  help: string;
  samples: string[];
}

/** Prometheus text; what the metrics server reads. */
export function resourceMetrics(node: NodeFigures, nowMs: number): string {
  const family = (name: string, type: Family["type"], help: string): Family => ({
    name,
    type,
    help: `[STABLE] ${help}`,
    samples: [],
  });
  const cpu = (scope: string) =>
    family(
      `${scope}_cpu_usage_seconds_total`,
      "counter",
      `Cumulative cpu time consumed by the ${scope} in core-seconds`,
    );
  const memory = (scope: string) =>
    family(
      `${scope}_memory_working_set_bytes`,
      "gauge",
      `Current working set of the ${scope} in bytes`,
    );
  const families = {
    containerCpu: cpu("container"),
    containerMemory: memory("container"),
    containerStart: family(
      "container_start_time_seconds",
      "gauge",
      "Start time of the container since unix epoch in seconds",
    ),
    nodeCpu: cpu("node"),
    nodeMemory: memory("node"),
    podCpu: cpu("pod"),
    podMemory: memory("pod"),
    error: family(
      "resource_scrape_error",
      "gauge",
      "1 if there was an error while getting container metrics, 0 otherwise",
    ),
  };
  // What was counted is dated when it was counted: use is reckoned from the time between two pages.
  const times = node.pods.flatMap(statsOfPod).map(({ timestamp }) => timestamp);
  const countedAt = Math.min(nowMs, ...times);
  const add = (to: Family, labels: string, value: number, at = countedAt) =>
    to.samples.push(`${to.name}${labels} ${value} ${Math.floor(at)}`);
  for (const pod of node.pods) {
    const labels = `namespace="${pod.namespace}",pod="${pod.pod}"`;
    for (const { name, startedAt, stats } of pod.containers) {
      const own = `{container="${name}",${labels}}`;
      add(families.containerCpu, own, stats.cpuUsageCoreNanoSeconds / 1e9, stats.timestamp);
      add(families.containerMemory, own, stats.memoryWorkingSetBytes, stats.timestamp);
      add(families.containerStart, own, startedAt / 1000);
    }
    const usage = usageOf(statsOfPod(pod));
    add(families.podCpu, `{${labels}}`, usage.coreNanoSeconds / 1e9);
    add(families.podMemory, `{${labels}}`, usage.memoryBytes);
  }
  const total = totalOf(node, countedAt);
  add(families.nodeCpu, "", total.coreNanoSeconds / 1e9);
  add(families.nodeMemory, "", total.memoryBytes);
  families.error.samples.push(`${families.error.name} 0`);
  return Object.values(families)
    .filter(({ samples }) => samples.length > 0)
    .map(
      ({ name, type, help, samples }) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.join("\n")}\n`,
    )
    .join("");
}
