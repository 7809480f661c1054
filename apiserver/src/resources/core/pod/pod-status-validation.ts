// The status subresource of a Pod: what the kubelet and the scheduler report (upstream: podStatusStrategy,
// ValidatePodStatusUpdate).

import type {
  Container,
  ContainerStatus,
  Pod,
  PodCondition,
  PodSpec,
  PodStatus,
  ResourceStatus,
} from "@coracle/shared/api/types/core-v1";
import {
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain, isValidUserId } from "@coracle/shared/machinery/names";
import { ownValue } from "@coracle/shared/machinery/own-value";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { ipFindings, isIp } from "../../ip.ts";
import { repeatMetadataUpdate } from "../../metadata-validation.ts";
import { dropDisabledStatusFields } from "./disabled-fields.ts";
import { addInvalid, checkLabel, checkQualifiedName } from "./findings.ts";
import { validateAnnotationUpdate } from "./pod-update-validation.ts";

/** The specification, owners and deletion stay; what a client forgets to repeat is kept. */
export function preparePodStatus(pod: Pod, old: Pod): void {
  pod.spec = old.spec;
  delete pod.metadata.deletionTimestamp;
  if (old.metadata.ownerReferences) pod.metadata.ownerReferences = old.metadata.ownerReferences;
  else delete pod.metadata.ownerReferences;
  const { status } = pod;
  if (!status.qosClass && old.status.qosClass) status.qosClass = old.status.qosClass;
  if (!status.observedGeneration && old.status.observedGeneration) {
    status.observedGeneration = old.status.observedGeneration;
  }
  keepConditionGenerations(status, old.status);
  dropDisabledStatusFields(status);
}

/** Conditions of one type may repeat: they are matched in order. */
function keepConditionGenerations(status: PodStatus, old: PodStatus): void {
  if (!old.conditions?.some((condition) => condition.observedGeneration)) return;
  const used = new Map<string, number>();
  for (const condition of status.conditions ?? []) {
    const nth = used.get(condition.type) ?? 0;
    used.set(condition.type, nth + 1);
    const before = old.conditions.filter(({ type }) => type === condition.type)[nth];
    if (!condition.observedGeneration && before?.observedGeneration) {
      condition.observedGeneration = before.observedGeneration;
    }
  }
}

export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors = repeatMetadataUpdate(pod.metadata, old.metadata);
  validateAnnotationUpdate(pod, old, errors);
  const { status, spec } = pod;
  validateConditions(status.conditions, errors);
  validateNominatedNode(pod, old, errors);
  if ((status.observedGeneration ?? 0) < 0) {
    const detail = "must be a non-negative integer";
    errors.push(invalidValue("status.observedGeneration", status.observedGeneration, detail));
  }
  if ((status.qosClass ?? "") !== (old.status.qosClass ?? "")) {
    errors.push(invalidValue("status.qosClass", status.qosClass ?? "", "field is immutable"));
  }
  validateTransitions(status, old, errors);
  validateClaimStatuses(status, spec, errors);
  validateExtendedClaim(status, spec, errors);
  validatePodIps(status, old.status, errors);
  validateHostIps(status, old.status, errors);
  for (const list of STATUS_LISTS) {
    validateUsers(status[list], `status.${list}`, spec.os?.name, errors);
  }
  validateAllocated(status.containerStatuses, spec.containers, "containerStatuses", errors);
  const inits = spec.initContainers;
  validateAllocated(status.initContainerStatuses, inits, "initContainerStatuses", errors);
  status.ephemeralContainerStatuses?.forEach((container, i) => {
    if (!container.allocatedResourcesStatus?.length) return;
    const field = `status.ephemeralContainerStatuses[${i}].allocatedResourcesStatus`;
    errors.push(forbiddenField(field, "must not be specified in container status"));
  });
  return errors;
}

const STATUS_LISTS = [
  "containerStatuses",
  "initContainerStatuses",
  "ephemeralContainerStatuses",
] as const;

const SYSTEM_CONDITIONS = new Set(["PodScheduled", "Ready", "Initialized"]);

function validateConditions(
  conditions: readonly PodCondition[] | undefined,
  errors: FieldError[],
): void {
  conditions?.forEach(({ type = "", observedGeneration = 0 }, i) => {
    const at = `status.conditions[${i}]`;
    if (observedGeneration < 0) {
      const detail = "must be a non-negative integer";
      errors.push(invalidValue(`${at}.observedGeneration`, observedGeneration, detail));
    }
    if (!SYSTEM_CONDITIONS.has(type)) checkQualifiedName(errors, `${at}.Type`, type);
  });
}

function validateNominatedNode(pod: Pod, old: Pod, errors: FieldError[]): void {
  const field = "status.nominatedNodeName";
  const node = pod.status.nominatedNodeName ?? "";
  if (node === "" || node === (old.status.nominatedNodeName ?? "")) return;
  addInvalid(errors, field, node, isDns1123Subdomain(node));
  if (!old.spec.nodeName) return;
  errors.push(forbiddenField(field, "may not be set on pods that are already bound to a node"));
}

/** A container that ended runs again only if its restart policy says so. */
function validateTransitions(status: PodStatus, old: Pod, errors: FieldError[]): void {
  const { spec } = old;
  const restartsAll = [...(spec.initContainers ?? []), ...(spec.containers ?? [])].some(
    (container) =>
      container.restartPolicyRules?.some(({ action }) => action === "RestartAllContainers"),
  );
  for (const list of STATUS_LISTS) {
    const isEphemeral = list === "ephemeralContainerStatuses";
    if (restartsAll && !isEphemeral) continue;
    const specs = list === "containerStatuses" ? spec.containers : spec.initContainers;
    old.status[list]?.forEach((before, i) => {
      const ended = before.state?.terminated;
      if (!ended) return;
      const now = status[list]?.find((candidate) => candidate.name === before.name);
      if (!now || now.state?.terminated) return;
      const container = specs?.find(({ name }) => name === before.name);
      if (!isEphemeral && container && mayRestart(container, spec, ended.exitCode ?? 0)) return;
      const detail = "may not be transitioned to non-terminated state";
      errors.push(forbiddenField(`status.${list}[${i}].state`, detail));
    });
  }
}

function mayRestart(container: Container, spec: PodSpec, exitCode: number): boolean {
  const policy = container.restartPolicy;
  if (policy !== undefined) {
    const rule = container.restartPolicyRules?.find(({ exitCodes }) => {
      if (!exitCodes) return false;
      const listed = exitCodes.values?.includes(exitCode) ?? false;
      return exitCodes.operator === "In" ? listed : exitCodes.operator === "NotIn" && !listed;
    });
    if (rule?.action === "Restart" || rule?.action === "RestartAllContainers") return true;
  }
  const effective = isPolicy(policy) ? policy : spec.restartPolicy;
  if (effective === "OnFailure") return exitCode !== 0;
  return effective !== "Never";
}

const isPolicy = (policy: string | undefined): boolean =>
  policy === "Always" || policy === "OnFailure" || policy === "Never";

function validateClaimStatuses(status: PodStatus, spec: PodSpec, errors: FieldError[]): void {
  const seen = new Set<string>();
  status.resourceClaimStatuses?.forEach(({ name, resourceClaimName }, i) => {
    const at = `status.resourceClaimStatuses[${i}]`;
    if (!spec.resourceClaims?.some((claim) => claim.name === name)) {
      const detail = "must match the name of an entry in `spec.resourceClaims`";
      errors.push(invalidValue(`${at}.name`, name ?? "", detail));
    }
    if (seen.has(name)) errors.push(duplicate(`${at}.name`, name));
    seen.add(name);
    if (resourceClaimName === undefined) return;
    const texts = isDns1123Subdomain(resourceClaimName);
    addInvalid(errors, `${at}.resourceClaimName`, resourceClaimName, texts);
  });
}

function validateExtendedClaim(status: PodStatus, spec: PodSpec, errors: FieldError[]): void {
  const claim = status.extendedResourceClaimStatus;
  if (!claim) return;
  const path = "status.extendedResourceClaimStatus";
  const containers = new Map<string, Container>();
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    containers.set(container.name, container);
  }
  const mappings = claim.requestMappings ?? [];
  if (mappings.length === 0) {
    errors.push(required(`${path}.requestMappings`, "at least one request mapping is required"));
  }
  const seen = new Set<string>();
  mappings.forEach(({ containerName = "", resourceName = "", requestName = "" }, i) => {
    const at = `${path}.requestMappings[${i}]`;
    const container = containers.get(containerName);
    if (!container) {
      const detail =
        "must match the name of an entry in spec.initContainers.name or spec.containers.name";
      errors.push(invalidValue(`${at}.containerName`, containerName, detail));
    } else if (ownValue(container.resources?.requests, resourceName) === undefined) {
      const detail =
        "must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests";
      errors.push(invalidValue(`${at}.resourceName`, resourceName, detail));
    }
    checkLabel(errors, `${path}.requestName`, requestName);
    const key = JSON.stringify([containerName, resourceName, requestName]);
    if (seen.has(key)) {
      errors.push(
        duplicate(`${at}.containerName`, containerName),
        duplicate(`${at}.resourceName`, resourceName),
        duplicate(`${at}.requestName`, requestName),
      );
    }
    seen.add(key);
  });
  const name = claim.resourceClaimName;
  if (!name) errors.push(required(`${path}.resourceClaimName`));
  else addInvalid(errors, `${path}.resourceClaimName`, name, isDns1123Subdomain(name));
}

type Addresses = readonly { ip?: string }[];

function validateAddresses(
  addresses: Addresses,
  old: Addresses,
  path: string,
  errors: FieldError[],
): void {
  const known = new Set(old.map(({ ip }) => ip));
  addresses.forEach(({ ip = "" }, i) => {
    if (!known.has(ip)) addInvalid(errors, `${path}[${i}]`, ip, ipFindings(ip));
  });
  if (addresses.length < 2) return;
  const wrong = addresses.findIndex(({ ip = "" }) => !isIp(ip));
  if (wrong >= 0) {
    const message = `Internal error: failed to check for dual stack with error:invalid IP[${wrong}]: ${addresses[wrong]?.ip ?? ""}`;
    errors.push({ type: "InternalError", field: path, message });
  }
  const families = new Set(addresses.map(({ ip }) => ip?.includes(":") === true));
  if (wrong < 0 && families.size === 2 && addresses.length === 2) return;
  const shown = addresses.map(({ ip = "" }) => ({ IP: ip }));
  errors.push(invalidValue(path, shown, "may specify no more than one IP for each IP family"));
}

function validatePodIps(status: PodStatus, old: PodStatus, errors: FieldError[]): void {
  validateAddresses(status.podIPs ?? [], old.podIPs ?? [], "status.podIPs", errors);
}

function validateHostIps(status: PodStatus, old: PodStatus, errors: FieldError[]): void {
  const addresses = status.hostIPs ?? [];
  const first = addresses[0];
  if (first && (status.hostIP ?? "") !== (first.ip ?? "")) {
    const detail = "must be equal to `hostIP`";
    errors.push(invalidValue("status.hostIPs[0].ip", first.ip ?? "", detail));
  }
  validateAddresses(addresses, old.hostIPs ?? [], "status.hostIPs", errors);
}

function validateUsers(
  statuses: readonly ContainerStatus[] | undefined,
  path: string,
  os: string | undefined,
  errors: FieldError[],
): void {
  statuses?.forEach(({ user }, i) => {
    const linux = user?.linux;
    if (!linux) return;
    const at = `${path}[${i}].user.linux`;
    if (os === "windows") {
      errors.push(forbiddenField(at, "cannot be set for a windows pod"));
      return;
    }
    addInvalid(errors, `${at}.uid`, linux.uid ?? 0, isValidUserId(linux.uid ?? 0));
    addInvalid(errors, `${at}.gid`, linux.gid ?? 0, isValidUserId(linux.gid ?? 0));
    linux.supplementalGroups?.forEach((group, g) => {
      addInvalid(errors, `${at}.supplementalGroups[${g}]`, group, isValidUserId(group));
    });
  });
}

function validateAllocated(
  statuses: readonly ContainerStatus[] | undefined,
  containers: readonly Container[] | undefined,
  list: string,
  errors: FieldError[],
): void {
  statuses?.forEach((status, i) => {
    const container = containers?.find(({ name }) => name === status.name);
    status.allocatedResourcesStatus?.forEach((allocated, j) => {
      const at = `status.${list}[${i}].allocatedResourcesStatus[${j}]`;
      if (container) validateAllocatedName(allocated.name ?? "", container, `${at}.name`, errors);
      validateHealth(allocated, at, errors);
    });
  });
}

function validateAllocatedName(
  name: string,
  container: Container,
  field: string,
  errors: FieldError[],
): void {
  if (name.startsWith("claim:")) {
    const claimed = container.resources?.claims?.some(
      (claim) => name === `claim:${claim.name}${claim.request ? `/${claim.request}` : ""}`,
    );
    if (claimed) return;
    const detail =
      "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";
    errors.push(invalidValue(field, name, detail));
  } else if (ownValue(container.resources?.requests, name) === undefined) {
    errors.push(invalidValue(field, name, "must match one of the container's resource requests"));
  }
}

const HEALTHS = ["Healthy", "Unhealthy", "Unknown"];
const HEALTH_MESSAGE_MAX = 1024;

function validateHealth({ resources }: ResourceStatus, at: string, errors: FieldError[]): void {
  const seen = new Set<string>();
  resources?.forEach(({ health = "", message, resourceID = "" }, i) => {
    const path = `${at}.resources[${i}]`;
    if (!HEALTHS.includes(health)) errors.push(notSupported(`${path}.health`, health, HEALTHS));
    if (message === "") {
      errors.push(required(`${path}.message`, "must be non-empty if specified"));
    } else if (message !== undefined && Buffer.byteLength(message) > HEALTH_MESSAGE_MAX) {
      errors.push(tooLong(`${path}.message`, HEALTH_MESSAGE_MAX));
    }
    if (seen.has(resourceID)) errors.push(duplicate(`${path}.resourceID`, resourceID));
    seen.add(resourceID);
  });
}
