// The Pods behind a Service, and what of them a Service's endpoints show (upstream: endpointslice util).
import { keyOf } from "@coracle/shared/api/resources";
import type { Pod, Service, ServicePort } from "@coracle/shared/api/types/core-v1";
import type { InformerHandlers } from "@coracle/shared/cache/informer";
import { compiledMapSelector } from "@coracle/shared/controller/compiled-selector";
import type { ControllerContext } from "@coracle/shared/controller/controller";
import { isSidecar } from "@coracle/shared/machinery/pod-resources";
import { semanticEqual } from "@coracle/shared/machinery/semantic-equal";
import { hasEnded, readySinceMs } from "../replicaset/pod-state.ts";

/** It has endpoints of its Pods; those of others are made by whoever made the Service. */
export const selectsPods = ({ spec }: Service): boolean =>
  spec.selector !== undefined && spec.type !== "ExternalName";

export const isHeadless = ({ spec }: Service): boolean =>
  (spec.clusterIP ?? "") === "" || spec.clusterIP === "None";

const selects = ({ spec }: Service, { metadata }: Pod): boolean =>
  spec.selector !== undefined &&
  (Object.keys(spec.selector).length === 0 ||
    compiledMapSelector(spec.selector).matches(metadata.labels));

/** Those that have an address and have not ended. */
export const podsBehind = (service: Service, { lister }: ControllerContext): Pod[] =>
  lister("pods")
    .list(service.metadata.namespace)
    .filter((pod) => selects(service, pod) && !hasEnded(pod) && addressesOf(pod).length > 0);

export function addressesOf({ status }: Pod): string[] {
  const { podIPs, podIP = "" } = status ?? {};
  const addresses = (podIPs ?? []).map(({ ip }) => ip ?? "").filter((ip) => ip !== "");
  return addresses.length > 0 || podIP === "" ? addresses : [podIP];
}

export const isIPv6 = (address: string): boolean => address.includes(":");

/** The port of the Pod that the Service's port leads to; undefined when the Pod has none of that name. */
export function targetPort({ spec }: Pod, port: ServicePort): number | undefined {
  const { targetPort: target = port.port, protocol = "TCP" } = port;
  if (typeof target === "number") return target;
  const sidecars = (spec.initContainers ?? []).filter(isSidecar);
  for (const { ports = [] } of [...spec.containers, ...sidecars]) {
    const found = ports.find((each) => each.name === target && each.protocol === protocol);
    if (found !== undefined) return found.containerPort;
  }
  return undefined;
}

/** The Pod's own name below the Service's; undefined when it has none there. */
export const hostnameOf = ({ spec, metadata }: Pod, service: Service): string | undefined =>
  (spec.hostname ?? "") !== "" &&
  spec.subdomain === service.metadata.name &&
  metadata.namespace === service.metadata.namespace
    ? spec.hostname
    : undefined;

export const targetOf = ({ metadata }: Pod) => ({
  kind: "Pod",
  namespace: metadata.namespace as string,
  name: metadata.name,
  uid: metadata.uid,
});

/** Wakes the Services that a Pod is, or was, behind. */
export function podHandlers(context: ControllerContext): InformerHandlers<Pod> {
  const enqueue = (pods: readonly Pod[]) => {
    for (const service of context.lister("services").list(pods[0]?.metadata.namespace)) {
      if (selectsPods(service) && pods.some((pod) => selects(service, pod))) {
        context.enqueue(keyOf(service));
      }
    }
  };
  return {
    onAdd: (pod) => enqueue([pod]),
    onUpdate(old, pod) {
      const sameMembership = semanticEqual(membership(old), membership(pod));
      if (sameMembership && semanticEqual(shown(old), shown(pod))) return;
      enqueue(sameMembership ? [pod] : [old, pod]);
    },
    onDelete: (pod) => enqueue([pod]),
  };
}

const membership = ({ metadata, spec }: Pod) => [metadata.labels, spec.hostname, spec.subdomain];

const shown = (pod: Pod) => [
  pod.metadata.deletionTimestamp,
  readySinceMs(pod) !== undefined,
  hasEnded(pod),
  addressesOf(pod),
];
