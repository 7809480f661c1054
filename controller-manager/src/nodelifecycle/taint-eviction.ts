// Pods on nodes with NoExecute taints: deleted at once, or when what they tolerate has passed (upstream: tainteviction).
import { keyOf } from "@coracle/shared/api/resources";
import type { Node, Pod, Taint } from "@coracle/shared/api/types/core-v1";
import {
  type ControllerDependencies,
  type RunningController,
  startWorkers,
} from "@coracle/shared/controller/controller";
import type { EventRecorder, EventSubject } from "@coracle/shared/controller/event-recorder";
import { withCondition } from "@coracle/shared/machinery/conditions";
import { semanticEqual } from "@coracle/shared/machinery/semantic-equal";
import { isNotFound } from "@coracle/shared/machinery/status-error";
import { toleratesTaint } from "@coracle/shared/machinery/toleration";
import { formatTime } from "@coracle/shared/runtime/clock";
import { WorkQueue } from "@coracle/shared/workqueue/work-queue";
import { BY_NODE } from "./by-node.ts";

const NAME = "taint-eviction-controller";
const WORKERS = 8;

const noExecuteOf = (node: Node | undefined): Taint[] =>
  (node?.spec?.taints ?? []).filter(({ effect }) => effect === "NoExecute");

/** How long the Pod may stay, in milliseconds: 0, or infinite when it may stay for ever. */
export function toleratedMs({ spec }: Pod, taints: readonly Taint[]): number {
  const { tolerations = [] } = spec;
  const used = taints.map((taint) => tolerations.filter((each) => toleratesTaint(each, taint)));
  if (used.some((each) => each.length === 0)) return 0;
  const seconds = used
    .flat()
    .map(({ tolerationSeconds = Number.POSITIVE_INFINITY }) => Math.max(0, tolerationSeconds));
  return Math.min(Number.POSITIVE_INFINITY, ...seconds) * 1000;
}

export function startTaintEviction(dependencies: ControllerDependencies): RunningController {
  const { informers, clock } = dependencies;
  const logger = dependencies.logger.child({ controller: NAME });
  const recorder: EventRecorder = dependencies.recorderFor(NAME);
  const queue = new WorkQueue(clock);
  const pods = informers.for("pods");
  const nodes = informers.for("nodes");
  /** Since when the Pods have been waiting for their end. */
  const waitingSince = new Map<string, number>();

  const enqueuePods = ({ metadata }: Node) => {
    for (const pod of pods.lister.byIndex(BY_NODE, metadata.name)) queue.add(keyOf(pod));
  };
  nodes.addHandlers({
    onAdd: (node) => noExecuteOf(node).length > 0 && enqueuePods(node),
    onUpdate(old, node) {
      if (!semanticEqual(noExecuteOf(old), noExecuteOf(node))) enqueuePods(node);
    },
  });
  const enqueueTainted = (pod: Pod) => {
    const node = nodes.lister.get(pod.spec.nodeName ?? "");
    if (noExecuteOf(node).length > 0) queue.add(keyOf(pod));
  };
  pods.addHandlers({
    onAdd: enqueueTainted,
    onUpdate(old, pod) {
      const same =
        old.spec.nodeName === pod.spec.nodeName &&
        semanticEqual(old.spec.tolerations, pod.spec.tolerations);
      if (!same) enqueueTainted(pod);
    },
    onDelete: (pod) => waitingSince.delete(keyOf(pod)),
  });

  function cancel(pod: Pod, key: string): void {
    if (!waitingSince.delete(key)) return;
    const message = `Cancelling deletion of Pod ${key}`;
    recorder.event(pod as EventSubject, "Normal", "TaintManagerEviction", message);
  }

  const stop = startWorkers({
    queue,
    workers: WORKERS,
    logger,
    ready: Promise.all([dependencies.leading, pods.synced, nodes.synced]),
    async process(key) {
      const pod = pods.lister.get(key);
      if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return undefined;
      const taints = noExecuteOf(nodes.lister.get(pod.spec.nodeName ?? ""));
      const tolerated = taints.length === 0 ? Number.POSITIVE_INFINITY : toleratedMs(pod, taints);
      if (tolerated === Number.POSITIVE_INFINITY) {
        cancel(pod, key);
        return undefined;
      }
      const nowMs = clock.now();
      const since = waitingSince.get(key) ?? nowMs;
      const left = since + tolerated - nowMs;
      if (left <= 0) {
        waitingSince.delete(key);
        await evict(pod, { ...dependencies, logger, recorder });
        return undefined;
      }
      waitingSince.set(key, since);
      return { requeueAfterMs: left };
    },
  });
  return { name: NAME, queue, stop };
}

type Evicting = Pick<ControllerDependencies, "client" | "clock" | "logger"> & {
  recorder: EventRecorder;
};

async function evict(pod: Pod, { client, clock, logger, recorder }: Evicting): Promise<void> {
  const { name, namespace } = pod.metadata;
  const message = `Marking for deletion Pod ${keyOf(pod)}`;
  recorder.event(pod as EventSubject, "Normal", "TaintManagerEviction", message);
  try {
    const fresh = await client.for("pods").get(name, namespace);
    const conditions = withCondition(fresh.status?.conditions, {
      type: "DisruptionTarget",
      status: "True",
      reason: "DeletionByTaintManager",
      message: "Taint manager: deleting due to NoExecute taint",
      lastTransitionTime: formatTime(clock.now()),
    });
    await client.for("pods").updateStatus({ ...fresh, status: { ...fresh.status, conditions } });
    await client.for("pods").delete(name, { namespace });
    logger.info({ object: `pod ${keyOf(pod)}` }, "deleted pod");
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
