// Which Pods go first when there are too many: those that are of least use. (upstream:
// ActivePodsWithRanks)
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { isSidecar } from "@coracle/shared/machinery/pod-resources";
import { parseTime } from "@coracle/shared/runtime/clock";
import { readySinceMs } from "./pod-state.ts";

const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";
const PHASES: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };

/** `neighbours`: how many related Pods share the Pod's node. */
export function rankForDeletion(
  pods: readonly Pod[],
  neighbours: (pod: Pod) => number,
  nowMs: number,
): Pod[] {
  const facts = new Map(pods.map((pod) => [pod, factsOf(pod, neighbours(pod), nowMs)]));
  return [...pods].sort((a, b) => compare(facts.get(a) as Facts, facts.get(b) as Facts));
}

interface Facts {
  uid: string;
  assigned: boolean;
  phase: number;
  cost: number;
  neighbours: number;
  readySince: number | undefined;
  readyAge: number;
  restarts: number;
  sidecarRestarts: number;
  created: number;
  age: number;
}

function factsOf(pod: Pod, neighbours: number, nowMs: number): Facts {
  const readySince = readySinceMs(pod);
  const created = parseTime(pod.metadata.creationTimestamp) ?? 0;
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map((c) => c.name));
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const restarts = (statuses: { restartCount: number }[]) =>
    Math.max(0, ...statuses.map((status) => status.restartCount));
  return {
    uid: pod.metadata.uid,
    assigned: (pod.spec.nodeName ?? "") !== "",
    phase: PHASES[pod.status?.phase ?? ""] ?? 0,
    cost: costOf(pod),
    neighbours,
    readySince,
    readyAge: magnitude(nowMs - (readySince ?? 0)),
    restarts: restarts(containerStatuses),
    sidecarRestarts: restarts(initContainerStatuses.filter(({ name }) => sidecars.has(name))),
    created,
    age: magnitude(nowMs - created),
  };
}

function costOf({ metadata }: Pod): number {
  const text = metadata.annotations?.[DELETION_COST] ?? "0";
  if (!/^-?(0|[1-9][0-9]*)$/.test(text)) return 0;
  const cost = Number(text);
  return Math.abs(cost) < 2 ** 31 ? cost : 0;
}

/**
 * Ages count by powers of two (of nanoseconds), so that the youngest are not always the ones to go.
 */
const magnitude = (ageMs: number): number => (ageMs > 0 ? Math.trunc(Math.log2(ageMs * 1e6)) : -1);

function compare(a: Facts, b: Facts): number {
  if (a.assigned !== b.assigned) return a.assigned ? 1 : -1;
  if (a.phase !== b.phase) return a.phase - b.phase;
  const bothReady = a.readySince !== undefined && b.readySince !== undefined;
  if (!bothReady && a.readySince !== b.readySince) return a.readySince === undefined ? -1 : 1;
  if (a.cost !== b.cost) return a.cost - b.cost;
  if (a.neighbours !== b.neighbours) return b.neighbours - a.neighbours;
  if (bothReady && a.readySince !== b.readySince) {
    return youngerFirst(a, b, a.readySince as number, b.readySince as number, "readyAge");
  }
  if (a.restarts !== b.restarts) return b.restarts - a.restarts;
  if (a.sidecarRestarts !== b.sidecarRestarts) return b.sidecarRestarts - a.sidecarRestarts;
  if (a.created !== b.created) return youngerFirst(a, b, a.created, b.created, "age");
  return 0;
}

function youngerFirst(
  a: Facts,
  b: Facts,
  aTime: number,
  bTime: number,
  age: "age" | "readyAge",
): number {
  if (aTime === 0 || bTime === 0) return aTime === 0 ? -1 : 1;
  return a[age] - b[age] || (a.uid < b.uid ? -1 : 1);
}
