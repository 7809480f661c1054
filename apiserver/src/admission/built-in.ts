// The plugins that are always there, in upstream's order (pkg/kubeapiserver/options/plugins.go).
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Random } from "@coracle/shared/runtime/random";
import type { Registry } from "../registry/registry.ts";
import type { ResourceTable } from "../registry/resource-table.ts";
import { certificateSubjectRestriction } from "./certificate-subject-restriction.ts";
import { AdmissionChain } from "./chain.ts";
import { claimResize } from "./claim-resize.ts";
import { defaultIngressClass } from "./default-ingress-class.ts";
import { defaultStorageClass } from "./default-storage-class.ts";
import { deviceAdminAccess } from "./device-admin-access.ts";
import { limitRanger } from "./limit-ranger.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { podDefaults } from "./pod-defaults.ts";
import { podGroups } from "./pod-groups.ts";
import { podResize } from "./pod-resize.ts";
import { podSecurity } from "./pod-security/pod-security.ts";
import { PriorityClasses, priority } from "./priority-classes.ts";
import { quotaUpdater } from "./quota-status.ts";
import { resourceQuota } from "./resource-quota.ts";
import { serviceAddresses } from "./service-addresses.ts";
import { storageProtection } from "./storage-protection.ts";

export interface AdmissionDependencies {
  resources: ResourceTable;
  /** Is made after the admission that it needs. */
  registry(): Registry;
  clock: Clock;
  random: Random;
}

export function builtInAdmission({
  resources,
  registry,
  clock,
  random,
}: AdmissionDependencies): AdmissionChain {
  const claims = resources.named("persistentvolumeclaims");
  const storageClasses = resources.named("storageclasses.storage.k8s.io");
  const quotas = resources.named("resourcequotas");
  const priorityClasses = new PriorityClasses(resources.named("priorityclasses.scheduling.k8s.io"));
  return new AdmissionChain([
    namespaceLifecycle(resources.named("namespaces")),
    limitRanger(resources.named("limitranges")),
    podDefaults(resources, priorityClasses, random),
    serviceAddresses(
      resources.named("services"),
      resources.named("ipaddresses.networking.k8s.io"),
      random,
    ),
    podSecurity(resources, clock),
    priority(priorityClasses),
    podGroups(resources, priorityClasses),
    defaultStorageClass(claims, storageClasses),
    storageProtection(resources),
    claimResize(claims, storageClasses),
    certificateSubjectRestriction,
    defaultIngressClass(
      resources.named("ingresses.networking.k8s.io"),
      resources.named("ingressclasses.networking.k8s.io"),
    ),
    podResize(resources),
    deviceAdminAccess(resources),
    resourceQuota({ quotas, update: quotaUpdater(quotas, registry, clock), clock }),
  ]);
}
