import type { FilterPlugin } from "../framework.ts";

const REASON = ["node(s) didn't match the requested node name"];

/** A Pod that names its node (upstream: nodename). */
export const nodeName: FilterPlugin = {
  name: "NodeName",
  retryOn: ["NodeAdded"],
  filter({ pod }, nodes, verdicts) {
    const wanted = pod.spec.nodeName ?? "";
    if (wanted === "") return;
    const only = nodes.indexOf(wanted);
    for (let row = 0; row < nodes.size; row++) {
      if (row !== only && !verdicts.isRejected(row)) verdicts.reject(row, REASON, false);
    }
  },
};
