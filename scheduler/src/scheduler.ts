// Takes waiting Pods one by one, decides, assumes, and binds in the background (step 4 of the path). A bind that fails undoes
// the assumption and the Pod waits its back-off.
import type { Node, Pod } from "@coracle/shared/api/types/core-v1";
import type { Client } from "@coracle/shared/client/client";
import type { EventRecorder } from "@coracle/shared/controller/event-recorder";
import { isNotFound } from "@coracle/shared/machinery/status-error";
import { type Clock, formatTime } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import type { Random } from "@coracle/shared/runtime/random";
import { isBound, SchedulerCache } from "./cache.ts";
import { SchedulingCycle } from "./cycle.ts";
import type { ClusterEvent, Profile } from "./framework.ts";
import { isTerminal, type PodFacts, podFacts } from "./pod-facts.ts";
import { type QueuedPod, SchedulingQueue } from "./queue.ts";

/** Decisions a turn of the event loop, so that the informers are heard in between. */
const BATCH = 32;
const BINDS_MAX = 64;

export interface SchedulerDependencies {
  client: Client;
  profile: Profile;
  recorder: EventRecorder;
  clock: Clock;
  random: Random;
  logger: Logger;
}

export class Scheduler {
  readonly #client: Client;
  readonly #profile: Profile;
  readonly #recorder: EventRecorder;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #cache = new SchedulerCache();
  readonly #queue: SchedulingQueue;
  readonly #cycle: SchedulingCycle;
  #started = false;
  #scheduled = false;
  #binding = 0;
  #onIdle: () => void = () => {};

  constructor({ client, profile, recorder, clock, random, logger }: SchedulerDependencies) {
    this.#client = client;
    this.#profile = profile;
    this.#recorder = recorder;
    this.#clock = clock;
    this.#logger = logger;
    this.#cycle = new SchedulingCycle(profile, random);
    this.#queue = new SchedulingQueue(clock, () => this.#wake());
  }

  /** Call when both informers have synced: no decision on half a cluster. */
  start(): void {
    this.#started = true;
    this.#wake();
  }

  /** Decides nothing more. Resolves when no bind is under way. */
  async close(): Promise<void> {
    this.#started = false;
    this.#queue.close();
    if (this.#binding === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  putNode(node: Node, old?: Node): void {
    this.#cache.putNode(node);
    const events = old === undefined ? (["NodeAdded"] as const) : nodeEvents(old, node);
    for (const event of events) this.#queue.onClusterEvent(event);
  }

  removeNode(node: Node): void {
    this.#cache.removeNode(node.metadata.name);
  }

  putPod(pod: Pod): void {
    const { uid } = pod.metadata;
    if (isTerminal(pod)) this.removePod(pod);
    else if (isBound(pod)) {
      this.#queue.remove(uid);
      this.#cache.confirm(podFacts(pod), pod.spec.nodeName as string);
    } else if (!this.#isMine(pod)) this.#queue.remove(uid);
    else if (this.#cache.isPlaced(uid))
      return; // assumed: its bind is under way
    else if (this.#queue.has(uid)) this.#queue.refresh(podFacts(pod));
    else this.#queue.add(podFacts(pod));
  }

  /** A change of the spec may make it fit; one of the status (our own condition) does not. */
  updatePod(old: Pod, pod: Pod): void {
    const changed = old.metadata.generation !== pod.metadata.generation;
    const ungated = (old.spec.schedulingGates?.length ?? 0) > 0;
    const waits = !isBound(pod) && !isTerminal(pod) && this.#isMine(pod);
    if ((changed || ungated) && waits && !this.#cache.isPlaced(pod.metadata.uid)) {
      this.#queue.add(podFacts(pod));
    } else this.putPod(pod);
  }

  removePod(pod: Pod): void {
    this.#queue.remove(pod.metadata.uid);
    if (this.#cache.remove(pod.metadata.uid)) this.#queue.onClusterEvent("PodRemoved");
  }

  #isMine(pod: Pod): boolean {
    return (
      pod.spec.schedulerName === this.#profile.schedulerName &&
      pod.metadata.deletionTimestamp === undefined &&
      (pod.spec.schedulingGates?.length ?? 0) === 0
    );
  }

  #wake(): void {
    if (this.#scheduled || !this.#started) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#run();
    });
  }

  #run(): void {
    for (let i = 0; i < BATCH && this.#started && this.#binding < BINDS_MAX; i++) {
      const queued = this.#queue.pop();
      if (queued === undefined) return;
      this.#schedule(queued);
    }
    // The end of a bind wakes it when all of them are taken.
    if (this.#queue.activeCount > 0 && this.#binding < BINDS_MAX) this.#wake();
  }

  #schedule(queued: QueuedPod): void {
    const { facts } = queued;
    const decision = this.#cycle.decide(facts, this.#cache.nodes);
    if (decision.kind === "does not fit") {
      this.#queue.putUnschedulable(queued, decision.retryOn);
      this.#tellUnschedulable(queued, decision.message);
      return;
    }
    this.#cache.assume(facts, decision.node);
    this.#binding++;
    void this.#bind(queued, decision.node, decision.feasible);
  }

  /** Never rejects. */
  async #bind(queued: QueuedPod, node: string, feasible: number): Promise<void> {
    const { facts } = queued;
    const { name, namespace = "", uid } = facts.pod.metadata;
    try {
      const binding = {
        kind: "Binding",
        apiVersion: "v1",
        metadata: { name, namespace, uid },
        target: { kind: "Node", name: node },
      };
      await this.#client.for("pods").subresource(name, "binding", binding, { namespace });
      this.#logger.info({ object: `pod ${facts.key}`, node, feasible }, "bound pod");
      const message = `Successfully assigned ${facts.key} to ${node}`;
      this.#recorder.event(asSubject(facts), "Normal", "Scheduled", message);
    } catch (error) {
      this.#cache.forget(uid);
      if (isNotFound(error)) {
        this.#logger.debug({ object: `pod ${facts.key}` }, "pod vanished before it was bound");
      } else {
        this.#logger.warn({ object: `pod ${facts.key}`, node, err: error }, "bind failed");
        this.#queue.putBackoff(queued);
      }
    } finally {
      this.#binding--;
      if (this.#binding === 0) this.#onIdle();
      if (this.#queue.activeCount > 0) this.#wake();
    }
  }

  /** Event, condition and log line; once for the same reason. */
  #tellUnschedulable(queued: QueuedPod, message: string): void {
    const { facts } = queued;
    this.#recorder.event(asSubject(facts), "Warning", "FailedScheduling", message);
    if (queued.message === message) return;
    queued.message = message;
    this.#logger.info({ object: `pod ${facts.key}`, reason: message }, "pod does not fit");
    const condition = {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message,
      observedGeneration: facts.pod.metadata.generation,
      lastProbeTime: null,
      lastTransitionTime: formatTime(this.#clock.now()),
    };
    const { name, namespace } = facts.pod.metadata;
    this.#client
      .for("pods")
      .patch(name, { status: { conditions: [condition] } }, { namespace, subresource: "status" })
      .catch((error: unknown) => {
        if (isNotFound(error)) return;
        queued.message = ""; // the next attempt tells it again
        this.#logger.warn({ object: `pod ${facts.key}`, err: error }, "condition not written");
      });
  }
}

function asSubject({ pod }: PodFacts): Pod & { kind: string; apiVersion: string } {
  return { ...pod, kind: "Pod", apiVersion: "v1" };
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Heartbeats change a node all the time; only these changes can make room. */
function nodeEvents(old: Node, node: Node): ClusterEvent[] {
  const events: ClusterEvent[] = [];
  if (old.spec.unschedulable !== node.spec.unschedulable) events.push("NodeSchedulableChanged");
  if (!same(old.spec.taints, node.spec.taints)) events.push("NodeTaintsChanged");
  if (!same(old.metadata.labels, node.metadata.labels)) events.push("NodeLabelsChanged");
  if (!same(old.status.allocatable, node.status.allocatable)) events.push("NodeAllocatableChanged");
  return events;
}
