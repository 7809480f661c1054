// Deployments and ReplicaSets for tests, as short as their differences.
import type { Deployment, DeploymentSpec, ReplicaSet } from "@coracle/shared/api/types/apps-v1";
import type { PodTemplateSpec } from "@coracle/shared/api/types/core-v1";
import { DESIRED_REPLICAS, MAX_REPLICAS, REVISION } from "./revision.ts";
import { TEMPLATE_HASH_LABEL } from "./template-hash.ts";

const metadata = (name: string) => ({
  name,
  namespace: "default",
  uid: `uid-${name}`,
  resourceVersion: "1",
  generation: 1,
  creationTimestamp: "2026-01-01T00:00:00Z",
});

export const template = (image: string): PodTemplateSpec => ({
  metadata: { labels: { app: "web" } } as unknown as PodTemplateSpec["metadata"],
  spec: { containers: [{ name: "c", image }] },
});

/** Runs image `new`; 25 % up and down unless told otherwise. */
export function deployment(
  replicas: number,
  spec: Partial<DeploymentSpec> = {},
  rest: Partial<Omit<Deployment, "spec">> = {},
): Deployment {
  return {
    kind: "Deployment",
    apiVersion: "apps/v1",
    metadata: metadata("web"),
    status: {},
    ...rest,
    spec: {
      replicas,
      selector: { matchLabels: { app: "web" } },
      template: template("new"),
      strategy: {
        type: "RollingUpdate",
        rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" },
      },
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      ...spec,
    },
  };
}

export interface ReplicaSetFacts {
  replicas: number;
  available?: number;
  /** Pods there are. Default: as many as wanted. */
  actual?: number;
  image?: string;
  revision?: number;
  /** The Deployment's size, and its size with surge, when this ReplicaSet was last scaled. */
  sizes?: [desired: number, max: number];
  /** Minutes after the first one. */
  age?: number;
}

export function replicaSet(name: string, facts: ReplicaSetFacts): ReplicaSet {
  const { replicas, actual = replicas, available = 0, image = name, revision, sizes } = facts;
  const pods = template(image);
  const annotations: Record<string, string> = {};
  if (revision !== undefined) annotations[REVISION] = String(revision);
  if (sizes !== undefined) {
    annotations[DESIRED_REPLICAS] = String(sizes[0]);
    annotations[MAX_REPLICAS] = String(sizes[1]);
  }
  const minutes = String(facts.age ?? 0).padStart(2, "0");
  return {
    kind: "ReplicaSet",
    apiVersion: "apps/v1",
    metadata: {
      ...metadata(name),
      annotations,
      creationTimestamp: `2026-01-01T00:${minutes}:00Z`,
    },
    spec: {
      replicas,
      selector: {},
      template: {
        ...pods,
        metadata: {
          ...pods.metadata,
          labels: { app: "web", [TEMPLATE_HASH_LABEL]: `hash-${name}` },
        } as unknown as PodTemplateSpec["metadata"],
      },
    },
    status: {
      replicas: actual,
      readyReplicas: available,
      availableReplicas: available,
      terminatingReplicas: 0,
      observedGeneration: 1,
    },
  };
}
