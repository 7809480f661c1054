// The subresources that change a running Pod: /ephemeralcontainers adds what debugs it, /resize gives it more or less of cpu
// and memory (upstream: podEphemeralContainersStrategy, podResizeStrategy and their validation).
import type {
  Container,
  EphemeralContainer,
  Pod,
  PodSpec,
  ResourceRequirements,
} from "@coracle/shared/api/types/core-v1";
import type { ObjectMeta } from "@coracle/shared/api/types/meta-v1";
import { forbiddenField, invalidValue } from "@coracle/shared/machinery/field-error";
import { isSidecar } from "@coracle/shared/machinery/pod-resources";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { UpdateStrategy } from "../../../registry/strategy.ts";
import { dropDisabledSpecFields } from "./disabled-fields.ts";
import { internalForm, printed } from "./internal-form.ts";
import { MIRROR_ANNOTATION } from "./pod-spec-validation.ts";
import {
  bumpGeneration,
  validateAnnotationUpdate,
  validatePodMetadataAndSpec,
} from "./pod-update-validation.ts";
import { qosClassOf } from "./qos.ts";
import type { ResourceList } from "./resource-lists.ts";
import { semanticEqual } from "./semantic-equal.ts";
import { unifiedDiff } from "./unified-diff.ts";

const KEPT_METADATA = [
  "deletionTimestamp",
  "generation",
  "selfLink",
  "labels",
  "annotations",
  "finalizers",
  "ownerReferences",
] as const satisfies readonly (keyof ObjectMeta)[];

/** What a subresource may not touch (upstream: ResetObjectMetaForStatus). */
function keepMetadata(pod: Pod, old: Pod): void {
  for (const field of KEPT_METADATA) {
    if (old.metadata[field] === undefined) delete pod.metadata[field];
    else Object.assign(pod.metadata, { [field]: old.metadata[field] });
  }
}

const isMirror = (pod: Pod): boolean => pod.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined;

export const ephemeralContainersStrategy: UpdateStrategy<Pod> = {
  prepareForUpdate(pod, old) {
    const { ephemeralContainers } = pod.spec;
    pod.spec = { ...old.spec };
    if (ephemeralContainers) pod.spec.ephemeralContainers = ephemeralContainers;
    else delete pod.spec.ephemeralContainers;
    pod.status = old.status;
    keepMetadata(pod, old);
    dropDisabledSpecFields(pod.spec);
    bumpGeneration(pod, old);
  },
  validateUpdate(pod, old) {
    const errors = validatePodMetadataAndSpec(pod, old);
    validateAnnotationUpdate(pod, old, errors);
    if (isMirror(old)) {
      return [forbiddenField("[]", "static pods do not support ephemeral containers")];
    }
    for (const before of old.spec.ephemeralContainers ?? []) {
      checkKept(before, pod.spec.ephemeralContainers ?? [], errors);
    }
    return errors;
  },
};

function checkKept(
  before: EphemeralContainer,
  containers: readonly EphemeralContainer[],
  errors: FieldError[],
): void {
  const field = "spec.ephemeralContainers";
  const name = JSON.stringify(before.name);
  const now = containers.findLast((container) => container.name === before.name);
  if (!now) {
    const detail = `existing ephemeral containers ${name} may not be removed\n`;
    errors.push(forbiddenField(field, detail));
  } else if (!semanticEqual(before, now)) {
    const shown = (container: EphemeralContainer) =>
      printed(internalForm("EphemeralContainer", container));
    const difference = unifiedDiff(shown(before), shown(now));
    const detail = `existing ephemeral containers ${name} may not be changed\n${difference}`;
    errors.push(forbiddenField(field, detail));
  }
}

export const resizeStrategy: UpdateStrategy<Pod> = {
  prepareForUpdate(pod, old) {
    keepAllButResources(pod, old);
    dropDisabledSpecFields(pod.spec);
    bumpGeneration(pod, old);
  },
  validateUpdate: validateResize,
};

/** Where containers came, went or moved, the Pod is left as it is for the validation to see. */
function keepAllButResources(pod: Pod, old: Pod): void {
  const { containers, initContainers, resources } = pod.spec;
  const sameLengths =
    containers?.length === old.spec.containers.length &&
    (initContainers?.length ?? 0) === (old.spec.initContainers?.length ?? 0);
  if (!sameLengths) return;
  pod.spec = { ...old.spec };
  if (resources) pod.spec.resources = resources;
  else delete pod.spec.resources;
  pod.status = old.status;
  keepMetadata(pod, old);
  pod.spec.containers = withResources(containers, old.spec.containers);
  if (initContainers) {
    pod.spec.initContainers = withResources(initContainers, old.spec.initContainers ?? []);
  }
}

function withResources(containers: Container[], old: readonly Container[]): Container[] {
  if (containers.some((container, i) => container.name !== old[i]?.name)) return containers;
  return containers.map((container, i) => {
    const kept = { ...(old[i] as Container) };
    if (container.resources) kept.resources = container.resources;
    if (container.resizePolicy) kept.resizePolicy = container.resizePolicy;
    else delete kept.resizePolicy;
    return kept;
  });
}

const hasPodResources = ({ resources }: PodSpec): boolean =>
  Object.keys(resources?.requests ?? {}).length + Object.keys(resources?.limits ?? {}).length > 0;

function validateResize(pod: Pod, old: Pod): FieldError[] {
  const errors = validatePodMetadataAndSpec(pod, old);
  if (isMirror(old)) return [forbiddenField("[]", "static pods cannot be resized")];
  if (old.spec.os?.name === "windows") {
    return [forbiddenField("[]", "windows pods cannot be resized")];
  }
  if ((old.status.qosClass || qosClassOf(old.spec)) !== qosClassOf(pod.spec)) {
    const detail = "Pod QOS Class may not change as a result of resizing";
    errors.push(invalidValue("spec", pod.status.qosClass ?? "", detail));
  }
  if (!nodeResizes(old)) {
    errors.push(forbiddenField("spec", "Pod running on node without support for resize"));
  }
  const reset: PodSpec = { ...pod.spec };
  if (hasPodResources(old.spec) || hasPodResources(pod.spec)) {
    validatePodLevelResize(reset, pod.spec, old.spec, errors);
  }
  const before = errors.length;
  checkOrder(pod.spec.containers, old.spec.containers, "containers", errors);
  checkOrder(pod.spec.initContainers, old.spec.initContainers, "initContainers", errors);
  if (errors.length > before) return errors;
  checkRemovals(pod.spec.initContainers, old.spec.initContainers, "initContainers", errors);
  checkRemovals(pod.spec.containers, old.spec.containers, "containers", errors);
  reset.containers = resetContainers(pod.spec.containers, old.spec.containers, errors);
  if (pod.spec.initContainers) {
    const inits = old.spec.initContainers ?? [];
    reset.initContainers = resetInitContainers(pod.spec.initContainers, inits, errors);
  }
  if (errors.length > 0 || semanticEqual(reset, old.spec)) return errors;
  errors.push(forbiddenField("spec", "only cpu and memory resources are mutable"));
  return errors;
}

/** A running container whose resources the kubelet reports is one that it can resize. */
function nodeResizes(pod: Pod): boolean {
  const running = pod.status.containerStatuses?.find(({ state }) => state?.running);
  return !running || running.resources !== undefined;
}

function withoutCpuAndMemory(
  list: ResourceList | undefined,
  old: ResourceList | undefined,
): ResourceList | undefined {
  if (!list && !old) return undefined;
  const { cpu: _, memory: __, ...rest } = list ?? {};
  if (old?.cpu !== undefined) rest.cpu = old.cpu;
  if (old?.memory !== undefined) rest.memory = old.memory;
  return rest;
}

/** With cpu and memory as they were. */
function resetResources(
  resources: ResourceRequirements | undefined,
  old: ResourceRequirements | undefined,
): ResourceRequirements {
  const reset: ResourceRequirements = {};
  const limits = withoutCpuAndMemory(resources?.limits, old?.limits);
  const requests = withoutCpuAndMemory(resources?.requests, old?.requests);
  if (limits) reset.limits = limits;
  if (requests) reset.requests = requests;
  return reset;
}

function validatePodLevelResize(
  reset: PodSpec,
  { resources }: PodSpec,
  { resources: old }: PodSpec,
  errors: FieldError[],
): void {
  if (old && !resources) {
    errors.push(forbiddenField("spec.resources", "pod-level resources cannot be removed"));
    return;
  }
  if (old && removes(resources?.requests, old.requests)) {
    const detail = "pod-level resource requests cannot be removed";
    errors.push(forbiddenField("spec.resources.requests", detail));
  }
  if (old && removes(resources?.limits, old.limits)) {
    const detail = "pod-level resource limits cannot be removed";
    errors.push(forbiddenField("spec.resources.limits", detail));
  }
  const rest = { ...resources, ...resetResources(resources, old) };
  const nothing = Object.values(rest).every((part) => Object.keys(part ?? {}).length === 0);
  if (!old && nothing) delete reset.resources;
  else reset.resources = rest;
  if (semanticEqual(reset.resources, old)) return;
  errors.push(forbiddenField("spec", "only cpu and memory resources are mutable at pod-level"));
}

const removes = (list: ResourceList = {}, old: ResourceList = {}): boolean =>
  Object.keys(old).some((name) => !Object.hasOwn(list, name));

function checkOrder(
  containers: readonly Container[] | null | undefined,
  old: readonly Container[] | undefined,
  kind: "containers" | "initContainers",
  errors: FieldError[],
): void {
  if ((containers?.length ?? 0) !== (old?.length ?? 0)) {
    const detail = `${kind} may not be added or removed on resize`;
    errors.push(forbiddenField(`spec.${kind}`, detail));
    return;
  }
  containers?.forEach(({ name }, i) => {
    if (name === old?.[i]?.name) return;
    const detail = `${kind} may not be renamed or reordered on resize`;
    errors.push(forbiddenField(`spec.${kind}[${i}].name`, detail));
  });
}

function checkRemovals(
  containers: readonly Container[] = [],
  old: readonly Container[] = [],
  kind: "containers" | "initContainers",
  errors: FieldError[],
): void {
  containers.forEach(({ resources }, i) => {
    const path = `spec.${kind}[${i}].resources`;
    for (const side of ["requests", "limits"] as const) {
      if (!removes(resources?.[side], old[i]?.resources?.[side])) continue;
      errors.push(forbiddenField(`${path}.${side}`, `resource ${side} cannot be removed`));
    }
  });
}

function resetContainers(
  containers: readonly Container[],
  old: readonly Container[],
  errors: FieldError[],
): Container[] {
  return containers.map((container, i) => {
    const before = old[i] as Container;
    const reset = { ...container };
    reset.resources = resetResources(container.resources, before.resources);
    if (!semanticEqual(reset, before)) {
      errors.push(forbiddenField("spec", "only cpu and memory resources are mutable"));
    }
    return reset;
  });
}

function resetInitContainers(
  containers: readonly Container[],
  old: readonly Container[],
  errors: FieldError[],
): Container[] {
  return containers.map((container, i) => {
    const before = old[i] as Container;
    const path = `spec.initContainers[${i}]`;
    const reset = { ...container };
    reset.resources = resetResources(container.resources, before.resources);
    if (!semanticEqual(reset, before)) {
      const detail = "only cpu and memory resources for init or sidecar containers are mutable";
      errors.push(forbiddenField(path, detail));
    }
    if (!isSidecar(container) && !semanticEqual(container, before)) {
      for (const policy of container.resizePolicy ?? []) {
        if (policy.restartPolicy !== "RestartContainer") continue;
        const detail =
          "non-sidecar init containers with a resize policy of RestartContainer cannot be resized";
        errors.push(forbiddenField(path, detail));
      }
    }
    return reset;
  });
}
