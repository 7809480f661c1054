// Containers, init containers and sidecars (upstream: validateContainers, validateInitContainers, validateContainerCommon).
import type {
  Container,
  ContainerPort,
  ContainerResizePolicy,
  EphemeralContainerCommon,
  PodSpec,
  Volume,
} from "@coracle/shared/api/types/core-v1";
import {
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from "@coracle/shared/machinery/field-error";
import { isValidPortName, isValidPortNumber } from "@coracle/shared/machinery/names";
import { isSidecar } from "@coracle/shared/machinery/pod-resources";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { validateEnvironment, validateEnvironmentFrom } from "./env-validation.ts";
import { addInvalid, checkEnum, checkRequiredLabel } from "./findings.ts";
import { validateDevices, validateMounts } from "./mount-validation.ts";
import { validateLifecycle, validateProbes } from "./probe-validation.ts";
import { validateContainerResources } from "./resource-validation.ts";
import { validateSecurityContext } from "./security-validation.ts";

/** What a container is judged against. */
export interface ContainerSurroundings {
  spec: PodSpec;
  /** The valid volumes by name. */
  volumes: ReadonlyMap<string, Volume>;
  claimNames: ReadonlySet<string>;
}

export function validateContainers(
  surroundings: ContainerSurroundings,
  path: string,
  errors: FieldError[],
): void {
  const { spec } = surroundings;
  const { containers } = spec;
  if (!containers?.length) {
    errors.push(required(path));
    return;
  }
  const names = new Set<string>();
  for (let i = 0; i < containers.length; i++) {
    const container = containers[i] as Container;
    const at = `${path}[${i}]`;
    validateCommon(container, surroundings, at, errors);
    const name = container.name ?? "";
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
    const gracePeriod = spec.terminationGracePeriodSeconds;
    if (container.lifecycle) {
      validateLifecycle(container.lifecycle, gracePeriod, `${at}.lifecycle`, errors);
    }
    validateProbes(container, gracePeriod, at, errors);
    validateRestartPolicy(container, at, errors);
  }
  validateHostPorts(containers, path, errors);
}

export function validateInitContainers(
  surroundings: ContainerSurroundings,
  path: string,
  errors: FieldError[],
): void {
  const { spec } = surroundings;
  const names = new Set((spec.containers ?? []).map((container) => container.name ?? ""));
  spec.initContainers?.forEach((container, i) => {
    const at = `${path}[${i}]`;
    validateCommon(container, surroundings, at, errors);
    if (container.restartPolicy !== undefined) validateRestartPolicy(container, at, errors);
    else if (container.restartPolicyRules?.length) {
      errors.push(required(`${at}.restartPolicy`, NO_POLICY_FOR_RULES));
    }
    const name = container.name ?? "";
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    else if (name !== "") names.add(name);
    validateHostPorts([container], path, errors);
    if (isSidecar(container)) {
      const gracePeriod = spec.terminationGracePeriodSeconds;
      if (container.lifecycle) {
        validateLifecycle(container.lifecycle, gracePeriod, `${at}.lifecycle`, errors);
      }
      validateProbes(container, gracePeriod, at, errors);
    } else {
      validateShortLived(container, at, errors);
    }
  });
}

/** An init container that runs to its end has nothing to probe. */
function validateShortLived(container: Container, at: string, errors: FieldError[]): void {
  for (const field of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const) {
    if (!container[field]) continue;
    const detail = "may not be set for init containers without restartPolicy=Always";
    errors.push(forbiddenField(`${at}.${field}`, detail));
  }
  container.resizePolicy?.forEach((policy, i) => {
    if (policy.restartPolicy !== "RestartContainer") return;
    const detail = "must not be set to 'RestartContainer' for non-sidecar initContainers";
    const field = `${at}.resizePolicy[${i}].restartPolicy`;
    errors.push(invalidValue(field, policy.restartPolicy, detail));
  });
}

/** What init, regular and ephemeral containers have in common. */
export function validateCommon(
  container: Container | EphemeralContainerCommon,
  { spec, volumes, claimNames }: ContainerSurroundings,
  at: string,
  errors: FieldError[],
): void {
  checkRequiredLabel(errors, `${at}.name`, container.name);
  if (!container.image) errors.push(required(`${at}.image`));
  checkEnum(errors, `${at}.terminationMessagePolicy`, container.terminationMessagePolicy, [
    "File",
    "FallbackToLogsOnError",
  ]);
  if (container.ports) validatePorts(container.ports, `${at}.ports`, errors);
  validateEnvironment(container.env, `${at}.env`, errors);
  validateEnvironmentFrom(container.envFrom, `${at}.envFrom`, errors);
  validateMounts(container, volumes, `${at}.volumeMounts`, errors);
  validateDevices(container, volumes, `${at}.volumeDevices`, errors);
  validatePullPolicy(container.imagePullPolicy, `${at}.imagePullPolicy`, errors);
  validateContainerResources(container.resources, claimNames, `${at}.resources`, errors);
  if (container.resizePolicy) {
    const field = `${at}.resizePolicy`;
    validateResizePolicies(container.resizePolicy, spec.restartPolicy, field, errors);
  }
  const path = `${at}.securityContext`;
  validateSecurityContext(container.securityContext, spec.hostUsers !== false, path, errors);
}

/** A Pod's image may not be padded; a template's may. */
export function checkImage({ image }: { image?: string }, at: string, errors: FieldError[]): void {
  if (!image || image === image.trim()) return;
  const detail = "must not have leading or trailing whitespace";
  errors.push(invalidValue(`${at}.image`, image, detail));
}

const PULL_POLICIES = ["Always", "IfNotPresent", "Never"];

export function validatePullPolicy(
  policy: string | undefined,
  field: string,
  errors: FieldError[],
): void {
  checkEnum(errors, field, policy, PULL_POLICIES);
}

const PROTOCOLS = ["SCTP", "TCP", "UDP"];

function validatePorts(ports: readonly ContainerPort[], path: string, errors: FieldError[]): void {
  const names = new Set<string>();
  ports.forEach((port, i) => {
    const at = `${path}[${i}]`;
    if (port.name) {
      const texts = isValidPortName(port.name);
      if (texts.length > 0) addInvalid(errors, `${at}.name`, port.name, texts);
      else if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name));
      names.add(port.name);
    }
    const { containerPort, hostPort } = port;
    if (!containerPort) errors.push(required(`${at}.containerPort`));
    else {
      const texts = isValidPortNumber(containerPort);
      addInvalid(errors, `${at}.containerPort`, containerPort, texts);
    }
    if (hostPort) addInvalid(errors, `${at}.hostPort`, hostPort, isValidPortNumber(hostPort));
    checkEnum(errors, `${at}.protocol`, port.protocol, PROTOCOLS);
  });
}

/** One port of the host can be had once. */
function validateHostPorts(
  containers: readonly Container[],
  path: string,
  errors: FieldError[],
): void {
  let taken: Set<string> | undefined;
  containers.forEach((container, c) => {
    container.ports?.forEach((port, p) => {
      if (!port.hostPort) return;
      taken ??= new Set();
      const key = `${port.protocol ?? ""}/${port.hostIP ?? ""}/${port.hostPort}`;
      if (taken.has(key)) errors.push(duplicate(`${path}[${c}].ports[${p}].hostPort`, key));
      taken.add(key);
    });
  });
}

function validateResizePolicies(
  policies: readonly ContainerResizePolicy[],
  podRestartPolicy: string | undefined,
  path: string,
  errors: FieldError[],
): void {
  const seen = new Set<string>();
  policies.forEach(({ resourceName = "", restartPolicy = "" }, i) => {
    if (seen.has(resourceName)) errors.push(duplicate(`${path}[${i}]`, resourceName));
    seen.add(resourceName);
    checkEnum(errors, path, resourceName, ["cpu", "memory"]);
    checkEnum(errors, path, restartPolicy, ["NotRequired", "RestartContainer"]);
    if (podRestartPolicy === "Never" && restartPolicy !== "NotRequired") {
      const detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
      errors.push(invalidValue(path, restartPolicy, detail));
    }
  });
}

const RULES_MAX = 20;
const EXIT_CODES_MAX = 255;
const NO_POLICY_FOR_RULES = "must specify restartPolicy when restart rules are used";

function validateRestartPolicy(container: Container, at: string, errors: FieldError[]): void {
  const { restartPolicy: policy, restartPolicyRules: rules = [] } = container;
  const field = `${at}.restartPolicy`;
  if (policy === undefined) {
    if (rules.length === 0) return;
    errors.push(required(field, NO_POLICY_FOR_RULES));
  } else if (policy !== "Always" && policy !== "Never" && policy !== "OnFailure") {
    errors.push(notSupported(field, policy, ["Always", "Never", "OnFailure"]));
  }
  if (rules.length > RULES_MAX) {
    errors.push(tooMany(`${at}.restartPolicyRules`, rules.length, RULES_MAX));
  }
  rules.forEach(({ action, exitCodes }, i) => {
    const path = `${at}.restartPolicyRules[${i}]`;
    if (action !== "Restart" && action !== "RestartAllContainers") {
      errors.push(
        notSupported(`${path}.action`, action ?? "", ["Restart", "RestartAllContainers"]),
      );
    }
    if (!exitCodes) {
      errors.push(required(`${path}.exitCodes`, "must be specified"));
      return;
    }
    const { operator, values = [] } = exitCodes;
    if (operator !== "In" && operator !== "NotIn") {
      errors.push(notSupported(`${path}.exitCodes.operator`, operator ?? "", ["In", "NotIn"]));
    }
    if (values.length > EXIT_CODES_MAX) {
      errors.push(tooMany(`${path}.exitCodes.values`, values.length, EXIT_CODES_MAX));
    }
  });
}
