// What becomes of an object whose owners may be gone. Pure. (upstream: attemptToDeleteItem)
import type { OwnerReference } from "@coracle/shared/api/types/meta-v1";
import { awaitsDependents, FOREGROUND, type GraphNode, ORPHAN } from "./graph.ts";

/**
 * An owner is there (solid), is gone (dangling), or is there and waits for its dependents to go.
 */
export type OwnerState = "solid" | "dangling" | "waiting";

export interface ClassifiedOwner {
  reference: OwnerReference;
  state: OwnerState;
}

export type CollectionPlan =
  | { type: "keep" }
  /** Some other owner keeps it: drop the references to these uids. */
  | { type: "dropOwners"; uids: string[] }
  | {
      type: "delete";
      policy: "Background" | "Foreground" | "Orphan";
      /**
       * First stop blocking its owners: they, it and its dependents may wait for each other in a
       * circle.
       */
      unblockOwners: boolean;
    };

export function planCollection(
  node: GraphNode,
  owners: readonly ClassifiedOwner[],
  dependents: readonly GraphNode[],
): CollectionPlan {
  const gone = owners.filter(({ state }) => state !== "solid");
  if (gone.length === 0) return { type: "keep" };
  if (gone.length < owners.length) {
    return { type: "dropOwners", uids: gone.map(({ reference }) => reference.uid) };
  }
  const isAwaited = owners.some(({ state }) => state === "waiting");
  if (isAwaited && dependents.length > 0) {
    const unblockOwners = dependents.some(awaitsDependents);
    return { type: "delete", policy: "Foreground", unblockOwners };
  }
  const { finalizers = [] } = node.metadata;
  const policy = finalizers.includes(ORPHAN)
    ? "Orphan"
    : finalizers.includes(FOREGROUND)
      ? "Foreground"
      : "Background";
  return { type: "delete", policy, unblockOwners: false };
}
