// What every kind adds to the common machinery, keyed as the resource table of shared/api is: a missing row is a compile error.
import type { KubernetesObject, ResourceName, ResourceTypes } from "@coracle/shared/api/resources";
import type { ResourceBehaviour } from "../registry/strategy.ts";
import { mutatingAdmissionPolicyBehaviour } from "./admissionregistration/mutatingadmissionpolicy.ts";
import {
  mutatingAdmissionPolicyBindingBehaviour,
  validatingAdmissionPolicyBindingBehaviour,
} from "./admissionregistration/policy-binding.ts";
import { validatingAdmissionPolicyBehaviour } from "./admissionregistration/validatingadmissionpolicy.ts";
import {
  mutatingWebhookConfigurationBehaviour,
  validatingWebhookConfigurationBehaviour,
} from "./admissionregistration/webhook-configuration.ts";
import { apiServiceBehaviour } from "./apiregistration/apiservice.ts";
import { controllerRevisionBehaviour } from "./apps/controllerrevision.ts";
import { daemonSetBehaviour } from "./apps/daemonset.ts";
import { deploymentBehaviour } from "./apps/deployment.ts";
import { replicaSetBehaviour } from "./apps/replicaset.ts";
import { statefulSetBehaviour } from "./apps/statefulset.ts";
import { horizontalPodAutoscalerBehaviour } from "./autoscaling/horizontalpodautoscaler.ts";
import { cronJobBehaviour } from "./batch/cronjob.ts";
import { jobBehaviour } from "./batch/job.ts";
import { certificateSigningRequestBehaviour } from "./certificates/certificatesigningrequest.ts";
import { leaseBehaviour } from "./coordination/lease.ts";
import { configMapBehaviour } from "./core/configmap.ts";
import { endpointsBehaviour } from "./core/endpoints.ts";
import { eventBehaviour } from "./core/event.ts";
import { limitRangeBehaviour } from "./core/limitrange.ts";
import { namespaceBehaviour } from "./core/namespace.ts";
import { nodeBehaviour } from "./core/node.ts";
import { persistentVolumeBehaviour } from "./core/persistentvolume.ts";
import { persistentVolumeClaimBehaviour } from "./core/persistentvolumeclaim.ts";
import { podBehaviour } from "./core/pod/pod.ts";
import { podTemplateBehaviour } from "./core/podtemplate.ts";
import { replicationControllerBehaviour } from "./core/replicationcontroller.ts";
import { resourceQuotaBehaviour } from "./core/resourcequota.ts";
import { secretBehaviour } from "./core/secret.ts";
import { serviceBehaviour } from "./core/service.ts";
import { serviceAccountBehaviour } from "./core/serviceaccount.ts";
import { endpointSliceBehaviour } from "./discovery/endpointslice.ts";
import { flowSchemaBehaviour } from "./flowcontrol/flowschema.ts";
import { priorityLevelConfigurationBehaviour } from "./flowcontrol/prioritylevelconfiguration.ts";
import { validateFinalizerNames } from "./metadata-validation.ts";
import { ingressBehaviour } from "./networking/ingress.ts";
import { ingressClassBehaviour } from "./networking/ingressclass.ts";
import { ipAddressBehaviour } from "./networking/ipaddress.ts";
import { networkPolicyBehaviour } from "./networking/networkpolicy.ts";
import { serviceCidrBehaviour } from "./networking/servicecidr.ts";
import { runtimeClassBehaviour } from "./node/runtimeclass.ts";
import { podDisruptionBudgetBehaviour } from "./policy/poddisruptionbudget.ts";
import { clusterRoleBehaviour } from "./rbac/clusterrole.ts";
import { clusterRoleBindingBehaviour } from "./rbac/clusterrolebinding.ts";
import { roleBehaviour } from "./rbac/role.ts";
import { roleBindingBehaviour } from "./rbac/rolebinding.ts";
import { deviceClassBehaviour } from "./resource/deviceclass.ts";
import { resourceClaimBehaviour } from "./resource/resourceclaim.ts";
import { resourceClaimTemplateBehaviour } from "./resource/resourceclaimtemplate.ts";
import { resourceSliceBehaviour } from "./resource/resourceslice.ts";
import { podGroupBehaviour } from "./scheduling/podgroup.ts";
import { priorityClassBehaviour } from "./scheduling/priorityclass.ts";
import { workloadBehaviour } from "./scheduling/workload.ts";
import { csiDriverBehaviour } from "./storage/csidriver.ts";
import { csiNodeBehaviour } from "./storage/csinode.ts";
import { csiStorageCapacityBehaviour } from "./storage/csistoragecapacity.ts";
import { storageClassBehaviour } from "./storage/storageclass.ts";
import { volumeAttachmentBehaviour } from "./storage/volumeattachment.ts";
import { volumeAttributesClassBehaviour } from "./storage/volumeattributesclass.ts";

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
  [N in ResourceName]: ResourceBehaviour<ResourceTypes[N]>;
} = {
  configmaps: named(configMapBehaviour),
  endpoints: named(endpointsBehaviour),
  events: eventBehaviour,
  limitranges: named(limitRangeBehaviour),
  namespaces: named(namespaceBehaviour),
  nodes: named(nodeBehaviour),
  persistentvolumeclaims: named(persistentVolumeClaimBehaviour),
  persistentvolumes: named(persistentVolumeBehaviour),
  pods: named(podBehaviour),
  podtemplates: named(podTemplateBehaviour),
  replicationcontrollers: named(replicationControllerBehaviour),
  resourcequotas: named(resourceQuotaBehaviour),
  secrets: named(secretBehaviour),
  serviceaccounts: named(serviceAccountBehaviour),
  services: named(serviceBehaviour),
  "controllerrevisions.apps": named(controllerRevisionBehaviour),
  "daemonsets.apps": named(daemonSetBehaviour),
  "deployments.apps": named(deploymentBehaviour),
  "replicasets.apps": named(replicaSetBehaviour),
  "statefulsets.apps": named(statefulSetBehaviour),
  "cronjobs.batch": named(cronJobBehaviour),
  "jobs.batch": named(jobBehaviour),
  "horizontalpodautoscalers.autoscaling": named(horizontalPodAutoscalerBehaviour),
  "endpointslices.discovery.k8s.io": named(endpointSliceBehaviour),
  "ingressclasses.networking.k8s.io": named(ingressClassBehaviour),
  "ingresses.networking.k8s.io": named(ingressBehaviour),
  "ipaddresses.networking.k8s.io": named(ipAddressBehaviour),
  "networkpolicies.networking.k8s.io": named(networkPolicyBehaviour),
  "servicecidrs.networking.k8s.io": named(serviceCidrBehaviour),
  "poddisruptionbudgets.policy": podDisruptionBudgetBehaviour,
  "leases.coordination.k8s.io": leaseBehaviour,
  "runtimeclasses.node.k8s.io": runtimeClassBehaviour,
  "priorityclasses.scheduling.k8s.io": named(priorityClassBehaviour),
  "apiservices.apiregistration.k8s.io": apiServiceBehaviour,
  "certificatesigningrequests.certificates.k8s.io": named(certificateSigningRequestBehaviour),
  "clusterrolebindings.rbac.authorization.k8s.io": named(clusterRoleBindingBehaviour),
  "clusterroles.rbac.authorization.k8s.io": named(clusterRoleBehaviour),
  "rolebindings.rbac.authorization.k8s.io": named(roleBindingBehaviour),
  "roles.rbac.authorization.k8s.io": named(roleBehaviour),
  "csidrivers.storage.k8s.io": named(csiDriverBehaviour),
  "csinodes.storage.k8s.io": named(csiNodeBehaviour),
  "csistoragecapacities.storage.k8s.io": named(csiStorageCapacityBehaviour),
  "storageclasses.storage.k8s.io": named(storageClassBehaviour),
  "volumeattachments.storage.k8s.io": named(volumeAttachmentBehaviour),
  "volumeattributesclasses.storage.k8s.io": named(volumeAttributesClassBehaviour),
  "mutatingadmissionpolicies.admissionregistration.k8s.io": mutatingAdmissionPolicyBehaviour,
  "mutatingadmissionpolicybindings.admissionregistration.k8s.io":
    mutatingAdmissionPolicyBindingBehaviour,
  "mutatingwebhookconfigurations.admissionregistration.k8s.io":
    mutatingWebhookConfigurationBehaviour,
  "validatingadmissionpolicies.admissionregistration.k8s.io": validatingAdmissionPolicyBehaviour,
  "validatingadmissionpolicybindings.admissionregistration.k8s.io":
    validatingAdmissionPolicyBindingBehaviour,
  "validatingwebhookconfigurations.admissionregistration.k8s.io":
    validatingWebhookConfigurationBehaviour,
  "flowschemas.flowcontrol.apiserver.k8s.io": named(flowSchemaBehaviour),
  "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": named(
    priorityLevelConfigurationBehaviour,
  ),
  "deviceclasses.resource.k8s.io": named(deviceClassBehaviour),
  "resourceclaims.resource.k8s.io": named(resourceClaimBehaviour),
  "resourceclaimtemplates.resource.k8s.io": named(resourceClaimTemplateBehaviour),
  "resourceslices.resource.k8s.io": named(resourceSliceBehaviour),
  "podgroups.scheduling.k8s.io": named(podGroupBehaviour),
  "workloads.scheduling.k8s.io": named(workloadBehaviour),
};
