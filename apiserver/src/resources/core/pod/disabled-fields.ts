// Fields of features that are off by default in 1.36: the server drops them without a word (upstream: api/pod
// DropDisabledPodFields). A Pod that has one already could keep it, but none can have got it here.
import type { PodSpec, PodStatus } from "@coracle/shared/api/types/core-v1";
import { visitContainers } from "./visit-containers.ts";

/** ContainerStopSignals, ClusterTrustBundleProjection, PodCertificateRequest, GenericWorkload. Mutates. */
export function dropDisabledSpecFields(spec: PodSpec): void {
  if (spec.schedulingGroup !== undefined) delete spec.schedulingGroup;
  for (const volume of spec.volumes ?? []) {
    for (const source of volume.projected?.sources ?? []) {
      if (source.clusterTrustBundle !== undefined) delete source.clusterTrustBundle;
      if (source.podCertificate !== undefined) delete source.podCertificate;
    }
  }
  visitContainers(spec, "", (container) => {
    const { lifecycle } = container;
    if (lifecycle?.stopSignal === undefined) return;
    delete lifecycle.stopSignal;
    if (!lifecycle.postStart && !lifecycle.preStop) delete container.lifecycle;
  });
}

/** DRANodeAllocatableResources, ImageVolumeWithDigest. Mutates. */
export function dropDisabledStatusFields(status: PodStatus): void {
  if (status.nodeAllocatableResourceClaimStatuses !== undefined) {
    delete status.nodeAllocatableResourceClaimStatuses;
  }
  const lists = [
    status.initContainerStatuses,
    status.containerStatuses,
    status.ephemeralContainerStatuses,
  ];
  for (const list of lists) {
    for (const container of list ?? []) {
      for (const mount of container.volumeMounts ?? []) {
        if (mount.volumeStatus !== undefined) delete mount.volumeStatus;
      }
    }
  }
}
