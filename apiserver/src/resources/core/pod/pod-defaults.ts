// Defaults of Pods and of the templates in workloads. A Pod gets more than a template does: requests copied from limits,
// host ports, service links (upstream: core/v1 SetDefaults_Pod against SetDefaults_PodSpec).

import type {
  Container,
  Pod,
  PodSpec,
  PodStatus,
  PodTemplateSpec,
} from "@coracle/shared/api/types/core-v1";
import { ownValue } from "@coracle/shared/machinery/own-value";
import { setContainerDefaults } from "./container-defaults.ts";
import { containerSums } from "./container-sums.ts";
import {
  allowsOvercommit,
  isHugePage,
  isPodLevelResource,
  type ResourceList,
  storeResourceList,
} from "./resource-lists.ts";
import { setVolumeDefaults } from "./volume-defaults.ts";

/** What a Pod and a template share. Mutates; idempotent. */
export function setPodSpecDefaults(spec: PodSpec): void {
  spec.dnsPolicy ||= "ClusterFirst";
  spec.restartPolicy ||= "Always";
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ||= "default-scheduler";
  for (const volume of spec.volumes ?? []) setVolumeDefaults(volume);
  for (const container of spec.initContainers ?? []) setContainerDefaults(container);
  for (const container of spec.containers ?? []) setContainerDefaults(container);
  for (const container of spec.ephemeralContainers ?? []) setContainerDefaults(container);
  storeResourceList(spec.overhead);
  storeResourceList(spec.resources?.limits);
  storeResourceList(spec.resources?.requests);
  mirrorServiceAccount(spec);
}

/** `serviceAccount` is the old name of `serviceAccountName`, which wins; both are served. */
export function mirrorServiceAccount(spec: PodSpec): void {
  if (!spec.serviceAccountName && spec.serviceAccount)
    spec.serviceAccountName = spec.serviceAccount;
  if (!spec.serviceAccountName) delete spec.serviceAccount;
  else if (spec.serviceAccount !== spec.serviceAccountName) {
    spec.serviceAccount = spec.serviceAccountName;
  }
}

export function setPodDefaults(pod: Pod): void {
  pod.spec ??= {} as PodSpec;
  pod.status ??= {};
  const { spec } = pod;
  for (const container of spec.containers ?? []) setRequestDefaults(container);
  for (const container of spec.initContainers ?? []) setRequestDefaults(container);
  setPodSpecDefaults(spec);
  setPodResourceDefaults(spec);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork) {
    setHostPorts(spec.containers);
    setHostPorts(spec.initContainers);
  }
  // A template keeps a negative period, a Pod never shows one.
  if ((spec.terminationGracePeriodSeconds as number) < 0) spec.terminationGracePeriodSeconds = 1;
  dropInitContainerAnnotations(pod.metadata);
  setStatusDefaults(pod.status);
}

export function setPodTemplateDefaults(template: PodTemplateSpec): void {
  template.metadata ??= {} as NonNullable<PodTemplateSpec["metadata"]>;
  template.spec ??= {} as PodSpec;
  setPodSpecDefaults(template.spec);
  dropInitContainerAnnotations(template.metadata);
}

/** Where there is a limit and no request, the limit is requested. */
function setRequestDefaults(container: Container): void {
  const limits = container.resources?.limits;
  if (!container.resources || !limits) return;
  const { requests } = container.resources;
  const missing = Object.keys(limits).filter((name) => ownValue(requests, name) === undefined);
  if (missing.length === 0) return;
  const added = missing.map((name) => [name, limits[name] as string]);
  container.resources.requests = { ...requests, ...Object.fromEntries(added) };
}

/** Pod-level resources: limits of huge pages from the containers, then requests from the containers or the limits. */
function setPodResourceDefaults(spec: PodSpec): void {
  const { resources } = spec;
  if (!resources) return;
  const limits: ResourceList = resources.limits ?? {};
  const requests: ResourceList = resources.requests ?? {};
  if (Object.keys(limits).length === 0 && Object.keys(requests).length === 0) return;
  const containerLimits = containerSums(spec, "limits");
  for (const name in containerLimits) {
    if (!isHugePage(name) || ownValue(requests, name) !== undefined) continue;
    limits[name] ??= containerLimits[name] as string;
  }
  if (Object.keys(limits).length === 0) return;
  resources.limits = limits;
  const containerRequests = containerSums(spec, "requests");
  for (const name in containerRequests) {
    if (isPodLevelResource(name) && allowsOvercommit(name)) {
      requests[name] ??= containerRequests[name] as string;
    }
  }
  for (const name in limits) {
    if (isPodLevelResource(name)) requests[name] ??= limits[name] as string;
  }
  if (requests !== resources.requests && Object.keys(requests).length > 0) {
    resources.requests = requests;
  }
}

/** On the host's network a container's port is the host's port. */
function setHostPorts(containers: Container[] | undefined): void {
  for (const container of containers ?? []) {
    for (const port of container.ports ?? []) {
      if (!port.hostPort && port.containerPort) port.hostPort = port.containerPort;
    }
  }
}

const INIT_CONTAINER_ANNOTATIONS = [
  "pod.beta.kubernetes.io/init-containers",
  "pod.alpha.kubernetes.io/init-containers",
  "pod.beta.kubernetes.io/init-container-statuses",
  "pod.alpha.kubernetes.io/init-container-statuses",
];

/** Of the time before init containers had a field. */
function dropInitContainerAnnotations(metadata: Partial<Pod["metadata"]> | undefined): void {
  const annotations = metadata?.annotations;
  if (!annotations) return;
  for (const key of INIT_CONTAINER_ANNOTATIONS) {
    if (key in annotations) delete annotations[key];
  }
}

function setStatusDefaults(status: PodStatus): void {
  const { podIP, podIPs } = status;
  // podIP is the older field and wins where the two differ.
  if (podIP && podIPs?.[0]?.ip !== podIP) status.podIPs = [{ ip: podIP }];
  else if (!podIP && podIPs?.[0]?.ip) status.podIP = podIPs[0].ip;
  const lists = [
    status.initContainerStatuses,
    status.containerStatuses,
    status.ephemeralContainerStatuses,
  ];
  for (const list of lists) {
    for (const container of list ?? []) {
      storeResourceList(container.allocatedResources);
      storeResourceList(container.resources?.limits);
      storeResourceList(container.resources?.requests);
      container.state ??= {};
      container.lastState ??= {};
    }
  }
  storeResourceList(status.allocatedResources);
  storeResourceList(status.resources?.limits);
  storeResourceList(status.resources?.requests);
}
