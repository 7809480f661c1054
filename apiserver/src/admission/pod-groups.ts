// What admission does to a PodGroup (upstream's plugins Priority, PodGroupProtection, PodGroupWorkloadExists): it gets its
// priority and a finalizer, and the Workload that it was made of has to be there.
import type { PodGroup, Workload } from "@coracle/shared/api/types/scheduling-v1alpha2";
import type { ResourceTable } from "../registry/resource-table.ts";
import { type AdmissionPlugin, type Attributes, refusal } from "./chain.ts";
import type { PriorityClasses } from "./priority-classes.ts";

const FINALIZER = "scheduling.k8s.io/podgroup-protection";

export function podGroups(resources: ResourceTable, classes: PriorityClasses): AdmissionPlugin {
  const groups = resources.named("podgroups.scheduling.k8s.io");
  const workloads = resources.named("workloads.scheduling.k8s.io");
  const created = ({ operation, resource, subresource, object }: Attributes) =>
    operation === "CREATE" && resource === groups && subresource === ""
      ? (object as unknown as PodGroup)
      : undefined;
  return {
    name: "PodGroup",
    admit(attributes) {
      const group = created(attributes);
      if (group === undefined) return;
      setPriority(group, attributes, classes);
      const given = group.metadata.finalizers ?? [];
      if (!given.includes(FINALIZER)) group.metadata.finalizers = [...given, FINALIZER];
    },
    validate(attributes) {
      const reference = created(attributes)?.spec.podGroupTemplateRef?.workload;
      if (!reference) return;
      const { workloadName, podGroupTemplateName } = reference;
      const cached = workloads.cache.get(attributes.namespace, workloadName);
      const reject = (why: string) => refusal(attributes, `PodGroup rejected: ${why}`);
      if (cached === undefined) throw reject(`Workload ${JSON.stringify(workloadName)} not found`);
      const workload = JSON.parse(cached.bytes.toString()) as Workload;
      const quoted = JSON.stringify(workloadName);
      if (workload.metadata.deletionTimestamp !== undefined) {
        throw reject(`Workload ${quoted} is being deleted`);
      }
      if (workload.spec.podGroupTemplates.some(({ name }) => name === podGroupTemplateName)) return;
      const template = JSON.stringify(podGroupTemplateName);
      throw reject(`PodGroupTemplate ${template} not found in Workload ${quoted}`);
    },
  };
}

function setPriority({ spec }: PodGroup, attributes: Attributes, classes: PriorityClasses): void {
  const { priorityClassName: name, priority } = spec;
  const found = name ? classes.get(name) : (classes.default() ?? { name: undefined, value: 0 });
  if (found === undefined)
    throw refusal(attributes, `no PriorityClass with name ${name} was found`);
  if (priority !== undefined && priority !== found.value) {
    const why = `priority set in the pod group (${priority}) must match the priority computed (${found.value}) based on the priority class set in the spec`;
    throw refusal(attributes, why);
  }
  spec.priority = found.value;
  if (!name && found.name !== undefined) spec.priorityClassName = found.name;
}
