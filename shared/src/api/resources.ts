// The kinds that Coracle stores: the key by which every other table (behaviour in the API server, typed client, informers)
// names them, and the TypeScript type of each in the version that is stored.
import type * as admissionregistration from "./types/admissionregistration-v1.ts";
import type * as apiregistration from "./types/apiregistration-v1.ts";
import type * as apps from "./types/apps-v1.ts";
import type * as autoscaling from "./types/autoscaling-v2.ts";
import type * as batch from "./types/batch-v1.ts";
import type * as certificates from "./types/certificates-v1.ts";
import type * as coordination from "./types/coordination-v1.ts";
import type * as core from "./types/core-v1.ts";
import type * as discovery from "./types/discovery-v1.ts";
import type * as flowcontrol from "./types/flowcontrol-v1.ts";
import type { ObjectMeta } from "./types/meta-v1.ts";
import type * as networking from "./types/networking-v1.ts";
import type * as node from "./types/node-v1.ts";
import type * as policy from "./types/policy-v1.ts";
import type * as rbac from "./types/rbac-v1.ts";
import type * as resource from "./types/resource-v1.ts";
import type * as scheduling from "./types/scheduling-v1.ts";
import type * as schedulingAlpha from "./types/scheduling-v1alpha2.ts";
import type * as storage from "./types/storage-v1.ts";

/** Keyed by `<plural>` (core group) or `<plural>.<group>`. */
export interface ResourceTypes {
  configmaps: core.ConfigMap;
  endpoints: core.Endpoints;
  events: core.Event;
  limitranges: core.LimitRange;
  namespaces: core.Namespace;
  nodes: core.Node;
  persistentvolumeclaims: core.PersistentVolumeClaim;
  persistentvolumes: core.PersistentVolume;
  pods: core.Pod;
  podtemplates: core.PodTemplate;
  replicationcontrollers: core.ReplicationController;
  resourcequotas: core.ResourceQuota;
  secrets: core.Secret;
  serviceaccounts: core.ServiceAccount;
  services: core.Service;
  "mutatingadmissionpolicies.admissionregistration.k8s.io": admissionregistration.MutatingAdmissionPolicy;
  "mutatingadmissionpolicybindings.admissionregistration.k8s.io": admissionregistration.MutatingAdmissionPolicyBinding;
  "mutatingwebhookconfigurations.admissionregistration.k8s.io": admissionregistration.MutatingWebhookConfiguration;
  "validatingadmissionpolicies.admissionregistration.k8s.io": admissionregistration.ValidatingAdmissionPolicy;
  "validatingadmissionpolicybindings.admissionregistration.k8s.io": admissionregistration.ValidatingAdmissionPolicyBinding;
  "validatingwebhookconfigurations.admissionregistration.k8s.io": admissionregistration.ValidatingWebhookConfiguration;
  "apiservices.apiregistration.k8s.io": apiregistration.APIService;
  "controllerrevisions.apps": apps.ControllerRevision;
  "daemonsets.apps": apps.DaemonSet;
  "deployments.apps": apps.Deployment;
  "replicasets.apps": apps.ReplicaSet;
  "statefulsets.apps": apps.StatefulSet;
  "horizontalpodautoscalers.autoscaling": autoscaling.HorizontalPodAutoscaler;
  "cronjobs.batch": batch.CronJob;
  "jobs.batch": batch.Job;
  "certificatesigningrequests.certificates.k8s.io": certificates.CertificateSigningRequest;
  "leases.coordination.k8s.io": coordination.Lease;
  "endpointslices.discovery.k8s.io": discovery.EndpointSlice;
  "flowschemas.flowcontrol.apiserver.k8s.io": flowcontrol.FlowSchema;
  "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": flowcontrol.PriorityLevelConfiguration;
  "ingressclasses.networking.k8s.io": networking.IngressClass;
  "ingresses.networking.k8s.io": networking.Ingress;
  "ipaddresses.networking.k8s.io": networking.IPAddress;
  "networkpolicies.networking.k8s.io": networking.NetworkPolicy;
  "servicecidrs.networking.k8s.io": networking.ServiceCIDR;
  "runtimeclasses.node.k8s.io": node.RuntimeClass;
  "poddisruptionbudgets.policy": policy.PodDisruptionBudget;
  "clusterrolebindings.rbac.authorization.k8s.io": rbac.ClusterRoleBinding;
  "clusterroles.rbac.authorization.k8s.io": rbac.ClusterRole;
  "rolebindings.rbac.authorization.k8s.io": rbac.RoleBinding;
  "roles.rbac.authorization.k8s.io": rbac.Role;
  "deviceclasses.resource.k8s.io": resource.DeviceClass;
  "resourceclaims.resource.k8s.io": resource.ResourceClaim;
  "resourceclaimtemplates.resource.k8s.io": resource.ResourceClaimTemplate;
  "resourceslices.resource.k8s.io": resource.ResourceSlice;
  "podgroups.scheduling.k8s.io": schedulingAlpha.PodGroup;
  "priorityclasses.scheduling.k8s.io": scheduling.PriorityClass;
  "workloads.scheduling.k8s.io": schedulingAlpha.Workload;
  "csidrivers.storage.k8s.io": storage.CSIDriver;
  "csinodes.storage.k8s.io": storage.CSINode;
  "csistoragecapacities.storage.k8s.io": storage.CSIStorageCapacity;
  "storageclasses.storage.k8s.io": storage.StorageClass;
  "volumeattachments.storage.k8s.io": storage.VolumeAttachment;
  "volumeattributesclasses.storage.k8s.io": storage.VolumeAttributesClass;
}

export type ResourceName = keyof ResourceTypes;

export interface ResourceRow {
  group: string;
  version: string;
  plural: string;
  kind: string;
  namespaced: boolean;
}

const namespaced = (group: string, plural: string, kind: string, version = "v1") =>
  ({ group, version, plural, kind, namespaced: true }) as const;
const cluster = (group: string, plural: string, kind: string, version = "v1") =>
  ({ group, version, plural, kind, namespaced: false }) as const;

export const resources = {
  configmaps: namespaced("", "configmaps", "ConfigMap"),
  endpoints: namespaced("", "endpoints", "Endpoints"),
  events: namespaced("", "events", "Event"),
  limitranges: namespaced("", "limitranges", "LimitRange"),
  namespaces: cluster("", "namespaces", "Namespace"),
  nodes: cluster("", "nodes", "Node"),
  persistentvolumeclaims: namespaced("", "persistentvolumeclaims", "PersistentVolumeClaim"),
  persistentvolumes: cluster("", "persistentvolumes", "PersistentVolume"),
  pods: namespaced("", "pods", "Pod"),
  podtemplates: namespaced("", "podtemplates", "PodTemplate"),
  replicationcontrollers: namespaced("", "replicationcontrollers", "ReplicationController"),
  resourcequotas: namespaced("", "resourcequotas", "ResourceQuota"),
  secrets: namespaced("", "secrets", "Secret"),
  serviceaccounts: namespaced("", "serviceaccounts", "ServiceAccount"),
  services: namespaced("", "services", "Service"),
  "mutatingadmissionpolicies.admissionregistration.k8s.io": cluster(
    "admissionregistration.k8s.io",
    "mutatingadmissionpolicies",
    "MutatingAdmissionPolicy",
  ),
  "mutatingadmissionpolicybindings.admissionregistration.k8s.io": cluster(
    "admissionregistration.k8s.io",
    "mutatingadmissionpolicybindings",
    "MutatingAdmissionPolicyBinding",
  ),
  "mutatingwebhookconfigurations.admissionregistration.k8s.io": cluster(
    "admissionregistration.k8s.io",
    "mutatingwebhookconfigurations",
    "MutatingWebhookConfiguration",
  ),
  "validatingadmissionpolicies.admissionregistration.k8s.io": cluster(
    "admissionregistration.k8s.io",
    "validatingadmissionpolicies",
    "ValidatingAdmissionPolicy",
  ),
  "validatingadmissionpolicybindings.admissionregistration.k8s.io": cluster(
    "admissionregistration.k8s.io",
    "validatingadmissionpolicybindings",
    "ValidatingAdmissionPolicyBinding",
  ),
  "validatingwebhookconfigurations.admissionregistration.k8s.io": cluster(
    "admissionregistration.k8s.io",
    "validatingwebhookconfigurations",
    "ValidatingWebhookConfiguration",
  ),
  "apiservices.apiregistration.k8s.io": cluster(
    "apiregistration.k8s.io",
    "apiservices",
    "APIService",
  ),
  "controllerrevisions.apps": namespaced("apps", "controllerrevisions", "ControllerRevision"),
  "daemonsets.apps": namespaced("apps", "daemonsets", "DaemonSet"),
  "deployments.apps": namespaced("apps", "deployments", "Deployment"),
  "replicasets.apps": namespaced("apps", "replicasets", "ReplicaSet"),
  "statefulsets.apps": namespaced("apps", "statefulsets", "StatefulSet"),
  "horizontalpodautoscalers.autoscaling": namespaced(
    "autoscaling",
    "horizontalpodautoscalers",
    "HorizontalPodAutoscaler",
    "v2",
  ),
  "cronjobs.batch": namespaced("batch", "cronjobs", "CronJob"),
  "jobs.batch": namespaced("batch", "jobs", "Job"),
  "certificatesigningrequests.certificates.k8s.io": cluster(
    "certificates.k8s.io",
    "certificatesigningrequests",
    "CertificateSigningRequest",
  ),
  "leases.coordination.k8s.io": namespaced("coordination.k8s.io", "leases", "Lease"),
  "endpointslices.discovery.k8s.io": namespaced(
    "discovery.k8s.io",
    "endpointslices",
    "EndpointSlice",
  ),
  "flowschemas.flowcontrol.apiserver.k8s.io": cluster(
    "flowcontrol.apiserver.k8s.io",
    "flowschemas",
    "FlowSchema",
  ),
  "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": cluster(
    "flowcontrol.apiserver.k8s.io",
    "prioritylevelconfigurations",
    "PriorityLevelConfiguration",
  ),
  "ingressclasses.networking.k8s.io": cluster(
    "networking.k8s.io",
    "ingressclasses",
    "IngressClass",
  ),
  "ingresses.networking.k8s.io": namespaced("networking.k8s.io", "ingresses", "Ingress"),
  "ipaddresses.networking.k8s.io": cluster("networking.k8s.io", "ipaddresses", "IPAddress"),
  "networkpolicies.networking.k8s.io": namespaced(
    "networking.k8s.io",
    "networkpolicies",
    "NetworkPolicy",
  ),
  "servicecidrs.networking.k8s.io": cluster("networking.k8s.io", "servicecidrs", "ServiceCIDR"),
  "runtimeclasses.node.k8s.io": cluster("node.k8s.io", "runtimeclasses", "RuntimeClass"),
  "poddisruptionbudgets.policy": namespaced(
    "policy",
    "poddisruptionbudgets",
    "PodDisruptionBudget",
  ),
  "clusterrolebindings.rbac.authorization.k8s.io": cluster(
    "rbac.authorization.k8s.io",
    "clusterrolebindings",
    "ClusterRoleBinding",
  ),
  "clusterroles.rbac.authorization.k8s.io": cluster(
    "rbac.authorization.k8s.io",
    "clusterroles",
    "ClusterRole",
  ),
  "rolebindings.rbac.authorization.k8s.io": namespaced(
    "rbac.authorization.k8s.io",
    "rolebindings",
    "RoleBinding",
  ),
  "roles.rbac.authorization.k8s.io": namespaced("rbac.authorization.k8s.io", "roles", "Role"),
  "deviceclasses.resource.k8s.io": cluster("resource.k8s.io", "deviceclasses", "DeviceClass"),
  "resourceclaims.resource.k8s.io": namespaced(
    "resource.k8s.io",
    "resourceclaims",
    "ResourceClaim",
  ),
  "resourceclaimtemplates.resource.k8s.io": namespaced(
    "resource.k8s.io",
    "resourceclaimtemplates",
    "ResourceClaimTemplate",
  ),
  "resourceslices.resource.k8s.io": cluster("resource.k8s.io", "resourceslices", "ResourceSlice"),
  "podgroups.scheduling.k8s.io": namespaced(
    "scheduling.k8s.io",
    "podgroups",
    "PodGroup",
    "v1alpha2",
  ),
  "priorityclasses.scheduling.k8s.io": cluster(
    "scheduling.k8s.io",
    "priorityclasses",
    "PriorityClass",
  ),
  "workloads.scheduling.k8s.io": namespaced(
    "scheduling.k8s.io",
    "workloads",
    "Workload",
    "v1alpha2",
  ),
  "csidrivers.storage.k8s.io": cluster("storage.k8s.io", "csidrivers", "CSIDriver"),
  "csinodes.storage.k8s.io": cluster("storage.k8s.io", "csinodes", "CSINode"),
  "csistoragecapacities.storage.k8s.io": namespaced(
    "storage.k8s.io",
    "csistoragecapacities",
    "CSIStorageCapacity",
  ),
  "storageclasses.storage.k8s.io": cluster("storage.k8s.io", "storageclasses", "StorageClass"),
  "volumeattachments.storage.k8s.io": cluster(
    "storage.k8s.io",
    "volumeattachments",
    "VolumeAttachment",
  ),
  "volumeattributesclasses.storage.k8s.io": cluster(
    "storage.k8s.io",
    "volumeattributesclasses",
    "VolumeAttributesClass",
  ),
} satisfies Record<ResourceName, ResourceRow>;

export const apiVersionOf = (row: ResourceRow): string =>
  row.group === "" ? row.version : `${row.group}/${row.version}`;

/** `/api/v1/namespaces/default/pods/web/status`; `namespace` is left out for cluster scope or all namespaces. */
export function pathOf(
  row: ResourceRow,
  namespace?: string,
  name?: string,
  subresource?: string,
): string {
  let path = row.group === "" ? `/api/${row.version}` : `/apis/${row.group}/${row.version}`;
  if (row.namespaced && namespace !== undefined && namespace !== "")
    path += `/namespaces/${namespace}`;
  path += `/${row.plural}`;
  if (name !== undefined) path += `/${encodeURIComponent(name)}`;
  if (subresource !== undefined) path += `/${subresource}`;
  return path;
}

/** What every stored object has. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

/** An object to be created: the server fills in the rest. */
export type Draft<T extends KubernetesObject> = Omit<T, "metadata" | "status"> & {
  metadata: Partial<ObjectMeta>;
  status?: unknown;
};

/** `namespace/name`, or `name` for cluster scope: the key of stores and work queues. */
export function keyOf(object: KubernetesObject): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}

export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf("/");
  return slash < 0
    ? { namespace: "", name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
