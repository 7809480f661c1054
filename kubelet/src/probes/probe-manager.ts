// Runs the probes of containers that run, and tells their results (upstream's prober manager). A container without probes costs nothing.
import type { Container, Pod, Probe } from "@coracle/shared/api/types/core-v1";
import type { Clock, Timer } from "@coracle/shared/runtime/clock";
import type { Random } from "@coracle/shared/runtime/random";
import type { Runtime } from "../cri/runtime.ts";
import type { PodEvents } from "../pods/pod-events.ts";
import type { ProbeResults } from "../pods/sync-plan.ts";
import { type ProbeKind, type ProbeTarget, runProbe } from "./probe.ts";

const KINDS: readonly ProbeKind[] = ["startup", "liveness", "readiness"];

export interface ProbeManagerOptions {
  runtime: Runtime;
  events: PodEvents;
  clock: Clock;
  random: Random;
  /** A result has changed: the Pod has to be looked at again. */
  onChange(podUid: string): void;
}

export class ProbeManager implements ProbeResults {
  readonly #options: ProbeManagerOptions;
  readonly #workers = new Map<string, ProbeWorker>();
  /** Results by container id. */
  readonly #results: Record<ProbeKind, Map<string, boolean>> = {
    startup: new Map(),
    liveness: new Map(),
    readiness: new Map(),
  };

  constructor(options: ProbeManagerOptions) {
    this.#options = options;
  }

  liveness(id: string): boolean | undefined {
    return this.#results.liveness.get(id);
  }

  startup(id: string): boolean | undefined {
    return this.#results.startup.get(id);
  }

  isStarted(container: Container, id: string): boolean {
    return container.startupProbe === undefined || this.#results.startup.get(id) === true;
  }

  isReady(container: Container, id: string): boolean {
    return container.readinessProbe === undefined || this.#results.readiness.get(id) === true;
  }

  /** Probes these containers of the Pod, and no others. */
  watch(pod: Pod, targets: readonly Omit<ProbeTarget, "pod">[]): void {
    const wanted = new Set<string>();
    for (const target of targets) {
      for (const kind of KINDS) {
        const probe = probeOf(target.container, kind);
        if (probe === undefined) continue;
        const key = `${pod.metadata.uid}/${target.containerId}/${kind}`;
        wanted.add(key);
        const worker = this.#workers.get(key);
        if (worker !== undefined) worker.pod = pod;
        else this.#workers.set(key, this.#start(kind, probe, { ...target, pod }));
      }
    }
    this.#retain(`${pod.metadata.uid}/`, wanted);
  }

  /** A Pod that is going away is probed no more, except for readiness until its containers have stopped. */
  stopLivenessAndStartup(uid: string): void {
    const readiness = [...this.#workers.keys()].filter((key) => key.endsWith("/readiness"));
    this.#retain(`${uid}/`, new Set(readiness));
  }

  forget(uid: string): void {
    this.#retain(`${uid}/`, new Set());
  }

  #retain(prefix: string, wanted: ReadonlySet<string>): void {
    if (this.#workers.size === 0) return;
    for (const [key, worker] of this.#workers) {
      if (!key.startsWith(prefix) || wanted.has(key)) continue;
      worker.stop();
      this.#workers.delete(key);
      this.#results[worker.kind].delete(worker.target.containerId);
    }
  }

  #start(kind: ProbeKind, probe: Probe, target: ProbeTarget): ProbeWorker {
    const results = this.#results[kind];
    const worker = new ProbeWorker(kind, probe, target, {
      ...this.#options,
      isStarted: () => this.isStarted(target.container, target.containerId),
      tell: (result) => {
        if (results.get(target.containerId) === result) return;
        results.set(target.containerId, result);
        this.#options.onChange(target.pod.metadata.uid);
      },
    });
    worker.start();
    return worker;
  }
}

interface WorkerContext extends ProbeManagerOptions {
  isStarted(): boolean;
  tell(result: boolean): void;
}

class ProbeWorker {
  readonly kind: ProbeKind;
  readonly target: ProbeTarget;
  readonly #probe: Probe;
  readonly #context: WorkerContext;
  #timer: Timer | undefined;
  #isStopped = false;
  #last: boolean | undefined;
  #run = 0;

  constructor(kind: ProbeKind, probe: Probe, target: ProbeTarget, context: WorkerContext) {
    this.kind = kind;
    this.target = target;
    this.#probe = probe;
    this.#context = context;
  }

  set pod(pod: Pod) {
    this.target.pod = pod;
  }

  start(): void {
    // From the container's own start; what is left of the delay after a restart of the kubelet is not known.
    this.#schedule((this.#probe.initialDelaySeconds ?? 0) * 1000);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return;
    this.#timer = this.#context.clock.setTimer(delayMs, () => void this.#tick());
  }

  async #tick(): Promise<void> {
    const periodMs = (this.#probe.periodSeconds ?? 10) * 1000;
    if (this.kind === "startup" || this.#context.isStarted()) {
      const isDone = await this.#probeOnce();
      if (isDone) return;
      this.#schedule(periodMs);
    } else {
      this.#schedule(Math.min(periodMs, 1000)); // until the startup probe has succeeded
    }
  }

  /** True when this container needs no more of these probes. */
  async #probeOnce(): Promise<boolean> {
    const { runtime, clock, events } = this.#context;
    const outcome = await runProbe(this.#probe, this.target, runtime, clock);
    if (this.#isStopped) return true;
    const name = `${this.kind[0]?.toUpperCase()}${this.kind.slice(1)}`;
    const { pod, container } = this.target;
    if (outcome.type === "warning") {
      events.warning(pod, "ProbeWarning", `${name} probe warning: ${outcome.output}`, container);
    } else if (outcome.type === "failure") {
      events.warning(pod, "Unhealthy", `${name} probe failed: ${outcome.output}`, container);
    } else if (outcome.type === "error") {
      const text = `${name} probe errored and resulted in unknown state: ${outcome.output}`;
      events.warning(pod, "Unhealthy", text, container);
      return false;
    }
    const isSuccess = outcome.type !== "failure";
    this.#run = this.#last === isSuccess ? this.#run + 1 : 1;
    this.#last = isSuccess;
    const threshold = isSuccess
      ? (this.#probe.successThreshold ?? 1)
      : (this.#probe.failureThreshold ?? 3);
    if (this.#run < threshold) return false;
    this.#context.tell(isSuccess);
    // A container that failed for good will be another one; one that has started is not asked again.
    return this.kind === "startup" || (this.kind === "liveness" && !isSuccess);
  }
}

const probeOf = (container: Container, kind: ProbeKind): Probe | undefined =>
  container[`${kind}Probe`];
