// What each resource and subresource of upstream resets on a write, and so lets nobody own by it.
import type { OwnershipOptions } from "./managed-fields.ts";

export type OwnershipLimits = Pick<OwnershipOptions, "resetFields">;
type Paths = readonly (readonly string[])[];

const STATUS: Paths = [["status"]];
const SPEC: Paths = [["spec"]];
const SPEC_AND_METADATA: Paths = [["metadata"], ["spec"]];
const NONE: OwnershipLimits = {};

/**
 * By `<plural>[.<group>]`: the paths that /status resets. All of these reset `status` on the main
 * resource.
 */
const STATUS_RESETS: Readonly<Record<string, Paths>> = {
  pods: [["spec"], ["metadata", "deletionTimestamp"], ["metadata", "ownerReferences"]],
  services: SPEC,
  nodes: SPEC,
  namespaces: SPEC,
  replicationcontrollers: SPEC,
  resourcequotas: SPEC,
  persistentvolumes: SPEC,
  persistentvolumeclaims: SPEC,
  "deployments.apps": [["spec"], ["metadata", "labels"]],
  "replicasets.apps": SPEC,
  "daemonsets.apps": SPEC,
  "statefulsets.apps": SPEC,
  "jobs.batch": SPEC,
  "cronjobs.batch": SPEC,
  "horizontalpodautoscalers.autoscaling": SPEC,
  "poddisruptionbudgets.policy": SPEC,
  "ingresses.networking.k8s.io": SPEC,
  "servicecidrs.networking.k8s.io": SPEC_AND_METADATA,
  "volumeattachments.storage.k8s.io": SPEC_AND_METADATA,
  "resourceclaims.resource.k8s.io": SPEC_AND_METADATA,
  "devicetaintrules.resource.k8s.io": SPEC_AND_METADATA,
  "flowschemas.flowcontrol.apiserver.k8s.io": SPEC_AND_METADATA,
  "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": SPEC_AND_METADATA,
  "validatingadmissionpolicies.admissionregistration.k8s.io": SPEC_AND_METADATA,
  "podgroups.scheduling.k8s.io": SPEC_AND_METADATA,
  "storageversions.internal.apiserver.k8s.io": SPEC_AND_METADATA,
  "storageversionmigrations.storagemigration.k8s.io": SPEC_AND_METADATA,
  "customresourcedefinitions.apiextensions.k8s.io": SPEC,
  "apiservices.apiregistration.k8s.io": SPEC_AND_METADATA,
};

/** Those that are not just main or status. */
const SPECIAL: Readonly<Record<string, OwnershipLimits>> = {
  "namespaces/finalize": { resetFields: STATUS },
  // Upstream's storage of PodGroups forgets to ask its strategy.
  "podgroups.scheduling.k8s.io": NONE,
  "certificatesigningrequests.certificates.k8s.io": { resetFields: [["spec"], ["status"]] },
  "certificatesigningrequests.certificates.k8s.io/status": {
    resetFields: [["spec"], ["status", "conditions"]],
  },
  "certificatesigningrequests.certificates.k8s.io/approval": {
    resetFields: [["spec"], ["status", "certificate"]],
  },
};

const limits = new Map<string, OwnershipLimits>();

/** The same object each time: `updateManagedFields` remembers what it makes of it. */
export function ownershipLimits(
  group: string,
  resource: string,
  subresource = "",
): OwnershipLimits {
  const name = group === "" ? resource : `${resource}.${group}`;
  const id = subresource === "" ? name : `${name}/${subresource}`;
  const special = SPECIAL[id];
  if (special !== undefined) return special;
  const resets = STATUS_RESETS[name];
  if (resets === undefined || (subresource !== "" && subresource !== "status")) return NONE;
  let known = limits.get(id);
  if (known === undefined) {
    known = { resetFields: subresource === "" ? STATUS : resets };
    limits.set(id, known);
  }
  return known;
}
