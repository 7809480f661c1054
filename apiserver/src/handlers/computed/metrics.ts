// metrics.k8s.io/v1beta1: what Pods and nodes use of cpu and memory, computed from the kubelets' figures as the metrics server
// does (sigs.k8s.io/metrics-server pkg/api). `kubectl top` reads it.

import type { ColumnFact } from "@coracle/shared/api/facts";
import type { KubernetesObject, ResourceName, ResourceRow } from "@coracle/shared/api/resources";
import type { Node, Pod } from "@coracle/shared/api/types/core-v1";
import type {
  ContainerMetrics,
  NodeMetrics,
  PodMetrics,
} from "@coracle/shared/api/types/metrics-v1beta1";
import { ownValue } from "@coracle/shared/machinery/own-value";
import {
  addQuantities,
  canonical,
  formatQuantity,
  quantityOf,
} from "@coracle/shared/machinery/quantity";
import { notFound } from "@coracle/shared/machinery/status-error";
import { formatTime } from "@coracle/shared/runtime/clock";
import type { Handlers } from "../dispatch.ts";
import { computedObjects } from "./computed-objects.ts";
import { type Usage, usageOf } from "./metrics-samples.ts";
import { MetricsScraper, type NodeHistory } from "./metrics-scraper.ts";

const GROUP = "metrics.k8s.io";

const row = (plural: string, kind: string, namespaced: boolean): ResourceRow => ({
  group: GROUP,
  version: "v1beta1",
  plural,
  kind,
  namespaced,
});

const column = (name: string, format: string): ColumnFact => ({
  name,
  type: "string",
  format,
  priority: 0,
});

const columns = [
  column("Name", "name"),
  column("cpu", "quantity"),
  column("memory", "quantity"),
  column("Window", "duration"),
];

/** One a server, as each has kubelets of its own. */
const scrapers = new WeakMap<object, MetricsScraper>();

function scraperOf(handlers: Handlers): MetricsScraper {
  let scraper = scrapers.get(handlers.registry);
  if (scraper === undefined) {
    scraper = new MetricsScraper(handlers);
    scrapers.set(handlers.registry, scraper);
  }
  return scraper;
}

function listed<T extends KubernetesObject>(
  name: ResourceName,
  namespace: string,
  { resources }: Handlers,
): T[] {
  const { items } = resources.named(name).cache.list(namespace === "" ? {} : { namespace });
  return items.map(({ bytes }) => JSON.parse(bytes.toString()) as T);
}

function found<T>(name: ResourceName, namespace: string, object: string, handlers: Handlers): T {
  const resource = handlers.resources.named(name);
  const cached = resource.cache.get(namespace, object);
  if (cached === undefined) throw notFound(resource, object);
  return JSON.parse(cached.bytes.toString()) as T;
}

const isReady = ({ status }: Node): boolean =>
  status.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true;

const usageList = ({ cpuNanoCores, memoryBytes }: Pick<Usage, "cpuNanoCores" | "memoryBytes">) => ({
  cpu: canonical(`${cpuNanoCores}n`),
  memory: formatQuantity(quantityOf(Math.round(memoryBytes), "BinarySI")),
});

/** As Go prints a duration of whole milliseconds: `10.25s`, `1m0.5s`. */
export function goDuration(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = `${(ms % 60_000) / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

/** `now` is when the metrics object came to be, which is when it was asked for. */
function metadataOf({ metadata }: KubernetesObject, now: number): KubernetesObject["metadata"] {
  const { name, namespace, labels } = metadata;
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    creationTimestamp: formatTime(now),
    ...(labels === undefined ? {} : { labels }),
  } as KubernetesObject["metadata"];
}

/** Upstream gives no Pod of which a container is missing, or that does not run. */
function podMetrics(pod: Pod, history: NodeHistory | undefined, now: number) {
  const { name, namespace } = pod.metadata;
  const key = `${namespace}/${name}`;
  const last = history?.last.pods.get(key);
  if (last === undefined || last.size === 0) return undefined;
  const before = history?.earlier?.pods.get(key);
  const containers: ContainerMetrics[] = [];
  let earliest: Usage | undefined;
  for (const [container, sample] of last) {
    const usage = usageOf(sample, before?.get(container));
    if (usage === undefined) return undefined;
    containers.push({ name: container, usage: usageList(usage) });
    if (earliest === undefined || usage.at < earliest.at) earliest = usage;
  }
  if (earliest === undefined) return undefined;
  const { at, windowMs } = earliest;
  const window = goDuration(Math.round(windowMs));
  return { metadata: metadataOf(pod, now), timestamp: formatTime(at), window, containers };
}

function nodeMetrics(node: Node, history: NodeHistory | undefined, now: number) {
  const { last, earlier } = history ?? {};
  if (last?.node === undefined) return undefined;
  const usage = usageOf(last.node, earlier?.node);
  if (usage === undefined) return undefined;
  const window = goDuration(Math.round(usage.windowMs));
  const timestamp = formatTime(usage.at);
  return { metadata: metadataOf(node, now), timestamp, window, usage: usageList(usage) };
}

async function metricsOfPods(pods: readonly Pod[], handlers: Handlers): Promise<PodMetrics[]> {
  const names = new Set(pods.map(({ spec }) => spec.nodeName));
  const nodes = listed<Node>("nodes", "", handlers).filter(
    (node) => names.has(node.metadata.name) && isReady(node),
  );
  const histories = await scraperOf(handlers).histories(nodes);
  const now = handlers.clock.now();
  return pods.flatMap((pod) => podMetrics(pod, histories.get(pod.spec.nodeName ?? ""), now) ?? []);
}

async function metricsOfNodes(nodes: readonly Node[], handlers: Handlers): Promise<NodeMetrics[]> {
  const histories = await scraperOf(handlers).histories(nodes.filter(isReady));
  const now = handlers.clock.now();
  return nodes.flatMap((node) => nodeMetrics(node, histories.get(node.metadata.name), now) ?? []);
}

const sumOf = (containers: readonly ContainerMetrics[], resource: string): string =>
  formatQuantity(
    containers.reduce(
      (sum, { usage }) => addQuantities(sum, ownValue(usage, resource) ?? "0"),
      quantityOf(0, resource === "cpu" ? "DecimalSI" : "BinarySI"),
    ),
  );

export const metricsResources = [
  computedObjects<NodeMetrics>({
    row: row("nodes", "NodeMetrics", false),
    table: {
      columns,
      cells: ({ metadata, usage, window }) => [metadata.name, usage.cpu, usage.memory, window],
    },
    list(_namespace, isWanted, handlers) {
      const nodes = listed<Node>("nodes", "", handlers);
      const wanted = nodes.filter((node) => isWanted(node as unknown as NodeMetrics));
      return metricsOfNodes(wanted, handlers);
    },
    async get(name, _namespace, handlers) {
      const node = found<Node>("nodes", "", name, handlers);
      const [metrics] = await metricsOfNodes([node], handlers);
      if (metrics === undefined) throw notFound({ group: GROUP, resource: "nodemetrics" }, name);
      return metrics;
    },
  }),
  computedObjects<PodMetrics>({
    row: row("pods", "PodMetrics", true),
    table: {
      columns,
      cells: ({ metadata, containers, window }) => [
        metadata.name,
        sumOf(containers, "cpu"),
        sumOf(containers, "memory"),
        window,
      ],
    },
    list(namespace, isWanted, handlers) {
      const pods = listed<Pod>("pods", namespace, handlers);
      const wanted = pods.filter((pod) => isWanted(pod as unknown as PodMetrics));
      return metricsOfPods(wanted, handlers);
    },
    async get(name, namespace, handlers) {
      const pod = found<Pod>("pods", namespace, name, handlers);
      const [metrics] = await metricsOfPods([pod], handlers);
      if (metrics !== undefined) return metrics;
      throw notFound({ group: GROUP, resource: "podmetrics" }, `${namespace}/${name}`);
    },
  }),
];
