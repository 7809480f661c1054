// The specification of a Pod or of a template (upstream: ValidatePodSpec), finding after finding in upstream's order.
import type { PodResourceClaim, PodSpec } from "@coracle/shared/api/types/core-v1";
import type { ObjectMeta } from "@coracle/shared/api/types/meta-v1";
import {
  duplicate,
  forbiddenField,
  invalidValue,
  notFoundField,
  required,
} from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain, rangeMessage } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { validateLabels } from "../../metadata-validation.ts";
import { validateAffinity } from "./affinity-validation.ts";
import {
  type ContainerSurroundings,
  checkImage,
  validateContainers,
  validateInitContainers,
} from "./container-validation.ts";
import { validateEphemeralContainers } from "./ephemeral-container-validation.ts";
import {
  addInvalid,
  checkEnum,
  checkLabel,
  checkQualifiedName,
  checkSubdomain,
} from "./findings.ts";
import { internalForm } from "./internal-form.ts";
import {
  validateDnsConfig,
  validateHostAliases,
  validateHostNetworkPorts,
  validateHostnameOverride,
  validateHostUsers,
} from "./network-validation.ts";
import { validateContainerResources, validatePodResources } from "./resource-validation.ts";
import {
  validateSchedulingGates,
  validateSpreadConstraints,
  validateTolerations,
} from "./scheduling-validation.ts";
import { validatePodSecurityContext } from "./security-validation.ts";
import { visitContainers } from "./visit-containers.ts";
import { validateVolumes } from "./volume-validation.ts";
import { validateHostProcess, validateOperatingSystem } from "./windows-validation.ts";

/** `metadata` is the Pod's, undefined for a template. */
export function validatePodSpec(
  spec: PodSpec,
  metadata: ObjectMeta | undefined,
  path: string,
  errors: FieldError[],
): void {
  if (spec.terminationGracePeriodSeconds === undefined) {
    errors.push(required(`${path}.terminationGracePeriodSeconds`));
  }
  const volumes = validateVolumes(spec.volumes, { metadata }, `${path}.volumes`, errors);
  const claimNames = validateClaims(spec.resourceClaims, metadata, path, errors);
  const surroundings: ContainerSurroundings = { spec, volumes, claimNames };
  validateContainers(surroundings, `${path}.containers`, errors);
  if (spec.initContainers) validateInitContainers(surroundings, `${path}.initContainers`, errors);
  if (spec.ephemeralContainers) {
    validateEphemeralContainers(surroundings, `${path}.ephemeralContainers`, errors);
  }
  validatePodResources(spec, claimNames, `${path}.resources`, errors);
  validateHostNetworkPorts(spec, metadata !== undefined, path, errors);
  checkEnum(errors, `${path}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES);
  checkEnum(errors, `${path}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES);
  if (spec.nodeSelector) errors.push(...validateLabels(spec.nodeSelector, `${path}.nodeSelector`));
  if (spec.securityContext) {
    validatePodSecurityContext(spec.securityContext, spec, `${path}.securityContext`, errors);
  }
  validateScheduling(spec, path, errors);
  validateHostProcess(spec, path, errors);
  validateHostUsers(spec, path, errors);
  validateHostnameOverride(spec, path, errors);
  validateNames(spec, path, errors);
  validateRest(spec, path, errors);
  validateFileKeyVolumes(spec, path, errors);
}

const RESTART_POLICIES = ["Always", "OnFailure", "Never"];
const DNS_POLICIES = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
const PREEMPTION_POLICIES = ["PreemptLowerPriority", "Never"];

function validateScheduling(spec: PodSpec, path: string, errors: FieldError[]): void {
  if (spec.affinity) validateAffinity(spec.affinity, `${path}.affinity`, errors);
  validateDnsConfig(spec.dnsConfig, spec.dnsPolicy, `${path}.dnsConfig`, errors);
  spec.readinessGates?.forEach((gate, i) => {
    const field = `${path}.readinessGates[${i}].conditionType`;
    checkQualifiedName(errors, field, gate.conditionType ?? "");
  });
  if (spec.schedulingGates) {
    validateSchedulingGates(spec.schedulingGates, `${path}.schedulingGates`, errors);
  }
  if (spec.topologySpreadConstraints) {
    const field = `${path}.topologySpreadConstraints`;
    validateSpreadConstraints(spec.topologySpreadConstraints, field, errors);
  }
}

const DEADLINE_SECONDS_MAX = 2 ** 31 - 1;

function validateNames(spec: PodSpec, path: string, errors: FieldError[]): void {
  const { serviceAccountName, nodeName, activeDeadlineSeconds: deadline } = spec;
  if (serviceAccountName) {
    checkSubdomain(errors, `${path}.serviceAccountName`, serviceAccountName);
  }
  if (nodeName) checkSubdomain(errors, `${path}.nodeName`, nodeName);
  if (deadline !== undefined && (deadline < 1 || deadline > DEADLINE_SECONDS_MAX)) {
    const detail = rangeMessage(1, DEADLINE_SECONDS_MAX);
    errors.push(invalidValue(`${path}.activeDeadlineSeconds`, deadline, detail));
  }
  if (spec.hostname) checkLabel(errors, `${path}.hostname`, spec.hostname);
  if (spec.subdomain) checkLabel(errors, `${path}.subdomain`, spec.subdomain);
}

function validateRest(spec: PodSpec, path: string, errors: FieldError[]): void {
  if (spec.tolerations) validateTolerations(spec.tolerations, `${path}.tolerations`, errors);
  if (spec.hostAliases) validateHostAliases(spec.hostAliases, `${path}.hostAliases`, errors);
  if (spec.priorityClassName) {
    checkSubdomain(errors, `${path}.priorityClassName`, spec.priorityClassName);
  }
  if (spec.runtimeClassName !== undefined) {
    checkSubdomain(errors, `${path}.runtimeClassName`, spec.runtimeClassName);
  }
  const { preemptionPolicy, overhead } = spec;
  if (preemptionPolicy !== undefined) {
    checkEnum(errors, `${path}.preemptionPolicy`, preemptionPolicy, PREEMPTION_POLICIES);
  }
  if (overhead) {
    validateContainerResources({ limits: overhead }, new Set(), `${path}.overhead`, errors);
  }
  if (spec.os) validateOperatingSystem(spec, path, errors);
}

/** Returns the names that containers may claim, the invalid ones included. */
function validateClaims(
  claims: readonly PodResourceClaim[] | undefined,
  metadata: ObjectMeta | undefined,
  path: string,
  errors: FieldError[],
): ReadonlySet<string> {
  if (!claims) return NO_NAMES;
  const valid = new Set<string>();
  claims.forEach((claim, i) => {
    if (metadata?.annotations?.[MIRROR_ANNOTATION] !== undefined) {
      errors.push(forbiddenField("[]", "static pods do not support resource claims"));
    } else {
      validateClaim(claim, valid, `${path}.resourceClaims[${i}]`, errors);
    }
  });
  return new Set(claims.map((claim) => claim.name).filter((name) => name));
}

const NO_NAMES: ReadonlySet<string> = new Set();
export const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";

function validateClaim(
  claim: PodResourceClaim,
  seen: Set<string>,
  path: string,
  errors: FieldError[],
): void {
  const { name, resourceClaimName, resourceClaimTemplateName } = claim;
  if (!name) errors.push(required(`${path}.name`));
  else if (seen.has(name)) errors.push(duplicate(`${path}.name`, name));
  else {
    checkLabel(errors, `${path}.name`, name);
    seen.add(name);
  }
  const shown = () => internalForm("PodResourceClaim", claim);
  if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined) {
    const detail =
      "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified";
    errors.push(invalidValue(path, shown(), detail));
  }
  if (resourceClaimName === undefined && resourceClaimTemplateName === undefined) {
    const detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`";
    errors.push(invalidValue(path, shown(), detail));
  }
  for (const field of ["resourceClaimName", "resourceClaimTemplateName"] as const) {
    const value = claim[field];
    if (value !== undefined)
      addInvalid(errors, `${path}.${field}`, value, isDns1123Subdomain(value));
  }
}

/** A variable out of a file: the file is in an emptyDir of the Pod. */
function validateFileKeyVolumes(spec: PodSpec, path: string, errors: FieldError[]): void {
  visitContainers(spec, path, (container, at) => {
    container.env?.forEach((variable, i) => {
      const ref = variable.valueFrom?.fileKeyRef;
      if (!ref) return;
      const field = `${at}.env[${i}].valueFrom.fileKeyRef.volumeName`;
      const name = ref.volumeName ?? "";
      const volume = spec.volumes?.findLast((candidate) => candidate.name === name);
      if (!volume) errors.push(notFoundField(field, name));
      else if (!volume.emptyDir) {
        errors.push(invalidValue(field, name, "referenced volume must be of type emptyDir"));
      }
    });
  });
}

/** Images of a Pod, not of a template, may not be padded; a token needs an account. */
export function validateOnlyForPod(spec: PodSpec, path: string, errors: FieldError[]): void {
  if (!spec.serviceAccountName) {
    spec.volumes?.forEach((volume, v) => {
      volume.projected?.sources?.forEach((source, s) => {
        if (!source.serviceAccountToken) return;
        const field = `${path}.volumes[${v}].projected.sources[${s}].serviceAccountToken`;
        const detail = "must not be specified when serviceAccountName is not set";
        errors.push(forbiddenField(field, detail));
      });
    });
  }
  spec.containers?.forEach((container, i) => {
    checkImage(container, `${path}.containers[${i}]`, errors);
  });
  spec.initContainers?.forEach((container, i) => {
    checkImage(container, `${path}.initContainers[${i}]`, errors);
  });
}
