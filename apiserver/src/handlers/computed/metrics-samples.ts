// What a kubelet's /metrics/resource tells, and what use of cpu and memory follows from two such pages (the metrics server's
// pkg/scraper and pkg/storage). Pure.

/** One point: cpu time used since the start, memory in use. */
export interface Sample {
  /** When it was measured, milliseconds since the epoch. */
  at: number;
  cpuSeconds: number;
  memoryBytes: number;
}

export interface ContainerSample extends Sample {
  /** Milliseconds since the epoch; undefined where the page does not tell. */
  startedAt?: number;
}

export interface NodeSamples {
  node?: Sample;
  /** By `namespace/pod`, then by container. */
  pods: Map<string, Map<string, ContainerSample>>;
}

export interface Usage {
  cpuNanoCores: number;
  memoryBytes: number;
  /** Of the later point, milliseconds since the epoch. */
  at: number;
  windowMs: number;
}

const LINE = /^(\w+)(?:\{(.*)\})? (\S+)(?: (\d+))?$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** `now` dates what carries no time. What is not known is passed over. */
export function parseResourceMetrics(text: string, now: number): NodeSamples {
  const pods: NodeSamples["pods"] = new Map();
  const node: Partial<Sample> = {};
  for (const line of text.split("\n")) {
    const [, name = "", labelText = "", number = "", time] = LINE.exec(line) ?? [];
    const value = Number(number);
    const at = time === undefined ? now : Number(time);
    if (name === "node_cpu_usage_seconds_total") Object.assign(node, { cpuSeconds: value, at });
    else if (name === "node_memory_working_set_bytes") node.memoryBytes = value;
    else if (name.startsWith("container_")) addContainer(pods, name, labelText, value, at);
  }
  for (const containers of pods.values()) dropIncomplete(containers);
  return isComplete(node) ? { node, pods } : { pods };
}

function addContainer(
  pods: NodeSamples["pods"],
  name: string,
  labelText: string,
  value: number,
  at: number,
): void {
  const labels: Record<string, string> = {};
  for (const [, label = "", text = ""] of labelText.matchAll(LABEL)) labels[label] = text;
  const key = `${labels.namespace}/${labels.pod}`;
  const containers = pods.get(key) ?? new Map<string, ContainerSample>();
  pods.set(key, containers);
  const sample: Partial<ContainerSample> = containers.get(labels.container ?? "") ?? {};
  containers.set(labels.container ?? "", sample as ContainerSample);
  if (name === "container_cpu_usage_seconds_total") {
    Object.assign(sample, { cpuSeconds: value, at });
  } else if (name === "container_memory_working_set_bytes") sample.memoryBytes = value;
  else if (name === "container_start_time_seconds") sample.startedAt = value * 1000;
}

const isComplete = (sample: Partial<Sample>): sample is Sample =>
  sample.cpuSeconds !== undefined && sample.memoryBytes !== undefined;

function dropIncomplete(containers: Map<string, ContainerSample>): void {
  for (const [name, sample] of containers) if (!isComplete(sample)) containers.delete(name);
}

/**
 * Between two points, or since the container's start when there is no earlier one of the same life. Undefined: no time lies
 * between them.
 */
export function usageOf(last: ContainerSample, earlier: Sample | undefined): Usage | undefined {
  const { startedAt } = last;
  const isSameLife =
    earlier !== undefined &&
    earlier.cpuSeconds <= last.cpuSeconds &&
    (startedAt === undefined || startedAt <= earlier.at);
  const born = startedAt === undefined ? undefined : { at: startedAt, cpuSeconds: 0 };
  const from = isSameLife ? earlier : born;
  if (from === undefined || last.at <= from.at) return undefined;
  const windowMs = last.at - from.at;
  const cpuNanoCores = Math.round(((last.cpuSeconds - from.cpuSeconds) * 1e12) / windowMs);
  return { cpuNanoCores, memoryBytes: last.memoryBytes, at: last.at, windowMs };
}
