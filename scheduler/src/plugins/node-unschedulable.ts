import type { FilterPlugin } from "../framework.ts";
import { tolerates } from "./taint-toleration.ts";

const TAINT = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" } as const;
const REASON = ["node(s) were unschedulable"];

/** Cordoned nodes, unless the Pod tolerates that (upstream: nodeunschedulable). */
export const nodeUnschedulable: FilterPlugin = {
  name: "NodeUnschedulable",
  retryOn: ["NodeAdded", "NodeSchedulableChanged"],
  filter(pod, nodes, verdicts) {
    if (nodes.unschedulableCount === 0 || tolerates(pod.tolerations, TAINT)) return;
    for (let row = 0; row < nodes.size; row++) {
      if (nodes.unschedulable[row] === 1 && !verdicts.isRejected(row)) {
        verdicts.reject(row, REASON, false);
      }
    }
  },
};
