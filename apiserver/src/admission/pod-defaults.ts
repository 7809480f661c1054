// ServiceAccount, Priority, DefaultTolerationSeconds and RuntimeClass: what upstream's default plugins fill into a new Pod.
import type { Pod, ServiceAccount } from "@coracle/shared/api/types/core-v1";
import type { RuntimeClass } from "@coracle/shared/api/types/node-v1";
import type { Random } from "@coracle/shared/runtime/random";
import type { ResourceTable } from "../registry/resource-table.ts";
import { admitPod, admitPodUpdate, type PodAdmission } from "../resources/core/pod/admission.ts";
import { validateOverhead } from "../resources/core/pod/class-admission.ts";
import type { AdmissionPlugin } from "./chain.ts";
import { ObjectLister } from "./object-lister.ts";
import type { PriorityClasses } from "./priority-classes.ts";

export function podDefaults(
  resources: ResourceTable,
  priorityClasses: PriorityClasses,
  random: Random,
): AdmissionPlugin {
  const pods = resources.named("pods");
  const accounts = new ObjectLister<ServiceAccount>(resources.named("serviceaccounts"));
  const runtimeClasses = new ObjectLister<RuntimeClass>(
    resources.named("runtimeclasses.node.k8s.io"),
  );
  /** One for all Pods: it is looked at only while a Pod is admitted. */
  const context: PodAdmission = {
    serviceAccount: undefined,
    priorityClass: (name) => priorityClasses.get(name),
    defaultPriorityClass: () => priorityClasses.default(),
    runtimeClass: (name) => runtimeClasses.get("", name),
    random,
  };

  return {
    name: "PodDefaults",
    admit({ operation, resource, subresource, namespace, object, old }) {
      if (resource !== pods || subresource !== "") return;
      const pod = object as unknown as Pod;
      if (operation === "UPDATE") admitPodUpdate(pod, old as unknown as Pod);
      if (operation !== "CREATE") return;
      const name = pod.spec.serviceAccountName || "default";
      context.serviceAccount = accounts.get(namespace, name);
      admitPod(pod, context);
    },
    validate({ operation, resource, subresource, object }) {
      if (operation !== "CREATE" || resource !== pods || subresource !== "") return;
      validateOverhead(object as unknown as Pod, context);
    },
  };
}
