// Jobs: Pods that run to their end.
import { type KubernetesObject, keyOf } from "@coracle/shared/api/resources";
import type { Job } from "@coracle/shared/api/types/batch-v1";
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { claimChildren } from "@coracle/shared/controller/claim";
import { compiledSelector } from "@coracle/shared/controller/compiled-selector";
import {
  type ControllerContext,
  type ControllerDefinition,
  defineController,
  type Reconciled,
  watchOf,
} from "@coracle/shared/controller/controller";
import type { EventSubject } from "@coracle/shared/controller/event-recorder";
import { BY_CONTROLLER } from "@coracle/shared/controller/owner-index";
import { controllerOf } from "@coracle/shared/machinery/owner-references";
import { isNotFound } from "@coracle/shared/machinery/status-error";
import { formatTime } from "@coracle/shared/runtime/clock";
import { NO_FAILURES } from "./backoff.ts";
import { changedConditions, isFinished, jobCondition } from "./conditions.ts";
import { JobMemory } from "./job-memory.ts";
import { isSuspended, isTracked, TRACKING_FINALIZER } from "./job-pods.ts";
import { applyPlan, deletePods, releasePod } from "./manage-pods.ts";
import { planPods } from "./plan.ts";
import { observe, type SyncState } from "./sync-state.ts";
import { track } from "./track.ts";

/** The value of spec.managedBy that means this controller. */
const MANAGER = "kubernetes.io/job-controller";
/** Before the key of a Pod whose Job does not care for it any more. */
const LEFT_BEHIND = "pod:";

const isOurs = ({ spec }: Job): boolean => (spec.managedBy ?? MANAGER) === MANAGER;

export function jobController(): ControllerDefinition {
  const memory = new JobMemory();
  return defineController({
    name: "job",
    reconciles: "jobs.batch",
    owns: ["pods"],
    watches: [
      watchOf({ resource: "pods", handlers: (context) => podHandlers(context, memory) }),
      watchOf({
        resource: "jobs.batch",
        handlers: (context) => ({
          onUpdate: (_old, job) => isFinished(job) && enqueueLeftBehind(job, context),
          onDelete(job) {
            memory.forget(keyOf(job), job.metadata.uid);
            enqueueLeftBehind(job, context);
          },
        }),
      }),
    ],
    reconcile: (key, context) =>
      key.startsWith(LEFT_BEHIND)
        ? releaseLeftBehind(key.slice(LEFT_BEHIND.length), context)
        : reconcile(key, memory, context),
  });
}

/** The Job that controls the Pod, if it still exists. */
function jobOf(pod: Pod, { lister }: ControllerContext): Job | undefined {
  const reference = controllerOf(pod);
  if (reference?.kind !== "Job" || !reference.apiVersion.startsWith("batch/")) return undefined;
  const job = lister("jobs.batch").get(`${pod.metadata.namespace}/${reference.name}`);
  return job?.metadata.uid === reference.uid ? job : undefined;
}

function podHandlers(context: ControllerContext, memory: JobMemory) {
  const observe = (pod: Pod) => {
    if (!isTracked(pod)) {
      const job = jobOf(pod, context);
      if (job !== undefined) memory.released(keyOf(job), pod.metadata.uid);
      return;
    }
    const job = jobOf(pod, context);
    const isOrphan = controllerOf(pod) === undefined;
    const isGoing = pod.metadata.deletionTimestamp !== undefined;
    if (isOrphan || (isGoing && (job === undefined || isFinished(job)))) {
      context.enqueue(LEFT_BEHIND + keyOf(pod));
    }
  };
  return {
    onAdd: observe,
    onUpdate: (_old: Pod, pod: Pod) => observe(pod),
    onDelete(pod: Pod) {
      const job = jobOf(pod, context);
      if (job !== undefined) memory.released(keyOf(job), pod.metadata.uid);
    },
  };
}

function enqueueLeftBehind({ metadata }: KubernetesObject, context: ControllerContext): void {
  for (const pod of context.lister("pods").byIndex(BY_CONTROLLER, metadata.uid)) {
    if (isTracked(pod)) context.enqueue(LEFT_BEHIND + keyOf(pod));
  }
}

/** Takes the finalizer off a Pod that no Job will count any more. */
async function releaseLeftBehind(key: string, context: ControllerContext): Promise<undefined> {
  const pod = context.lister("pods").get(key);
  if (pod === undefined || !isTracked(pod)) return undefined;
  const reference = controllerOf(pod);
  if (reference !== undefined && reference.kind !== "Job") return undefined;
  const job = jobOf(pod, context);
  if (job !== undefined && (!isOurs(job) || !isFinished(job))) return undefined;
  try {
    await releasePod(pod, context);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return undefined;
}

async function reconcile(
  key: string,
  memory: JobMemory,
  context: ControllerContext,
): Promise<Reconciled | undefined> {
  const { client, lister, expectations, clock } = context;
  const job = lister("jobs.batch").get(key);
  if (job === undefined) {
    expectations.forget(key);
    return undefined;
  }
  if (!isOurs(job)) return undefined;
  if (isFinished(job)) {
    memory.forget(key, job.metadata.uid);
    return undefined;
  }
  // The update that this process has written wakes it when it arrives.
  if (memory.isBehind(job)) return undefined;
  // Asked before the Pods are listed: if settled now, the list below includes our own writes.
  const settled = expectations.satisfied(key);
  const pods = await claimChildren<Pod>({
    client,
    controller: job,
    controllerResource: "jobs.batch",
    resource: "pods",
    lister: lister("pods"),
    selector: compiledSelector(job.spec.selector),
    finalizer: TRACKING_FINALIZER,
  });
  const backoff = memory.backoffOf(key) ?? NO_FAILURES;
  const observed = { job, pods, released: memory.releasedOf(key), backoff };
  const state = observe(observed, clock.now());
  if (state.deadlineInMs) context.enqueueAfter(key, state.deadlineInMs);
  const { changed, failure } = await manage(state, key, settled, context);
  const { status } = state;
  const statusChanged =
    changed ||
    state.activeCount !== (status.active ?? 0) ||
    state.readyCount !== status.ready ||
    state.terminatingCount !== status.terminating;
  status.active = state.activeCount;
  status.ready = state.readyCount;
  status.terminating = state.terminatingCount;
  await track(state, statusChanged, {
    context,
    async write(next) {
      const written = await client.for("jobs.batch").updateStatus(next);
      memory.wrote(written);
      return { ...written, kind: "Job", apiVersion: "batch/v1" };
    },
    recorded: () => memory.setBackoff(key, state.backoff),
    releasing: (pod, begins) => memory.releasing(key, pod.metadata.uid, begins),
  });
  if (failure !== undefined) throw failure;
  return undefined;
}

interface Managed {
  /** The conditions say something new. */
  changed: boolean;
  failure: Error | undefined;
}

async function manage(
  state: SyncState,
  key: string,
  settled: boolean,
  context: ControllerContext,
): Promise<Managed> {
  const { job, active } = state;
  const nowMs = context.clock.now();
  if (state.finished !== undefined) {
    const failure = await deletePods(active, state, context, { releases: false });
    // A Pod that is still there, or not in the cache yet, would be left behind with its finalizer.
    if (failure !== undefined || !settled) state.finished = undefined;
    return { changed: false, failure };
  }
  const manages = settled && job.metadata.deletionTimestamp === undefined;
  const failure = manages
    ? await applyPlan(planPods(state, nowMs), key, state, context)
    : undefined;
  const { completions } = job.spec;
  const enough = completions === undefined ? state.succeeded > 0 : state.succeeded >= completions;
  if (enough && state.activeCount === 0) {
    const message = "Reached expected number of succeeded pods";
    state.finished = jobCondition(
      "SuccessCriteriaMet",
      "True",
      "CompletionsReached",
      message,
      nowMs,
    );
    return { changed: false, failure };
  }
  return { changed: manages && markSuspension(state, nowMs, context), failure };
}

function markSuspension(state: SyncState, nowMs: number, { recorder }: ControllerContext): boolean {
  const { job, status } = state;
  const suspended = isSuspended(job);
  const condition = suspended
    ? jobCondition("Suspended", "True", "JobSuspended", "Job suspended", nowMs)
    : jobCondition("Suspended", "False", "JobResumed", "Job resumed", nowMs);
  const conditions = changedConditions(status.conditions, condition);
  if (conditions === undefined) return false;
  status.conditions = conditions;
  const [reason, message] = suspended ? ["Suspended", "Job suspended"] : ["Resumed", "Job resumed"];
  recorder.event(job as EventSubject, "Normal", reason, message);
  // The deadline does not run while the Job is suspended.
  status.startTime = suspended ? undefined : formatTime(nowMs);
  return true;
}
