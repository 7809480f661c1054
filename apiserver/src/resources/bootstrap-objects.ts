// What a fresh cluster holds of the kinds that Coracle serves (upstream: the API server's bootstrap controllers). Created in
// this order, through the registry, each only where it is not there yet.

import type { Draft, ResourceName, ResourceTypes } from "@coracle/shared/api/resources";
import { formatTime } from "@coracle/shared/runtime/clock";

export interface BootstrapOptions {
  /** The port at which the API server listens. */
  securePort: number;
  /** The CA of client certificates, PEM; absent when there is none. */
  clientCa?: string;
  /** Milliseconds since the epoch. */
  now: number;
}

export type BootstrapObject = {
  [N in ResourceName]: { resource: N; object: Draft<ResourceTypes[N]> };
}[ResourceName];

const NAMESPACES = ["kube-system", "kube-public", "kube-node-lease", "default"];

export function bootstrapObjects({
  securePort,
  clientCa,
  now,
}: BootstrapOptions): BootstrapObject[] {
  const objects: BootstrapObject[] = NAMESPACES.map((name) => ({
    resource: "namespaces",
    object: { metadata: { name }, spec: {} },
  }));
  if (clientCa !== undefined) {
    objects.push({
      resource: "configmaps",
      object: {
        metadata: { namespace: "kube-system", name: "extension-apiserver-authentication" },
        data: { "client-ca-file": clientCa },
      },
    });
  }
  objects.push(
    {
      resource: "configmaps",
      object: {
        metadata: {
          namespace: "kube-system",
          name: "kube-apiserver-legacy-service-account-token-tracking",
        },
        data: { since: formatTime(now).slice(0, 10) },
      },
    },
    { resource: "services", object: kubernetesService(securePort) },
  );
  return objects;
}

/** How Pods find the API server: the first address of the service range. */
function kubernetesService(securePort: number): Draft<ResourceTypes["services"]> {
  return {
    metadata: {
      namespace: "default",
      name: "kubernetes",
      labels: { component: "apiserver", provider: "kubernetes" },
    },
    spec: {
      ports: [{ name: "https", protocol: "TCP", port: 443, targetPort: securePort }],
      clusterIP: "10.96.0.1",
      clusterIPs: ["10.96.0.1"],
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
      sessionAffinity: "None",
      type: "ClusterIP",
    },
  };
}
