// Nodes: says so when one falls silent, and taints it by its conditions. A timer for each node, which finds out whether it was
// heard meanwhile: nothing looks at all nodes again and again.
import type { Lease } from "@coracle/shared/api/types/coordination-v1";
import type { Node, NodeCondition, Pod } from "@coracle/shared/api/types/core-v1";
import {
  type ControllerContext,
  type ControllerDefinition,
  defineController,
  type Reconciled,
  watchOf,
} from "@coracle/shared/controller/controller";
import type { EventSubject } from "@coracle/shared/controller/event-recorder";
import { findCondition, withCondition } from "@coracle/shared/machinery/conditions";
import { isNotFound } from "@coracle/shared/machinery/status-error";
import { formatTime } from "@coracle/shared/runtime/clock";
import { BY_NODE } from "./by-node.ts";
import { EvictionRate, evictionIntervalMs } from "./eviction-rate.ts";
import { graceMs, noExecuteKey, readinessOf, silentConditions, wantedTaints } from "./health.ts";

const LEASES = "kube-node-lease";
/** When evictions are stopped altogether, or somebody's turn comes later: look again after so long. */
const RECHECK_MS = 5000;

interface Memory {
  /** When each node was heard last (monotonic: a machine that sleeps hears nobody). */
  heardAt: Map<string, number>;
  rate: EvictionRate;
}

export function nodeLifecycleController(): ControllerDefinition {
  const memory: Memory = { heardAt: new Map(), rate: new EvictionRate() };
  return defineController({
    name: "node-lifecycle",
    component: "node-controller",
    reconciles: "nodes",
    watches: [
      watchOf({ resource: "nodes", handlers: (context) => nodeHandlers(memory, context) }),
      watchOf({
        resource: "leases.coordination.k8s.io",
        handlers: ({ clock }) => {
          const heard = ({ metadata }: Lease) => {
            if (metadata.namespace === LEASES) memory.heardAt.set(metadata.name, clock.monotonic());
          };
          return { onAdd: heard, onUpdate: (_old: Lease, lease: Lease) => heard(lease) };
        },
      }),
      watchOf({ resource: "pods", handlers: () => ({}) }),
    ],
    reconcile: (name, context) => reconcile(name, memory, context),
  });
}

const heartbeatOf = ({ status }: Node): string | undefined =>
  findCondition(status?.conditions, "Ready")?.lastHeartbeatTime;

function nodeHandlers({ heardAt }: Memory, { clock, recorder }: ControllerContext) {
  const tell = (node: Node, reason: string, what: string) => {
    const { name } = node.metadata;
    recorder.event(node as EventSubject, "Normal", reason, `Node ${name} event: ${what}`);
  };
  return {
    onAdd(node: Node) {
      const { name } = node.metadata;
      heardAt.set(name, clock.monotonic());
      tell(node, "RegisteredNode", `Registered Node ${name} in Controller`);
    },
    onUpdate(old: Node, node: Node) {
      if (heartbeatOf(old) === heartbeatOf(node)) return;
      heardAt.set(node.metadata.name, clock.monotonic());
    },
    onDelete(node: Node) {
      const { name } = node.metadata;
      heardAt.delete(name);
      tell(node, "RemovingNode", `Removing Node ${name} from Controller`);
    },
  };
}

async function reconcile(
  name: string,
  memory: Memory,
  context: ControllerContext,
): Promise<Reconciled | undefined> {
  const { client, lister, clock } = context;
  const cached = lister("nodes").get(name);
  if (cached === undefined) return undefined;
  const nowMs = clock.now();
  const monotonic = clock.monotonic();
  const silentInMs = (memory.heardAt.get(name) ?? monotonic) + graceMs(cached) - monotonic;
  const conditions = silentInMs > 0 ? undefined : silentConditions(cached, nowMs);
  if (conditions !== undefined) {
    if (await isHeard(name, memory, context)) return { requeueAfterMs: graceMs(cached) };
    // Its update wakes this again, and brings the taints.
    return silence(cached, conditions, context);
  }
  if (readinessOf(cached) === "Unknown") await markPodsUnready(cached, context);
  const { evicts, waitMs } = evictionOf(cached, memory, context);
  const taints = wantedTaints(cached, evicts, nowMs);
  if (taints !== undefined) {
    await client.for("nodes").update({ ...cached, spec: { ...cached.spec, taints } });
    const keys = taints.map(({ key, effect }) => `${key}:${effect}`);
    context.logger.info({ object: `node ${name}`, taints: keys }, "tainted node");
  }
  const grace = silentInMs > 0 ? silentInMs : graceMs(cached);
  return { requeueAfterMs: Math.min(grace, waitMs ?? grace) };
}

/** Asks the server: it may be this process that hears nothing. */
async function isHeard(
  name: string,
  { heardAt }: Memory,
  { client, lister, clock }: ControllerContext,
): Promise<boolean> {
  const leases = "leases.coordination.k8s.io";
  try {
    const { metadata } = await client.for(leases).get(name, LEASES);
    const known = lister(leases).get(`${LEASES}/${name}`)?.metadata.resourceVersion;
    if (metadata.resourceVersion === known) return false;
  } catch (error) {
    if (isNotFound(error)) return false;
    // Nothing can be said of the node while the server is away.
    heardAt.set(name, clock.monotonic());
    throw error;
  }
  heardAt.set(name, clock.monotonic());
  return true;
}

async function silence(
  node: Node,
  conditions: NodeCondition[],
  { client, recorder, logger }: ControllerContext,
): Promise<undefined> {
  const { name } = node.metadata;
  const wasReady = readinessOf(node) === "True";
  await client.for("nodes").updateStatus({ ...node, status: { ...node.status, conditions } });
  logger.info({ object: `node ${name}` }, "node is silent");
  if (!wasReady) return undefined;
  const message = `Node ${name} status is now: NodeNotReady`;
  recorder.event(node as EventSubject, "Normal", "NodeNotReady", message);
  return undefined;
}

/** Whether the node's Pods are to go now, or how long its turn is away. */
function evictionOf(
  node: Node,
  { rate }: Memory,
  { lister, clock }: ControllerContext,
): { evicts: boolean; waitMs?: number } {
  const key = noExecuteKey(node);
  if (key === undefined) return { evicts: false };
  const intervalMs = evictionIntervalMs(lister("nodes").list());
  if (intervalMs === undefined) return { evicts: false, waitMs: RECHECK_MS };
  const isTainted = node.spec?.taints?.some(
    ({ key: other, effect }) => effect === "NoExecute" && /\/(not-ready|unreachable)$/.test(other),
  );
  const waitMs = isTainted ? 0 : rate.take(intervalMs, clock.now());
  return waitMs > 0 ? { evicts: false, waitMs: Math.min(waitMs, RECHECK_MS) } : { evicts: true };
}

async function markPodsUnready(
  { metadata }: Node,
  { client, lister, clock, recorder }: ControllerContext,
): Promise<void> {
  const isReady = ({ status }: Pod) =>
    findCondition(status?.conditions, "Ready")?.status === "True";
  const pods = lister("pods").byIndex(BY_NODE, metadata.name).filter(isReady);
  for (const pod of pods) {
    const conditions = withCondition(pod.status?.conditions, {
      ...findCondition(pod.status?.conditions, "Ready"),
      type: "Ready",
      status: "False",
      lastTransitionTime: formatTime(clock.now()),
    });
    try {
      await client.for("pods").updateStatus({ ...pod, status: { ...pod.status, conditions } });
      recorder.event(pod as EventSubject, "Warning", "NodeNotReady", "Node is not ready");
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
