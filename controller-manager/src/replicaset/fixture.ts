// Pods for tests, as short as their differences.
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { formatTime } from "@coracle/shared/runtime/clock";

export const START = Date.UTC(2026, 0, 1);

export interface PodFacts {
  node?: string;
  phase?: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
  /** Seconds after {@link START}. */
  readySince?: number;
  created?: number;
  deleting?: boolean;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  restarts?: number;
  /** Uid of the ReplicaSet. */
  owner?: string;
}

export function pod(name: string, facts: PodFacts = {}): Pod {
  const { phase = "Running", readySince, created = 0, restarts = 0, owner } = facts;
  const time = (seconds: number) => formatTime(START + seconds * 1000);
  return {
    kind: "Pod",
    apiVersion: "v1",
    metadata: {
      name,
      namespace: "default",
      uid: `uid-${name}`,
      resourceVersion: "1",
      creationTimestamp: time(created),
      deletionTimestamp: facts.deleting ? time(0) : undefined,
      labels: facts.labels ?? { app: "web" },
      annotations: facts.annotations,
      ownerReferences:
        owner === undefined
          ? undefined
          : [
              {
                apiVersion: "apps/v1",
                kind: "ReplicaSet",
                name: "web",
                uid: owner,
                controller: true,
              },
            ],
    },
    spec: { nodeName: facts.node, containers: [{ name: "c", image: "i" }] },
    status: {
      phase,
      conditions:
        readySince === undefined
          ? []
          : [{ type: "Ready", status: "True", lastTransitionTime: time(readySince) }],
      containerStatuses: [
        {
          name: "c",
          image: "i",
          imageID: "",
          ready: readySince !== undefined,
          restartCount: restarts,
        },
      ],
    },
  };
}
