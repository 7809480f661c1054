// What every kind adds to the common machinery, keyed as the resource table of shared/api is: a missing row is a compile error.
import type { KubernetesObject, ResourceName, ResourceTypes } from "@coracle/shared/api/resources";
import type { ResourceBehaviour } from "../registry/strategy.ts";
import { deploymentBehaviour } from "./apps/deployment.ts";
import { replicaSetBehaviour } from "./apps/replicaset.ts";
import { leaseBehaviour } from "./coordination/lease.ts";
import { configMapBehaviour } from "./core/configmap.ts";
import { eventBehaviour } from "./core/event.ts";
import { namespaceBehaviour } from "./core/namespace.ts";
import { nodeBehaviour } from "./core/node.ts";
import { podBehaviour } from "./core/pod/pod.ts";
import { secretBehaviour } from "./core/secret.ts";
import { serviceBehaviour } from "./core/service.ts";
import { serviceAccountBehaviour } from "./core/serviceaccount.ts";
import { validateFinalizerNames } from "./metadata-validation.ts";

/** Upstream judges the names of finalizers after the rest of metadata, and not for Leases and Events. */
function named<T extends KubernetesObject>(behaviour: ResourceBehaviour<T>): ResourceBehaviour<T> {
  const { strategy } = behaviour;
  return {
    ...behaviour,
    strategy: {
      ...strategy,
      validate: (object, context) => [
        ...validateFinalizerNames(object.metadata),
        ...strategy.validate(object, context),
      ],
    },
  };
}

export const behaviours: {
  [N in ResourceName]?: ResourceBehaviour<ResourceTypes[N]>;
} = {
  configmaps: named(configMapBehaviour),
  events: eventBehaviour,
  namespaces: named(namespaceBehaviour),
  nodes: named(nodeBehaviour),
  pods: named(podBehaviour),
  secrets: named(secretBehaviour),
  serviceaccounts: named(serviceAccountBehaviour),
  services: named(serviceBehaviour),
  "deployments.apps": named(deploymentBehaviour),
  "replicasets.apps": named(replicaSetBehaviour),
  "leases.coordination.k8s.io": leaseBehaviour,
};
