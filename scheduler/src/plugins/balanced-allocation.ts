import type { ScorePlugin } from "../framework.ts";

const MAX = 100;

/** The closer the shares of cpu and memory in use are, the better (upstream: noderesources.BalancedAllocation). */
export const balancedAllocation: ScorePlugin = {
  name: "NodeResourcesBalancedAllocation",
  weight: 1,
  score(pod, nodes, feasible, count, scores) {
    if (pod.milliCpu === 0 && pod.memoryBytes === 0) return false; // upstream skips best-effort Pods
    for (let i = 0; i < count; i++) {
      const row = feasible[i] as number;
      const cpu = share(
        (nodes.usedMilliCpu[row] as number) + pod.milliCpu,
        nodes.milliCpu[row] as number,
      );
      const memory = share(
        (nodes.usedMemoryBytes[row] as number) + pod.memoryBytes,
        nodes.memoryBytes[row] as number,
      );
      scores[i] = Math.floor((1 - Math.abs(cpu - memory) / 2) * MAX);
    }
    return true;
  },
};

function share(used: number, capacity: number): number {
  return capacity === 0 ? 1 : Math.min(1, used / capacity);
}
