// Pods: everything that the API server has to know about the kind (upstream: registry/core/pod).
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { forbiddenField } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour, Strategy, UpdateStrategy } from "../../../registry/strategy.ts";
import { validatePodAnnotations, validateProfilesMatch } from "./annotations-validation.ts";
import { preparePodForCreate } from "./pod-creation.ts";
import { setPodDefaults } from "./pod-defaults.ts";
import { validateOnlyForPod, validatePodSpec } from "./pod-spec-validation.ts";
import { preparePodStatus, validatePodStatusUpdate } from "./pod-status-validation.ts";
import { isFinished, podCells, podRowConditions } from "./pod-table.ts";
import { preparePodForUpdate, validatePodUpdate } from "./pod-update-validation.ts";
import { podCreateWarnings, podStatusWarnings } from "./pod-warnings.ts";
import { ephemeralContainersStrategy, resizeStrategy } from "./subresource-strategies.ts";

function validatePodCreate(pod: Pod): FieldError[] {
  const errors: FieldError[] = [];
  const { metadata, spec } = pod;
  validatePodAnnotations(metadata.annotations, spec, "metadata.annotations", errors);
  validatePodSpec(spec, metadata, "spec", errors);
  validateOnlyForPod(spec, "spec", errors);
  if (spec.ephemeralContainers?.length) {
    errors.push(forbiddenField("spec.ephemeralContainers", "cannot be set on create"));
  }
  if (spec.nodeName && spec.schedulingGates?.length) {
    const detail = "cannot be set until all schedulingGates have been cleared";
    errors.push(forbiddenField("spec.nodeName", detail));
  }
  validateProfilesMatch(metadata.annotations, spec, "spec", errors);
  return errors;
}

const strategy: Strategy<Pod> = {
  prepareForCreate: (pod, { now }) => preparePodForCreate(pod, now),
  validate: validatePodCreate,
  warningsOnCreate: podCreateWarnings,
  prepareForUpdate: preparePodForUpdate,
  validateUpdate: validatePodUpdate,
  allowUnconditionalUpdate: true,
};

const statusStrategy: UpdateStrategy<Pod> = {
  prepareForUpdate: preparePodStatus,
  validateUpdate: validatePodStatusUpdate,
  warningsOnUpdate: podStatusWarnings,
};

export const podBehaviour: ResourceBehaviour<Pod> = {
  storagePrefix: "pods",
  setDefaults: setPodDefaults,
  strategy,
  statusStrategy,
  subresources: { ephemeralcontainers: ephemeralContainersStrategy, resize: resizeStrategy },
  graceful: {
    /** A Pod that no kubelet has, or that is over, goes at once. */
    gracePeriodSeconds(pod, requested) {
      if (!pod.spec.nodeName || isFinished(pod)) return 0;
      const period = requested ?? pod.spec.terminationGracePeriodSeconds ?? 0;
      return period < 0 ? 1 : period;
    },
  },
  validateName: isDns1123Subdomain,
  selectableFields: ({ spec, status }) => ({
    "spec.nodeName": spec.nodeName ?? "",
    "spec.restartPolicy": spec.restartPolicy ?? "",
    "spec.schedulerName": spec.schedulerName ?? "",
    "spec.serviceAccountName": spec.serviceAccountName ?? "",
    "spec.hostNetwork": spec.hostNetwork ? "true" : "false",
    "status.phase": status.phase ?? "",
    "status.podIP": status.podIPs?.[0]?.ip ?? status.podIP ?? "",
    "status.nominatedNodeName": status.nominatedNodeName ?? "",
  }),
  cells: podCells,
  rowConditions: podRowConditions,
};
