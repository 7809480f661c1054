// One node: its runtime, and a worker for each of its Pods.
import type { Pod, Service } from "@coracle/shared/api/types/core-v1";
import type { Client } from "@coracle/shared/client/client";
import { EventRecorder } from "@coracle/shared/controller/event-recorder";
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import type { Random } from "@coracle/shared/runtime/random";
import type { Host } from "../cri/host.ts";
import type { Runtime } from "../cri/runtime.ts";
import { ImageManager } from "../images/image-manager.ts";
import { CrashBackoff } from "../pods/crash-backoff.ts";
import type { NodeServices } from "../pods/node-services.ts";
import { volumeContext } from "../pods/plan-executor.ts";
import { type EventBudget, PodEvents } from "../pods/pod-events.ts";
import { PodWorker } from "../pods/pod-worker.ts";
import type { ReferencedObjects } from "../pods/referenced-objects.ts";
import { ProbeManager } from "../probes/probe-manager.ts";
import type { StatusManager } from "../status/status-manager.ts";
import { hasFiles } from "../volumes/volume-files.ts";
import { VolumeManager } from "../volumes/volume-manager.ts";
import { allocatableOf, type NodeFacts } from "./node-object.ts";

/** What all nodes of a process share. */
export interface SharedServices {
  client: Client;
  clock: Clock;
  random: Random;
  logger: Logger;
  statuses: StatusManager;
  references: ReferencedObjects;
  eventBudget: EventBudget;
  services(): readonly Service[];
}

export interface NodeMachine {
  runtime: Runtime;
  host: Host;
  runtimeName: string;
}

export class NodeAgent {
  readonly facts: NodeFacts;
  readonly services: NodeServices;
  readonly #workers = new Map<string, PodWorker>();
  readonly #stopEvents: () => void;
  readonly recorder: EventRecorder;

  constructor(facts: NodeFacts, machine: NodeMachine, shared: SharedServices) {
    this.facts = facts;
    const { client, clock, random, logger } = shared;
    const component = "kubelet";
    this.recorder = new EventRecorder({
      client,
      component,
      host: facts.name,
      clock,
      random,
      logger,
    });
    const events = new PodEvents(this.recorder, shared.eventBudget);
    const { runtime, host, runtimeName } = machine;
    const onChange = (uid: string) => this.#workers.get(uid)?.wake();
    this.services = {
      nodeName: facts.name,
      hostIp: facts.address,
      allocatable: allocatableOf(facts),
      runtimeName,
      runtime,
      host,
      images: new ImageManager(runtime, events, clock),
      volumes: new VolumeManager(host),
      probes: new ProbeManager({ runtime, events, clock, random, onChange }),
      events,
      backoff: new CrashBackoff(clock),
      references: shared.references,
      services: shared.services,
      statuses: shared.statuses,
      client,
      clock,
      logger,
    };
    this.#stopEvents = runtime.getContainerEvents(({ type, podUid }) => {
      // The others are this kubelet's own doing.
      if (type === "CONTAINER_STOPPED_EVENT") this.#workers.get(podUid)?.wake();
    });
  }

  get workers(): ReadonlyMap<string, PodWorker> {
    return this.#workers;
  }

  /** A Pod of this node is there, or has changed. */
  put(pod: Pod): void {
    const { uid } = pod.metadata;
    const known = this.#workers.get(uid);
    if (known !== undefined) {
      this.services.statuses.observe(pod);
      known.update(pod);
      return;
    }
    const worker = new PodWorker(this.services, pod, () => this.#workers.delete(uid));
    this.#workers.set(uid, worker);
    worker.wake();
  }

  remove(pod: Pod): void {
    this.#workers.get(pod.metadata.uid)?.remove(pod);
  }

  /** Makes the files of volumes that show API objects again. */
  async refreshVolumes(): Promise<void> {
    for (const { pod, isRunning } of this.#workers.values()) {
      if (!isRunning || !pod.spec.volumes?.some(hasFiles)) continue;
      const context = volumeContext(this.services, pod.status.podIP ?? "");
      await this.services.volumes.refresh(pod, context).catch((error: Error) => {
        const object = `pod ${pod.metadata.namespace}/${pod.metadata.name}`;
        this.services.logger.debug({ object, err: error }, "volume not refreshed");
      });
    }
  }

  /** Removes what the runtime still has of Pods that were deleted while no kubelet ran. */
  async removeOrphans(): Promise<void> {
    const { runtime, logger } = this.services;
    for (const { id, metadata } of await runtime.listPodSandbox()) {
      if (this.#workers.has(metadata.uid)) continue;
      await runtime.stopPodSandbox(id);
      await runtime.removePodSandbox(id);
      const object = `pod ${metadata.namespace}/${metadata.name}`;
      logger.info({ object, node: this.facts.name }, "orphaned sandbox removed");
    }
  }

  find(namespace: string, name: string): PodWorker | undefined {
    for (const worker of this.#workers.values()) {
      const { metadata } = worker.pod;
      if (metadata.name === name && metadata.namespace === namespace) return worker;
    }
    return undefined;
  }

  stop(): void {
    this.#stopEvents();
    for (const worker of this.#workers.values()) worker.abandon();
  }
}
