// What a Pod asks for as a whole: the scheduler places it by these numbers, the kubelet admits it by them. The rule is
// upstream's (component-helpers resource): containers and sidecars together, or the largest moment of the init phase,
// whichever is more; what the Pod itself asks for replaces it; overhead comes on top.
import type { Container, Pod, PodSpec } from "../api/types/core-v1.ts";
import { milliValue, value } from "./quantity.ts";

export interface PodResources {
  milliCpu: number;
  memoryBytes: number;
  ephemeralStorageBytes: number;
  /** Extended resources and huge pages, by name. */
  others: Record<string, number>;
}

type Amounts = Map<string, number>;
type ResourceList = Readonly<Record<string, string>> | undefined;

/** cpu in thousandths, everything else in whole units. */
const amountOf = (resource: string, quantity: string): number =>
  resource === "cpu" ? milliValue(quantity) : value(quantity);

function addList(amounts: Amounts, list: ResourceList): void {
  for (const resource in list) {
    const amount = amountOf(resource, list[resource] as string);
    amounts.set(resource, (amounts.get(resource) ?? 0) + amount);
  }
}

function addAmounts(amounts: Amounts, more: Amounts): void {
  for (const [resource, amount] of more) {
    amounts.set(resource, (amounts.get(resource) ?? 0) + amount);
  }
}

function raiseTo(amounts: Amounts, least: Amounts): void {
  for (const [resource, amount] of least) {
    if (amount > (amounts.get(resource) ?? -1)) amounts.set(resource, amount);
  }
}

export const isSidecar = (container: Container): boolean => container.restartPolicy === "Always";

const isPodLevelResource = (resource: string): boolean =>
  resource === "cpu" || resource === "memory" || resource.startsWith("hugepages-");

function aggregate(spec: PodSpec, kind: "requests" | "limits"): Amounts {
  const total: Amounts = new Map();
  for (const container of spec.containers) addList(total, container.resources?.[kind]);
  if (spec.initContainers === undefined || spec.initContainers.length === 0) return total;
  const sidecars: Amounts = new Map();
  const peak: Amounts = new Map();
  for (const container of spec.initContainers) {
    const own = container.resources?.[kind];
    if (isSidecar(container)) {
      addList(total, own);
      addList(sidecars, own);
      raiseTo(peak, sidecars);
    } else {
      // While it runs, the sidecars before it run too.
      const moment: Amounts = new Map();
      addList(moment, own);
      addAmounts(moment, sidecars);
      raiseTo(peak, moment);
    }
  }
  raiseTo(total, peak);
  return total;
}

function applyPodLevel(total: Amounts, list: ResourceList): void {
  for (const resource in list) {
    if (isPodLevelResource(resource)) {
      total.set(resource, amountOf(resource, list[resource] as string));
    }
  }
}

function resourcesOf(amounts: Amounts): PodResources {
  const resources: PodResources = {
    milliCpu: 0,
    memoryBytes: 0,
    ephemeralStorageBytes: 0,
    others: {},
  };
  for (const [resource, amount] of amounts) {
    if (resource === "cpu") resources.milliCpu = amount;
    else if (resource === "memory") resources.memoryBytes = amount;
    else if (resource === "ephemeral-storage") resources.ephemeralStorageBytes = amount;
    else resources.others[resource] = amount;
  }
  return resources;
}

/** What has to be free on a node for the Pod to fit. Quantities must be valid (the API server has seen to it). */
export function podRequests(pod: Pick<Pod, "spec">): PodResources {
  const spec = pod.spec as PodSpec;
  const total = aggregate(spec, "requests");
  applyPodLevel(total, spec.resources?.requests);
  addList(total, spec.overhead);
  return resourcesOf(total);
}

/** The most that the Pod may use; a resource without any limit is 0, and gets no overhead. */
export function podLimits(pod: Pick<Pod, "spec">): PodResources {
  const spec = pod.spec as PodSpec;
  const total = aggregate(spec, "limits");
  applyPodLevel(total, spec.resources?.limits);
  for (const resource in spec.overhead) {
    const limit = total.get(resource) ?? 0;
    if (limit !== 0) {
      total.set(resource, limit + amountOf(resource, spec.overhead[resource] as string));
    }
  }
  return resourcesOf(total);
}
