// The default profile: its plugins in upstream's order, as far as they are built (docs/differences.md lists the rest).
import type { Profile } from "./framework.ts";
import { balancedAllocation } from "./plugins/balanced-allocation.ts";
import { nodeAffinityFilter, nodeAffinityScore } from "./plugins/node-affinity.ts";
import { nodeName } from "./plugins/node-name.ts";
import { leastAllocated, nodeResourcesFit } from "./plugins/node-resources-fit.ts";
import { nodeUnschedulable } from "./plugins/node-unschedulable.ts";
import { taintTolerationFilter, taintTolerationScore } from "./plugins/taint-toleration.ts";

export const defaultProfile: Profile = {
  schedulerName: "default-scheduler",
  filters: [
    nodeUnschedulable,
    nodeName,
    taintTolerationFilter,
    nodeAffinityFilter,
    nodeResourcesFit,
  ],
  scores: [taintTolerationScore, nodeAffinityScore, leastAllocated, balancedAllocation],
};
