// A Pod fits whole or not at all: everything that it asks for, and one more Pod (upstream: noderesources.Fit, with the
// LeastAllocated strategy for its score).
import type { FilterPlugin, ScorePlugin } from "../framework.ts";
import type { NodeTable } from "../node-table.ts";
import type { PodFacts } from "../pod-facts.ts";

const TOO_MANY_PODS = "Too many pods";

/** Every shortfall of the node, and whether an empty node would do. */
function shortfalls(
  pod: PodFacts,
  nodes: NodeTable,
  row: number,
): { reasons: string[]; resolvable: boolean } {
  const reasons: string[] = [];
  let resolvable = true;
  const check = (name: string, wanted: number, used: number, has: number) => {
    if (wanted === 0 || wanted <= has - used) return;
    reasons.push(`Insufficient ${name}`);
    if (wanted > has) resolvable = false;
  };
  const at = (column: Float64Array) => column[row] as number;
  if (at(nodes.pods) + 1 > at(nodes.podsMax)) reasons.push(TOO_MANY_PODS);
  check("cpu", pod.milliCpu, at(nodes.usedMilliCpu), at(nodes.milliCpu));
  check("memory", pod.memoryBytes, at(nodes.usedMemoryBytes), at(nodes.memoryBytes));
  check(
    "ephemeral-storage",
    pod.ephemeralStorageBytes,
    at(nodes.usedEphemeralStorageBytes),
    at(nodes.ephemeralStorageBytes),
  );
  for (const [name, amount] of pod.others) {
    const used = nodes.othersRequested[row]?.get(name) ?? 0;
    check(name, amount, used, nodes.othersAllocatable[row]?.get(name) ?? 0);
  }
  return { reasons, resolvable };
}

export const nodeResourcesFit: FilterPlugin = {
  name: "NodeResourcesFit",
  retryOn: ["NodeAdded", "NodeAllocatableChanged", "PodRemoved"],
  filter(pod, nodes, verdicts) {
    const { milliCpu, memoryBytes, ephemeralStorageBytes } = pod;
    const hasOthers = pod.others.length > 0;
    for (let row = 0; row < nodes.size; row++) {
      if (nodes.nodes[row] === undefined || verdicts.isRejected(row)) continue;
      const fits =
        (nodes.pods[row] as number) < (nodes.podsMax[row] as number) &&
        (milliCpu === 0 ||
          milliCpu <= (nodes.milliCpu[row] as number) - (nodes.usedMilliCpu[row] as number)) &&
        (memoryBytes === 0 ||
          memoryBytes <=
            (nodes.memoryBytes[row] as number) - (nodes.usedMemoryBytes[row] as number)) &&
        ephemeralStorageBytes === 0 &&
        !hasOthers;
      if (fits) continue;
      const { reasons, resolvable } = shortfalls(pod, nodes, row);
      if (reasons.length > 0) verdicts.reject(row, reasons, resolvable);
    }
  },
};

const MAX = 100;

/** The more of a node stays free, the better: the mean of cpu and memory. */
export const leastAllocated: ScorePlugin = {
  name: "NodeResourcesFit",
  weight: 1,
  score(pod, nodes, feasible, count, scores) {
    for (let i = 0; i < count; i++) {
      const row = feasible[i] as number;
      const cpu = freeScore(
        nodes.milliCpu[row] as number,
        (nodes.scoreMilliCpu[row] as number) + pod.scoreMilliCpu,
      );
      const memory = freeScore(
        nodes.memoryBytes[row] as number,
        (nodes.scoreMemoryBytes[row] as number) + pod.scoreMemoryBytes,
      );
      scores[i] = Math.floor((cpu + memory) / 2);
    }
    return true;
  },
};

function freeScore(capacity: number, used: number): number {
  return capacity === 0 || used > capacity ? 0 : Math.floor(((capacity - used) * MAX) / capacity);
}
