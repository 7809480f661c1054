// Which changes of an object give some of a quota back or take more of it: creations are charged by admission, which does
// not see what the cluster itself does later (upstream: pkg/quota/v1/install update_filter.go).
import type { KubernetesObject, ResourceName } from "@coracle/shared/api/resources";
import type {
  ContainerStatus,
  PersistentVolumeClaim,
  Pod,
  Service,
} from "@coracle/shared/api/types/core-v1";
import { isClaimRecounted } from "@coracle/shared/machinery/quota/claims";
import { isCharged, isTerminatingByDeadline } from "@coracle/shared/machinery/quota/pods";

function resourcesChanged(pod: Pod, old: Pod): boolean {
  const statuses = ({ status }: Pod): ContainerStatus[] => [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
  ];
  const now = statuses(pod);
  return statuses(old).some(({ name, resources }) => {
    const same = now.find((status) => status.name === name);
    return same !== undefined && JSON.stringify(same.resources) !== JSON.stringify(resources);
  });
}

function isPodRecounted(pod: Pod, old: Pod, now: number): boolean {
  if (resourcesChanged(pod, old)) return true;
  if (isTerminatingByDeadline(pod) !== isTerminatingByDeadline(old)) return true;
  return isCharged(old, now) && !isCharged(pod, now);
}

const countedType = ({ spec }: Service): string =>
  spec.type === "NodePort" || spec.type === "LoadBalancer" ? spec.type : "";

/** Of two states of one object, `now` in milliseconds. */
export function isRecounted(
  resource: ResourceName,
  object: KubernetesObject,
  old: KubernetesObject,
  now: number,
): boolean {
  switch (resource) {
    case "pods":
      return isPodRecounted(object as Pod, old as Pod, now);
    case "services":
      return countedType(object as Service) !== countedType(old as Service);
    case "persistentvolumeclaims":
      return isClaimRecounted(object as PersistentVolumeClaim, old as PersistentVolumeClaim);
    default:
      return false;
  }
}
