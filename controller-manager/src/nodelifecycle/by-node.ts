// The index that finds the Pods of a node.
import type { Pod } from "@coracle/shared/api/types/core-v1";

/** Name of the index. */
export const BY_NODE = "node";

/** Indexer for {@link BY_NODE}: Pods without a node are not in it. */
export const byNode = ({ spec }: Pod): string[] =>
  (spec.nodeName ?? "") === "" ? [] : [spec.nodeName as string];
