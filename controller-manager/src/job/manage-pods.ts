// Carries out a Job's plan.
import type { Draft } from "@coracle/shared/api/resources";
import type { Container, Pod, PodTemplateSpec } from "@coracle/shared/api/types/core-v1";
import type { ControllerContext } from "@coracle/shared/controller/controller";
import { controllerReference } from "@coracle/shared/machinery/owner-references";
import { isNotFound } from "@coracle/shared/machinery/status-error";
import { isNamespaceTerminating } from "../namespace/terminating-cause.ts";
import { createPod, deletePod, podOf } from "../replicaset/pod-control.ts";
import { readySinceMs } from "../replicaset/pod-state.ts";
import { slowStart } from "../replicaset/slow-start.ts";
import {
  COMPLETION_INDEX,
  failureAnnotations,
  isIndexed,
  isTracked,
  limitsIndexes,
  TRACKING_FINALIZER,
} from "./job-pods.ts";
import type { JobPlan } from "./plan.ts";
import type { SyncState } from "./sync-state.ts";

const INDEX_VARIABLE = "JOB_COMPLETION_INDEX";
/** Of a generated name, before its random end. */
const PREFIX_LENGTH_MAX = 58;

/** Brings the counts up to date; returns what failed, if something did. */
export async function applyPlan(
  plan: JobPlan,
  key: string,
  state: SyncState,
  context: ControllerContext,
): Promise<Error | undefined> {
  switch (plan.type) {
    case "none":
      return undefined;
    case "wait":
      context.enqueueAfter(key, plan.delayMs);
      return undefined;
    case "delete":
      context.expectations.expectDeletions(
        key,
        plan.pods.map(({ metadata }) => metadata.uid),
      );
      return deletePods(plan.pods, state, context, {
        releases: true,
        failed: (pod) => context.expectations.deletionObserved(key, pod.metadata.uid),
      });
    case "create":
      return createPods(plan, key, state, context);
  }
}

async function createPods(
  { count, indexes = [] }: JobPlan & { type: "create" },
  key: string,
  state: SyncState,
  context: ControllerContext,
): Promise<Error | undefined> {
  const { expectations } = context;
  const pods = [...indexes];
  expectations.expectCreations(key, count);
  const { successes, error } = await slowStart(count, async () => {
    const pod = podFor(state, pods.shift());
    try {
      await createPod(pod, state.job, context);
    } catch (failure) {
      // Whatever is created there would go away with the namespace.
      if (!isNamespaceTerminating(failure)) throw failure;
    }
  });
  expectations.creationObserved(key, count - successes);
  state.activeCount += successes;
  return error;
}

function podFor({ job, delayed }: SyncState, index: number | undefined): Draft<Pod> {
  const pod = podOf(job.spec.template, job, controllerReference(job, "batch/v1", "Job"));
  const { finalizers = [] } = pod.metadata;
  const tracked = finalizers.includes(TRACKING_FINALIZER);
  pod.metadata.finalizers = tracked ? finalizers : [...finalizers, TRACKING_FINALIZER];
  if (!isIndexed(job) || index === undefined) return pod;
  const { name } = job.metadata;
  const suffix = `-${index}-`;
  const failures = limitsIndexes(job) ? failureAnnotations(job, delayed.get(index)) : {};
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      generateName: name.slice(0, PREFIX_LENGTH_MAX - suffix.length) + suffix,
      annotations: { ...pod.metadata.annotations, [COMPLETION_INDEX]: String(index), ...failures },
      labels: { ...pod.metadata.labels, [COMPLETION_INDEX]: String(index) },
    },
    spec: { ...withIndexVariable(job.spec.template), hostname: `${name}-${index}` },
  };
}

function withIndexVariable({ spec }: PodTemplateSpec): Pod["spec"] {
  const fieldPath = `metadata.labels['${COMPLETION_INDEX}']`;
  const variable = { name: INDEX_VARIABLE, valueFrom: { fieldRef: { fieldPath } } };
  const withVariable = <C extends Pick<Container, "env">>(container: C): C =>
    container.env?.some(({ name }) => name === INDEX_VARIABLE)
      ? container
      : { ...container, env: [...(container.env ?? []), variable] };
  const { containers, initContainers, ...rest } = spec as Pod["spec"];
  return {
    ...rest,
    containers: containers.map(withVariable),
    ...(initContainers && { initContainers: initContainers.map(withVariable) }),
  };
}

interface Deletion {
  /** Without counting them: they were not needed. */
  releases: boolean;
  /** The Pod was not deleted, and nobody will see it go. */
  failed?(pod: Pod): void;
}

/** Brings the counts up to date; returns what failed, if something did. A Pod that is gone counts as deleted. */
export async function deletePods(
  pods: readonly Pod[],
  state: SyncState,
  context: ControllerContext,
  { releases, failed }: Deletion,
): Promise<Error | undefined> {
  let failure: Error | undefined;
  await Promise.all(
    pods.map(async (pod) => {
      const wasReady = readySinceMs(pod) !== undefined;
      try {
        if (releases && isTracked(pod)) await releasePod(pod, context);
        await deletePod(pod, state.job, context);
      } catch (error) {
        failed?.(pod);
        if (!isNotFound(error)) {
          failure ??= error as Error;
          return;
        }
      }
      state.activeCount--;
      state.terminatingCount++;
      if (wasReady) state.readyCount--;
    }),
  );
  return failure;
}

/** Takes the finalizer off. */
export async function releasePod(
  { metadata }: Pod,
  { client }: Pick<ControllerContext, "client">,
): Promise<void> {
  const { name, namespace } = metadata;
  const patch = { metadata: { "$deleteFromPrimitiveList/finalizers": [TRACKING_FINALIZER] } };
  await client.for("pods").patch(name, patch, { namespace });
}
