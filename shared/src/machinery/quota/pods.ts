// What Pods use (upstream: pkg/quota/v1/evaluator/core pods.go).
import type {
  Container,
  ContainerStatus,
  Pod,
  PodAffinityTerm,
  ResourceRequirements,
} from "../../api/types/core-v1.ts";
import { isSidecar } from "../pod-resources.ts";
import { milliValue, signOf } from "../quantity.ts";
import { type Amounts, addAmounts, maxAmounts } from "./amounts.ts";
import { type QuotaEvaluator, scopeValueMatches } from "./evaluator.ts";

const COUNT = "count/pods";
const RESOURCES = new Set([
  COUNT,
  "cpu",
  "memory",
  "ephemeral-storage",
  "requests.cpu",
  "requests.memory",
  "requests.ephemeral-storage",
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
  "pods",
]);
const HUGE_PAGES = "hugepages-";
const DEVICE_CLASS = "deviceclass.resource.kubernetes.io/";

const isNative = (name: string): boolean => !name.includes("/") || name.includes("kubernetes.io/");

/** `requests.example.com/gpu` */
const isExtendedForQuota = (name: string): boolean =>
  name.startsWith("requests.") && (!isNative(name) || name.startsWith(`requests.${DEVICE_CLASS}`));

function matching(names: readonly string[]): string[] {
  const result = [...new Set(names)].filter((name) => RESOURCES.has(name)).sort();
  for (const name of names) {
    if (name.startsWith(HUGE_PAGES) || name.startsWith(`requests.${HUGE_PAGES}`)) result.push(name);
    if (isExtendedForQuota(name)) result.push(name);
  }
  return result;
}

function computeUsage(requests: Amounts, limits: Amounts): Amounts {
  const result: Record<string, string> = { pods: "1" };
  for (const name of ["cpu", "memory", "ephemeral-storage"]) {
    const request = requests[name];
    const limit = limits[name];
    if (request !== undefined) {
      result[name] = request;
      result[`requests.${name}`] = request;
    }
    if (limit !== undefined) result[`limits.${name}`] = limit;
  }
  for (const name in requests) {
    const request = requests[name] as string;
    if (name.startsWith(HUGE_PAGES)) {
      result[name] = request;
      result[`requests.${name}`] = request;
    } else if (name.startsWith(DEVICE_CLASS) || !isNative(name)) {
      result[`requests.${name}`] = request;
    }
  }
  return result;
}

/** A Pod that has ended, or should have, is no longer charged for; its object still counts. */
export function isCharged({ metadata, status }: Pod, now: number): boolean {
  if (status?.phase === "Failed" || status?.phase === "Succeeded") return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true;
  return now <= Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

function usage(pod: Pod, now: number): Amounts {
  const count: Amounts = { [COUNT]: "1" };
  if (!isCharged(pod, now)) return count;
  return addAmounts(count, computeUsage(podAmounts(pod, "requests"), podAmounts(pod, "limits")));
}

type Side = keyof Pick<ResourceRequirements, "requests" | "limits">;

/** During a resize the Pod has the larger of what it had and what it is to get. */
function containerAmounts(pod: Pod, container: Container, side: Side): Amounts {
  const given = container.resources?.[side] ?? {};
  const statuses: readonly ContainerStatus[] = [
    ...(pod.status?.containerStatuses ?? []),
    ...(isSidecar(container) ? (pod.status?.initContainerStatuses ?? []) : []),
  ];
  const status = statuses.find(({ name }) => name === container.name);
  if (status?.resources === undefined) return given;
  const pending = pod.status?.conditions?.find(({ type }) => type === "PodResizePending");
  const wanted = pending?.reason === "Infeasible" ? {} : given;
  const actual = maxAmounts(wanted, status.resources[side]);
  return side === "requests" ? maxAmounts(actual, status.allocatedResources) : actual;
}

const isPodLevel = (name: string): boolean =>
  name === "cpu" || name === "memory" || name.startsWith(HUGE_PAGES);

function podAmounts(pod: Pod, side: Side): Amounts {
  const { spec } = pod;
  let total: Amounts = {};
  for (const container of spec.containers ?? []) {
    total = addAmounts(total, containerAmounts(pod, container, side));
  }
  let sidecars: Amounts = {};
  let peak: Amounts = {};
  for (const container of spec.initContainers ?? []) {
    const own = containerAmounts(pod, container, side);
    if (isSidecar(container)) {
      total = addAmounts(total, own);
      sidecars = addAmounts(sidecars, own);
      peak = maxAmounts(peak, sidecars);
    } else peak = maxAmounts(peak, addAmounts(own, sidecars));
  }
  const result: Record<string, string> = { ...maxAmounts(total, peak) };
  const ofPod = spec.resources?.[side];
  for (const name in ofPod) if (isPodLevel(name)) result[name] = ofPod[name] as string;
  if (side === "requests") return addAmounts(result, spec.overhead);
  const limited = Object.entries(spec.overhead ?? {}).filter(([name]) => {
    const limit = result[name];
    return limit !== undefined && signOf(limit) !== 0;
  });
  return addAmounts(result, Object.fromEntries(limited));
}

export const isTerminatingByDeadline = ({ spec }: Pod): boolean =>
  (spec.activeDeadlineSeconds ?? -1) >= 0;

/** No cpu and no memory is asked for at all. */
function isBestEffort({ spec, status }: Pod): boolean {
  if (status?.qosClass) return status.qosClass === "BestEffort";
  const asks = (resources: ResourceRequirements | undefined): boolean =>
    [resources?.requests, resources?.limits].some((list) =>
      ["cpu", "memory"].some((name) => list?.[name] !== undefined && milliValue(list[name]) > 0),
    );
  if (spec.resources !== undefined) return !asks(spec.resources);
  const all = [...spec.containers, ...(spec.initContainers ?? [])];
  return !all.some(({ resources }) => asks(resources));
}

const crosses = ({ namespaces, namespaceSelector }: PodAffinityTerm): boolean =>
  (namespaces?.length ?? 0) > 0 || namespaceSelector !== undefined;

function usesOtherNamespaces({ spec }: Pod): boolean {
  return [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity].some((affinity) => {
    const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    return [...required, ...preferred.map(({ podAffinityTerm }) => podAffinityTerm)].some(crosses);
  });
}

/** What has to be there in every container when the quota limits it. A mistake of old that upstream keeps. */
const DEMANDED = new Set([
  "cpu",
  "memory",
  "requests.cpu",
  "requests.memory",
  "limits.cpu",
  "limits.memory",
]);

function missing(names: readonly string[], { spec }: Pod): string | undefined {
  const own = { ...spec.resources?.requests, ...spec.resources?.limits };
  if (Object.keys(own).length > 0) return undefined;
  const demanded = names.filter((name) => DEMANDED.has(name));
  const lacking = new Map<string, Set<string>>();
  for (const { name, resources } of [...spec.containers, ...(spec.initContainers ?? [])]) {
    const given = computeUsage(resources?.requests ?? {}, resources?.limits ?? {});
    for (const resource of demanded) {
      if (resource in given) continue;
      const containers = lacking.get(resource) ?? new Set();
      lacking.set(resource, containers.add(name));
    }
  }
  if (lacking.size === 0) return undefined;
  const texts = [...lacking.keys()]
    .sort()
    .map((name) => `${name} for: ${[...(lacking.get(name) ?? [])].sort().join(",")}`);
  return `must specify ${texts.join("; ")}`;
}

export const podEvaluator: QuotaEvaluator = {
  matching,
  usage: (object, now) => usage(object as Pod, now),
  matchesScope(requirement, object) {
    const pod = object as Pod;
    switch (requirement.scopeName) {
      case "Terminating":
        return isTerminatingByDeadline(pod);
      case "NotTerminating":
        return !isTerminatingByDeadline(pod);
      case "BestEffort":
        return isBestEffort(pod);
      case "NotBestEffort":
        return !isBestEffort(pod);
      case "PriorityClass":
        return scopeValueMatches(requirement, pod.spec.priorityClassName);
      case "CrossNamespacePodAffinity":
        return usesOtherNamespaces(pod);
      default:
        return false;
    }
  },
  changedBy(subresource, object, old) {
    if (subresource === "resize") return true;
    if (subresource !== "") return false;
    return isTerminatingByDeadline(object as Pod) !== isTerminatingByDeadline(old as Pod);
  },
  missing: (names, object) => missing(names, object as Pod),
};
