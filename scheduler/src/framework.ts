// The contract of a scheduling plugin. A plugin decides for all nodes at once, on the arrays of the node table; it never
// sees a client. A scheduling cycle runs without interruption, so the table is its snapshot.
import type { NodeTable } from "./node-table.ts";
import type { PodFacts } from "./pod-facts.ts";
import type { Verdicts } from "./verdicts.ts";

/** What may happen in the cluster that lets a Pod fit which did not. */
export type ClusterEvent =
  | "NodeAdded"
  | "NodeAllocatableChanged"
  | "NodeLabelsChanged"
  | "NodeTaintsChanged"
  | "NodeSchedulableChanged"
  | "PodRemoved";

export interface FilterPlugin {
  name: string;
  /** Events after which a Pod that this plugin kept off a node is worth another try. */
  retryOn: readonly ClusterEvent[];
  /** Rejects nodes that the Pod cannot run on; looks only at those that no plugin before rejected. */
  filter(pod: PodFacts, nodes: NodeTable, verdicts: Verdicts): void;
}

export interface ScorePlugin {
  name: string;
  weight: number;
  /**
   * Sets `scores[i]` in [0, 100] for each of the `count` first entries of `feasible` (indices into the table). False: the
   * plugin has no opinion on this Pod.
   */
  score(
    pod: PodFacts,
    nodes: NodeTable,
    feasible: Int32Array,
    count: number,
    scores: Float64Array,
  ): boolean;
}

export interface Profile {
  schedulerName: string;
  filters: readonly FilterPlugin[];
  scores: readonly ScorePlugin[];
}
