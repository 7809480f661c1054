// One Pod's life on its node. A worker syncs one thing at a time: events only mark it as to be looked at, and every look compares the
// Pod with what the runtime has (sync-plan.ts). Its phases: active → stopping → stopped → gone.
import type { Container, Pod, PodStatus } from "@coracle/shared/api/types/core-v1";
import { formatTime, parseTime, type Timer } from "@coracle/shared/runtime/clock";
import type { StartFailure } from "../status/container-statuses.ts";
import { computePodStatus } from "../status/pod-status.ts";
import { graceSecondsOf, killAllContainers } from "./container-killer.ts";
import type { NodeServices } from "./node-services.ts";
import { type ObservedPod, observePod } from "./observed-pod.ts";
import { applyPlan } from "./plan-executor.ts";
import { PodNarrator } from "./pod-narrator.ts";
import { finalStatus, isFinished } from "./pod-termination.ts";
import { StartError } from "./start-error.ts";
import { computeSyncPlan } from "./sync-plan.ts";

/** How long a sync may take before the state in between is told. */
const INTERIM_MS = 30;
const RETRY_MS = 1000;
const MOUNT_RETRY_MS = 100;
const MOUNT_RETRY_MS_MAX = 122_000;
const DEADLINE = {
  reason: "DeadlineExceeded",
  message: "Pod was active on the node longer than the specified deadline",
};

export class PodWorker {
  readonly #node: NodeServices;
  readonly #onGone: (worker: PodWorker) => void;
  readonly #narrator: PodNarrator;
  #pod: Pod;
  #phase: "active" | "stopping" | "stopped" | "gone" = "active";
  #isDirty = false;
  #isWorking = false;
  /** The object is gone from the API. */
  #isRemoved = false;
  #failures = new Map<string, StartFailure>();
  #terminationMessages = new Map<string, string>();
  #retry: Timer | undefined;
  #deadline: Timer | undefined;
  #verdict: { reason: string; message: string } | undefined;
  #mountTries = 0;
  /** What was computed last, told or not: the next one goes on from it. */
  #status: PodStatus | undefined;

  constructor(node: NodeServices, pod: Pod, onGone: (worker: PodWorker) => void) {
    this.#node = node;
    this.#pod = pod;
    this.#onGone = onGone;
    this.#narrator = new PodNarrator(node.logger, pod);
    this.#watchDeadline();
  }

  get pod(): Pod {
    return this.#pod;
  }

  get isRunning(): boolean {
    return this.#phase === "active";
  }

  update(pod: Pod): void {
    const before = this.#pod;
    this.#pod = pod;
    if (this.#phase !== "stopped" && !asksForMore(before, pod)) return;
    const graceBefore = graceSecondsOf(before);
    this.#watchDeadline();
    if (this.#phase === "stopping" && graceSecondsOf(pod) < graceBefore) void this.#hurry();
    this.wake();
  }

  /** The object was removed from the API: whatever still runs is stopped. */
  remove(pod: Pod): void {
    this.#pod = pod;
    this.#isRemoved = true;
    this.wake();
  }

  /** Something may have changed. */
  wake(): void {
    this.#isDirty = true;
    if (!this.#isWorking) void this.#work();
  }

  /** Ends it without a word to anybody: the kubelet stops. */
  abandon(): void {
    this.#phase = "gone";
    this.#retry?.cancel();
    this.#deadline?.cancel();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    while (this.#isDirty && this.#phase !== "gone") {
      this.#isDirty = false;
      try {
        await this.#sync();
      } catch (error) {
        this.#node.logger.error({ object: this.#narrator.object, err: error }, "pod sync failed");
        this.#retryAfter(RETRY_MS);
      }
    }
    this.#isWorking = false;
  }

  async #sync(): Promise<void> {
    if (this.#phase === "stopped") return this.#afterStop();
    const observed = await observePod(this.#node.runtime, this.#pod.metadata.uid);
    const isOver = isFinished(this.#pod.status) && observed.sandboxes.length === 0;
    if (isOver) return this.#becomeStopped();
    if (this.#mustStop()) return this.#stop(observed);
    const status = await this.#computeStatus(observed);
    if (isFinished(status)) return this.#stop(observed);
    await this.#advance(observed, status);
  }

  #mustStop(): boolean {
    return (
      this.#isRemoved ||
      this.#verdict !== undefined ||
      this.#pod.metadata.deletionTimestamp !== undefined ||
      isFinished(this.#pod.status)
    );
  }

  /** Does what the plan says, and tells what came of it. */
  async #advance(before: ObservedPod, status: PodStatus): Promise<void> {
    const node = this.#node;
    const plan = computeSyncPlan(this.#pod, before, node.probes);
    this.#narrator.initContainers(status);
    const interim = node.clock.setTimer(INTERIM_MS, () => this.#tell(status));
    try {
      const pod = this.#pod;
      const outcome = await applyPlan(node, {
        pod,
        plan,
        observed: before,
        status,
        narrator: this.#narrator,
        mustStop: () => this.#mustStop(),
      });
      this.#failures = outcome.failures;
      this.#mountTries = 0;
      if (outcome.retryAfterMs !== undefined) this.#retryAfter(outcome.retryAfterMs);
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      this.#failed(error);
    } finally {
      interim.cancel();
    }
    const after = await observePod(node.runtime, this.#pod.metadata.uid);
    const told = await this.#computeStatus(after);
    if (isFinished(told)) this.#isDirty = true;
    else this.#tell(told);
    this.#watchProbes(after);
  }

  /** The Pod could not be started at all (sandbox, volumes); the event has the reason. */
  #failed(error: StartError): void {
    const { events } = this.#node;
    this.#narrator.podFailed(error.reason, error.message);
    if (error.reason === "FailedMount") {
      events.warning(this.#pod, "FailedMount", error.message);
      this.#retryAfter(Math.min(MOUNT_RETRY_MS * 2 ** this.#mountTries++, MOUNT_RETRY_MS_MAX));
    } else {
      events.warning(this.#pod, error.reason, error.message);
      this.#retryAfter(error.retryAfterMs ?? RETRY_MS);
    }
  }

  /** Stops everything, then tells how it ended. */
  async #stop(observed: ObservedPod): Promise<void> {
    this.#phase = "stopping";
    const { runtime, probes, volumes } = this.#node;
    const { uid } = this.#pod.metadata;
    this.#retry?.cancel();
    probes.stopLivenessAndStartup(uid);
    await killAllContainers(this.#node, this.#pod, observed);
    probes.forget(uid);
    const ended = await observePod(runtime, uid);
    const status = finalStatus(this.#pod, await this.#computeStatus(ended, true));
    for (const { id } of ended.sandboxes) await runtime.stopPodSandbox(id);
    volumes.release(uid);
    this.#narrator.stopped(status);
    await this.#becomeStopped(status);
  }

  async #becomeStopped(status?: PodStatus): Promise<void> {
    this.#phase = "stopped";
    this.#deadline?.cancel();
    if (status !== undefined && !this.#isRemoved) this.#node.statuses.set(this.#pod, status);
    await this.#afterStop();
  }

  /** Nothing runs; the object may still have to go, or be gone. */
  async #afterStop(): Promise<void> {
    const { statuses, runtime, images, backoff } = this.#node;
    const { uid, deletionTimestamp } = this.#pod.metadata;
    if (!this.#isRemoved) {
      if (deletionTimestamp === undefined) return;
      statuses.finish(this.#pod, statuses.get(uid) ?? this.#pod.status);
      return;
    }
    const { sandboxes } = await observePod(runtime, uid);
    for (const { id } of sandboxes) await runtime.removePodSandbox(id);
    images.forget(uid);
    backoff.forget(`${uid}_`);
    statuses.forget(uid);
    this.#phase = "gone";
    this.#narrator.gone();
    this.#onGone(this);
  }

  /** The grace period has become shorter while it stops. */
  async #hurry(): Promise<void> {
    const { runtime } = this.#node;
    const { containers } = await observePod(runtime, this.#pod.metadata.uid);
    const seconds = graceSecondsOf(this.#pod);
    for (const { id, state } of containers) {
      if (state === "CONTAINER_RUNNING") void runtime.stopContainer(id, seconds);
    }
  }

  async #computeStatus(observed: ObservedPod, isTerminal = false): Promise<PodStatus> {
    const { probes, runtimeName, hostIp, clock } = this.#node;
    await this.#readTerminationMessages(observed);
    this.#status = computePodStatus({
      pod: this.#pod,
      old: this.#status ?? this.#pod.status,
      observed,
      facts: {
        runtimeName,
        failures: this.#failures,
        isStarted: (container, id) => probes.isStarted(container, id),
        isReady: (container, id) => probes.isReady(container, id),
        terminationMessage: (id) => this.#terminationMessages.get(id),
      },
      hostIp,
      isTerminal,
      verdict: isTerminal ? this.#verdict : undefined,
      now: formatTime(clock.now()),
    });
    return this.#status;
  }

  async #readTerminationMessages(observed: ObservedPod): Promise<void> {
    for (const id of this.#terminationMessages.keys()) {
      if (!observed.containers.some((container) => container.id === id)) {
        this.#terminationMessages.delete(id);
      }
    }
    for (const { id, name, state, restartCount, startedAt } of observed.containers) {
      if (state !== "CONTAINER_EXITED" || startedAt === 0) continue;
      if (this.#terminationMessages.has(id)) continue;
      const { uid } = this.#pod.metadata;
      const message = await this.#node.volumes.terminationMessage(uid, name, restartCount);
      this.#terminationMessages.set(id, message ?? "");
    }
  }

  #tell(status: PodStatus): void {
    if (this.#isRemoved || this.#phase === "gone") return;
    this.#narrator.status(status);
    this.#node.statuses.set(this.#pod, status);
  }

  #watchProbes(observed: ObservedPod): void {
    const { initContainers = [], containers } = this.#pod.spec;
    const [sandbox] = observed.sandboxes;
    const targets = [...initContainers, ...containers].flatMap((container: Container) => {
      const current = observed.containers.find(({ name }) => name === container.name);
      if (current?.state !== "CONTAINER_RUNNING") return [];
      const podIp = sandbox?.ip || this.#node.hostIp;
      return [{ container, containerId: current.id, sandboxId: current.sandboxId, podIp }];
    });
    this.#node.probes.watch(this.#pod, targets);
  }

  #retryAfter(delayMs: number): void {
    this.#retry?.cancel();
    this.#retry = this.#node.clock.setTimer(delayMs, () => this.wake());
  }

  #watchDeadline(): void {
    const { activeDeadlineSeconds } = this.#pod.spec;
    if (activeDeadlineSeconds === undefined || this.#verdict !== undefined) return;
    this.#deadline?.cancel();
    const nowMs = this.#node.clock.now();
    const startMs = parseTime(this.#pod.status.startTime) ?? nowMs;
    const leftMs = startMs + activeDeadlineSeconds * 1000 - nowMs;
    this.#deadline = this.#node.clock.setTimer(leftMs, () => {
      if (this.#phase !== "active") return;
      this.#node.events.normal(this.#pod, DEADLINE.reason, DEADLINE.message);
      this.#verdict = DEADLINE;
      this.wake();
    });
  }
}

/** False when nothing has changed but the status, which is our own (or another's label or annotation). */
function asksForMore(before: Pod, pod: Pod): boolean {
  return (
    pod.metadata.generation !== before.metadata.generation ||
    pod.metadata.deletionTimestamp !== before.metadata.deletionTimestamp ||
    pod.metadata.deletionGracePeriodSeconds !== before.metadata.deletionGracePeriodSeconds ||
    isFinished(pod.status) ||
    (pod.spec.readinessGates ?? []).length > 0
  );
}
