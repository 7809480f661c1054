// A Pod's quality of service, from cpu and memory of all its containers, or of the Pod itself where it has resources of its
// own (upstream: core helper/qos).
import type { PodSpec, PodStatus, ResourceRequirements } from "@coracle/shared/api/types/core-v1";
import { milliValue } from "@coracle/shared/machinery/quantity";

type QosClass = NonNullable<PodStatus["qosClass"]>;

/** In thousandths; 0 where nothing is asked for. */
interface Sums {
  cpu: number;
  memory: number;
}

/** False unless both cpu and memory are positive in `list`. */
function addPositive(sums: Sums, list: Record<string, string> | undefined): boolean {
  const cpu = list?.cpu === undefined ? 0 : milliValue(list.cpu);
  const memory = list?.memory === undefined ? 0 : milliValue(list.memory);
  if (cpu > 0) sums.cpu += cpu;
  if (memory > 0) sums.memory += memory;
  return cpu > 0 && memory > 0;
}

export function qosClassOf(spec: PodSpec): QosClass {
  const requests: Sums = { cpu: 0, memory: 0 };
  const limits: Sums = { cpu: 0, memory: 0 };
  let guaranteed = true;
  const add = (resources: ResourceRequirements | undefined) => {
    addPositive(requests, resources?.requests);
    if (!addPositive(limits, resources?.limits)) guaranteed = false;
  };
  if (spec.resources) add(spec.resources);
  else {
    for (const container of spec.containers ?? []) add(container.resources);
    for (const container of spec.initContainers ?? []) add(container.resources);
  }
  const { cpu, memory } = requests;
  if (cpu === 0 && memory === 0 && limits.cpu === 0 && limits.memory === 0) return "BestEffort";
  return guaranteed && cpu === limits.cpu && memory === limits.memory ? "Guaranteed" : "Burstable";
}
