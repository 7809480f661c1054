// What a node's silence means: its conditions become Unknown (upstream: node_lifecycle_controller.go tryUpdateNodeHealth), and
// the taints that its conditions bring. Pure.
import type { Node, NodeCondition, Taint } from "@coracle/shared/api/types/core-v1";
import { findCondition } from "@coracle/shared/machinery/conditions";
import { formatTime } from "@coracle/shared/runtime/clock";

/** Silence for so long is the end of a node's readiness. */
const GRACE_MS = 50_000;
/** Of a node that has never said anything. */
const STARTUP_GRACE_MS = 60_000;

const PREFIX = "node.kubernetes.io/";
export const NOT_READY = `${PREFIX}not-ready`;
export const UNREACHABLE = `${PREFIX}unreachable`;
const UNSCHEDULABLE = `${PREFIX}unschedulable`;
const SILENCED = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];
/** Taint by the condition that brings it when it is True. */
const PRESSURES: Readonly<Record<string, string>> = {
  MemoryPressure: `${PREFIX}memory-pressure`,
  DiskPressure: `${PREFIX}disk-pressure`,
  NetworkUnavailable: `${PREFIX}network-unavailable`,
  PIDPressure: `${PREFIX}pid-pressure`,
};

export const readinessOf = ({ status }: Node): string | undefined =>
  findCondition(status?.conditions, "Ready")?.status;

export const graceMs = (node: Node): number =>
  readinessOf(node) === undefined ? STARTUP_GRACE_MS : GRACE_MS;

/** The conditions of a node that is silent; undefined when they say so already. */
export function silentConditions({ metadata, status }: Node, nowMs: number) {
  const conditions: NodeCondition[] = [...(status?.conditions ?? [])];
  const now = formatTime(nowMs);
  let changed = false;
  for (const type of SILENCED) {
    const at = conditions.findIndex((condition) => condition.type === type);
    const old = conditions[at];
    if (old?.status === "Unknown") continue;
    changed = true;
    if (old === undefined) {
      conditions.push({
        type,
        status: "Unknown",
        reason: "NodeStatusNeverUpdated",
        message: "Kubelet never posted node status.",
        lastHeartbeatTime: metadata.creationTimestamp,
        lastTransitionTime: now,
      });
    } else {
      conditions[at] = {
        ...old,
        status: "Unknown",
        reason: "NodeStatusUnknown",
        message: "Kubelet stopped posting node status.",
        lastTransitionTime: now,
      };
    }
  }
  return changed ? conditions : undefined;
}

/** Keys of the NoSchedule taints that the node's conditions ask for. */
function wantedNoSchedule(node: Node): string[] {
  const keys = (node.status?.conditions ?? [])
    .filter(({ status }) => status === "True")
    .flatMap(({ type }) => PRESSURES[type] ?? []);
  const readiness = readinessOf(node);
  if (readiness === "False") keys.push(NOT_READY);
  if (readiness === "Unknown") keys.push(UNREACHABLE);
  if (node.spec?.unschedulable === true) keys.push(UNSCHEDULABLE);
  return keys;
}

/** The key of the NoExecute taint that an unready node gets. */
export function noExecuteKey(node: Node): string | undefined {
  const readiness = readinessOf(node);
  if (readiness === "False") return NOT_READY;
  return readiness === "Unknown" ? UNREACHABLE : undefined;
}

const MANAGED = new Set([NOT_READY, UNREACHABLE, UNSCHEDULABLE, ...Object.values(PRESSURES)]);

/** All of the node's taints as they should be; undefined when they are. `evicts`: its NoExecute taint is due. */
export function wantedTaints(node: Node, evicts: boolean, nowMs: number): Taint[] | undefined {
  const before = node.spec?.taints ?? [];
  const noExecute = evicts ? noExecuteKey(node) : undefined;
  const wanted = [
    ...wantedNoSchedule(node).map((key) => ({ key, effect: "NoSchedule" as const })),
    ...(noExecute === undefined ? [] : [{ key: noExecute, effect: "NoExecute" as const }]),
  ];
  const isWanted = ({ key, effect }: Taint) =>
    wanted.some((taint) => taint.key === key && taint.effect === effect);
  const isManaged = ({ key, effect }: Taint) =>
    effect === "NoExecute" ? key === NOT_READY || key === UNREACHABLE : MANAGED.has(key);
  const kept = before.filter((taint) => !isManaged(taint) || isWanted(taint));
  const added = wanted.filter(
    ({ key, effect }) => !before.some((taint) => taint.key === key && taint.effect === effect),
  );
  if (added.length === 0 && kept.length === before.length) return undefined;
  const timeAdded = formatTime(nowMs);
  return [...kept, ...added.map((taint) => ({ ...taint, timeAdded }))];
}
