// What the containers of a Pod ask for together: the larger of the running containers' sum and the largest moment of
// initialisation, sidecars counted from their start on (upstream: component-helpers/resource).
import type { PodSpec } from "@coracle/shared/api/types/core-v1";
import { isSidecar } from "@coracle/shared/machinery/pod-resources";
import { addTo, type ResourceList, raiseTo } from "./resource-lists.ts";

export function containerSums(spec: PodSpec, side: "requests" | "limits"): ResourceList {
  const sums: ResourceList = {};
  for (const container of spec.containers ?? []) addTo(sums, container.resources?.[side]);
  const sidecars: ResourceList = {};
  const initialisation: ResourceList = {};
  for (const container of spec.initContainers ?? []) {
    const list = container.resources?.[side];
    if (isSidecar(container)) {
      addTo(sums, list);
      addTo(sidecars, list);
      raiseTo(initialisation, sidecars);
    } else {
      const moment: ResourceList = {};
      addTo(moment, list);
      addTo(moment, sidecars);
      raiseTo(initialisation, moment);
    }
  }
  raiseTo(sums, initialisation);
  return sums;
}
