// Jobs and their Pods for tests, as short as their differences.
import type { Job, JobSpec, JobStatus } from "@coracle/shared/api/types/batch-v1";
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { type PodFacts, pod, START } from "../replicaset/fixture.ts";
import { NO_FAILURES } from "./backoff.ts";
import { COMPLETION_INDEX, INDEX_FAILURES, TRACKING_FINALIZER } from "./job-pods.ts";
import { observe, type SyncState } from "./sync-state.ts";

/** A minute after the Pods' start. */
export const NOW = START + 60_000;

export const job = (spec: Partial<JobSpec> = {}, status: JobStatus = {}): Job => ({
  kind: "Job",
  apiVersion: "batch/v1",
  metadata: {
    name: "work",
    namespace: "default",
    uid: "uid-work",
    resourceVersion: "1",
    generation: 1,
    creationTimestamp: "2026-01-01T00:00:00Z",
  },
  spec: {
    parallelism: 1,
    backoffLimit: 6,
    template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } },
    ...spec,
  },
  status,
});

export interface JobPodFacts extends PodFacts {
  index?: number;
  failures?: number;
  exitCode?: number;
  /** It has been counted. */
  released?: boolean;
}

export function jobPod(name: string, facts: JobPodFacts = {}): Pod {
  const { index, failures, exitCode, released = false } = facts;
  const made = pod(name, {
    ...facts,
    annotations: {
      ...(index !== undefined && { [COMPLETION_INDEX]: String(index) }),
      ...(failures !== undefined && { [INDEX_FAILURES]: String(failures) }),
    },
  });
  if (!released) made.metadata.finalizers = [TRACKING_FINALIZER];
  const [container] = made.status?.containerStatuses ?? [];
  if (container !== undefined && exitCode !== undefined) {
    const finishedAt = made.metadata.creationTimestamp;
    container.state = { terminated: { exitCode, finishedAt } };
  }
  return made;
}

export const look = (subject: Job, pods: Pod[], nowMs = NOW): SyncState =>
  observe({ job: subject, pods, released: new Set(), backoff: NO_FAILURES }, nowMs);
