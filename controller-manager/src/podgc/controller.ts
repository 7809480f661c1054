// Deletes Pods that nobody else will: those of nodes that are gone, and those that were deleted before they had a node
// (upstream: podgc).
import { keyOf } from "@coracle/shared/api/resources";
import type { Pod } from "@coracle/shared/api/types/core-v1";
import {
  type ControllerContext,
  type ControllerDefinition,
  defineController,
  type Reconciled,
  watchOf,
} from "@coracle/shared/controller/controller";
import { withCondition } from "@coracle/shared/machinery/conditions";
import { isNotFound } from "@coracle/shared/machinery/status-error";
import { formatTime } from "@coracle/shared/runtime/clock";
import { BY_NODE } from "../nodelifecycle/by-node.ts";
import { hasEnded } from "../replicaset/pod-state.ts";

/** A Pod may be seen before its node, and a node may come back. */
const QUARANTINE_MS = 40_000;

export function podGarbageController(): ControllerDefinition {
  const missingSince = new Map<string, number>();
  return defineController({
    name: "pod-garbage-collector",
    reconciles: "pods",
    workers: 1,
    watches: [
      watchOf({
        resource: "nodes",
        handlers: ({ lister, enqueue }) => ({
          onAdd: ({ metadata }) => missingSince.delete(metadata.name),
          onDelete({ metadata }) {
            for (const pod of lister("pods").byIndex(BY_NODE, metadata.name)) enqueue(keyOf(pod));
          },
        }),
      }),
    ],

    async reconcile(key, context): Promise<Reconciled | undefined> {
      const { client, lister, clock } = context;
      const pod = lister("pods").get(key);
      if (pod === undefined) return undefined;
      const { nodeName = "" } = pod.spec;
      if (nodeName === "") {
        if (pod.metadata.deletionTimestamp !== undefined) await remove(pod, context);
        return undefined;
      }
      if (lister("nodes").get(nodeName) !== undefined) return undefined;
      const nowMs = clock.now();
      const since = missingSince.get(nodeName) ?? nowMs;
      missingSince.set(nodeName, since);
      const left = since + QUARANTINE_MS - nowMs;
      if (left > 0) return { requeueAfterMs: left };
      try {
        await client.for("nodes").get(nodeName);
        return { requeueAfterMs: QUARANTINE_MS };
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      await remove(pod, context, "PodGC: node no longer exists");
      return undefined;
    },
  });
}

/** `disruption`: why it is not its own fault. */
async function remove(
  pod: Pod,
  { client, clock, logger }: ControllerContext,
  disruption?: string,
): Promise<void> {
  const { name, namespace } = pod.metadata;
  const pods = client.for("pods");
  try {
    if (!hasEnded(pod)) {
      const conditions =
        disruption === undefined
          ? pod.status?.conditions
          : withCondition(pod.status?.conditions, {
              type: "DisruptionTarget",
              status: "True",
              reason: "DeletionByPodGC",
              message: disruption,
              lastTransitionTime: formatTime(clock.now()),
            });
      await pods.updateStatus({ ...pod, status: { ...pod.status, phase: "Failed", conditions } });
    }
    await pods.delete(name, { namespace, gracePeriodSeconds: 0 });
    logger.info({ object: `pod ${namespace}/${name}` }, "deleted pod");
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
