// Warnings on what is allowed but unlikely to be meant (upstream: api/pod warnings.go, podStrategy.WarningsOnCreate).

import type {
  ContainerPort,
  EnvVar,
  Pod,
  PodAffinity,
  PodSpec,
  PodTemplateSpec,
} from "@coracle/shared/api/types/core-v1";
import { isDns1123Label } from "@coracle/shared/machinery/names";
import { ownValue } from "@coracle/shared/machinery/own-value";
import { canonical, milliValue } from "@coracle/shared/machinery/quantity";
import { ipWarnings } from "../../ip.ts";
import { DEPRECATED_LABELS, nodeSelectorTermWarnings } from "../../node-label-warnings.ts";
import {
  APP_ARMOR_PREFIX,
  SECCOMP_CONTAINER_PREFIX,
  SECCOMP_POD,
} from "./annotations-validation.ts";
import { appArmorOf, preparationWarnings, sameProfile } from "./pod-creation.ts";
import { visitContainers } from "./visit-containers.ts";
import { overlapWarnings, volumeWarnings } from "./volume-warnings.ts";

type Annotations = Readonly<Record<string, string>>;

export function podCreateWarnings(pod: Pod): string[] {
  const warnings = [...preparationWarnings(pod)];
  const texts = isDns1123Label(pod.metadata.name);
  if (texts.length > 0) {
    warnings.push(
      `metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${texts.join(" ")}]`,
    );
  }
  warnings.push(...specWarnings(pod.spec, pod.metadata.annotations ?? {}, ""));
  return [...new Set(warnings)];
}

export function podStatusWarnings({ status }: Pod): string[] {
  return [
    ...(status.podIPs ?? []).flatMap(({ ip }, i) => ipWarnings(`status.podIPs[${i}].ip`, ip ?? "")),
    ...(status.hostIPs ?? []).flatMap(({ ip }, i) =>
      ipWarnings(`status.hostIPs[${i}].ip`, ip ?? ""),
    ),
  ];
}

/** `path`: `spec.template`. */
export function podTemplateWarnings(template: PodTemplateSpec, path: string): string[] {
  const spec = template.spec ?? { containers: [] };
  return specWarnings(spec, template.metadata?.annotations ?? {}, `${path}.`);
}

/** `prefix` stands before `spec` and `metadata`; only a template has one. */
function specWarnings(spec: PodSpec, annotations: Annotations, prefix: string): string[] {
  const warnings: string[] = [];
  const path = `${prefix}spec`;
  nodeWarnings(spec, path, warnings);
  annotationWarnings(annotations, `${prefix}metadata.annotations`, warnings);
  volumeWarnings(spec.volumes, `${path}.volumes`, warnings);
  overlapWarnings(spec.volumes, warnings);
  repetitionWarnings(spec, path, warnings);
  fractionWarnings(spec.overhead, `${path}.overhead`, warnings);
  containerWarnings(spec, annotations, prefix, warnings);
  portWarnings(spec, path, warnings);
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    warnings.push(
      `${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    );
  }
  selectorWarnings(spec.affinity?.podAffinity, `${path}.affinity.podAffinity`, warnings);
  selectorWarnings(spec.affinity?.podAntiAffinity, `${path}.affinity.podAntiAffinity`, warnings);
  spec.dnsConfig?.nameservers?.forEach((server, i) => {
    warnings.push(...ipWarnings(`${path}.dnsConfig.nameservers[${i}]`, server));
  });
  spec.hostAliases?.forEach(({ ip }, i) => {
    warnings.push(...ipWarnings(`${path}.hostAliases[${i}].ip`, ip ?? ""));
  });
  return warnings;
}

function nodeWarnings(spec: PodSpec, path: string, warnings: string[]): void {
  for (const key in spec.nodeSelector) {
    const message = ownValue(DEPRECATED_LABELS, key);
    if (message) warnings.push(`${path}.nodeSelector[${key}]: ${message}`);
  }
  const affinity = spec.affinity?.nodeAffinity;
  const at = `${path}.affinity.nodeAffinity`;
  const needed = affinity?.requiredDuringSchedulingIgnoredDuringExecution;
  needed?.nodeSelectorTerms?.forEach((term, i) => {
    const field = `${at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${i}]`;
    nodeSelectorTermWarnings(term, false, field, warnings);
  });
  affinity?.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ preference }, i) => {
    const field = `${at}.preferredDuringSchedulingIgnoredDuringExecution[${i}].preference`;
    nodeSelectorTermWarnings(preference, true, field, warnings);
  });
  spec.topologySpreadConstraints?.forEach(({ topologyKey, labelSelector }, i) => {
    const field = `${path}.topologySpreadConstraints[${i}]`;
    const message = ownValue(DEPRECATED_LABELS, topologyKey);
    if (message) warnings.push(`${field}.topologyKey: ${topologyKey} is ${message}`);
    if (!labelSelector) warnings.push(`${field}.labelSelector: ${NULL_SELECTOR}`);
  });
}

const NULL_SELECTOR = "a null labelSelector results in matching no pod";

const DEPRECATED_ANNOTATIONS: Readonly<Record<string, string>> = {
  "scheduler.alpha.kubernetes.io/critical-pod":
    'non-functional in v1.16+; use the "priorityClassName" field instead',
  "security.alpha.kubernetes.io/sysctls":
    'non-functional in v1.11+; use the "sysctls" field instead',
  "security.alpha.kubernetes.io/unsafe-sysctls":
    'non-functional in v1.11+; use the "sysctls" field instead',
};

function annotationWarnings(annotations: Annotations, path: string, warnings: string[]): void {
  for (const key in DEPRECATED_ANNOTATIONS) {
    if (key in annotations) warnings.push(`${path}[${key}]: ${DEPRECATED_ANNOTATIONS[key]}`);
  }
}

function repetitionWarnings(spec: PodSpec, path: string, warnings: string[]): void {
  const ips = new Set<string>();
  spec.hostAliases?.forEach(({ ip }, i) => {
    if (ips.has(ip)) {
      warnings.push(`${path}.hostAliases[${i}].ip: duplicate ip ${JSON.stringify(ip)}`);
    }
    ips.add(ip);
  });
  const names = new Set<string>();
  spec.imagePullSecrets?.forEach(({ name = "" }, i) => {
    if (names.has(name)) {
      const field = `${path}.imagePullSecrets[${i}].name`;
      warnings.push(`${field}: duplicate name ${JSON.stringify(name)}`);
    }
    names.add(name);
  });
  spec.imagePullSecrets?.forEach(({ name }, i) => {
    if (!name) warnings.push(`${path}.imagePullSecrets[${i}].name: invalid empty name ""`);
  });
}

/** Bytes come whole. */
function fractionWarnings(
  list: Record<string, string> | undefined,
  path: string,
  warnings: string[],
  names: readonly string[] = ["memory", "ephemeral-storage"],
): void {
  for (const name of names) {
    const quantity = ownValue(list, name);
    if (quantity === undefined || milliValue(quantity) % 1000 === 0) continue;
    const shown = JSON.stringify(canonical(quantity));
    warnings.push(
      `${path}[${name}]: fractional byte value ${shown} is invalid, must be an integer`,
    );
  }
}

function containerWarnings(
  spec: PodSpec,
  annotations: Annotations,
  prefix: string,
  warnings: string[],
): void {
  const path = `${prefix}metadata.annotations`;
  const seccomp = 'non-functional in v1.27+; use the "seccompProfile" field instead';
  if (!spec.securityContext?.seccompProfile && SECCOMP_POD in annotations) {
    warnings.push(`${path}[${SECCOMP_POD}]: ${seccomp}`);
  }
  visitContainers(spec, `${prefix}spec`, (container, at) => {
    const key = SECCOMP_CONTAINER_PREFIX + container.name;
    if (!container.securityContext?.seccompProfile && key in annotations) {
      warnings.push(`${path}[${key}]: ${seccomp}`);
    }
    if (prefix !== "" && !container.securityContext?.appArmorProfile) {
      const appArmor = APP_ARMOR_PREFIX + container.name;
      const annotation = annotations[appArmor];
      const ofPod = spec.securityContext?.appArmorProfile;
      if (annotation !== undefined && !(ofPod && sameProfile(ofPod, appArmorOf(annotation)))) {
        warnings.push(
          `${path}[${appArmor}]: deprecated since v1.30; use the "appArmorProfile" field instead`,
        );
      }
    }
    const { limits, requests } = container.resources ?? {};
    for (const name of ["memory", "ephemeral-storage"]) {
      fractionWarnings(limits, `${at}.resources.limits`, warnings, [name]);
      fractionWarnings(requests, `${at}.resources.requests`, warnings, [name]);
    }
    if (container.env) variableWarnings(container.env, `${at}.env`, warnings);
  });
}

/** A name again is fine only where its value builds on the one before. */
function variableWarnings(variables: readonly EnvVar[], path: string, warnings: string[]): void {
  const names = new Set<string>();
  variables.forEach(({ name, value = "", valueFrom }, i) => {
    if (!names.has(name)) {
      names.add(name);
      return;
    }
    const reference = `$(${name})`;
    if (!valueFrom && value !== reference && value.includes(reference)) return;
    warnings.push(
      `${path}[${i}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
    );
  });
}

/** As Go prints the struct. */
const shownPort = ({ name, hostPort, containerPort, protocol, hostIP }: ContainerPort): string =>
  `{Name:${name ?? ""} HostPort:${hostPort ?? 0} ContainerPort:${containerPort} Protocol:${protocol ?? ""} HostIP:${hostIP ?? ""}}`;

function portWarnings(spec: PodSpec, path: string, warnings: string[]): void {
  const seen = new Map<string, { field: string; port: ContainerPort }[]>();
  visitContainers(spec, path, (container, at) => {
    container.ports?.forEach((port, i) => {
      const field = `${at}.ports[${i}]`;
      if (port.hostIP && !port.hostPort) {
        warnings.push(`${field}: hostIP set without hostPort: ${shownPort(port)}`);
      }
      const key = `${port.containerPort}/${port.protocol}`;
      const others = seen.get(key);
      if (!others) {
        seen.set(key, [{ field, port }]);
        return;
      }
      for (const other of others) {
        const relation = relationOf(port, other.port);
        if (relation) warnings.push(`${field}: ${relation} port definition with ${other.field}`);
      }
      others.push({ field, port });
    });
  });
  const named = new Map<string, string>();
  visitContainers(spec, path, (container, at) => {
    container.ports?.forEach(({ name }, i) => {
      if (!name) return;
      const other = named.get(name);
      if (other === undefined) {
        named.set(name, `${at}.ports[${i}]`);
        return;
      }
      warnings.push(
        `${at}.ports[${i}]: duplicate port name ${JSON.stringify(name)} with ${other}, services and probes that select ports by name will use ${other}`,
      );
    });
  });
}

function relationOf(a: ContainerPort, b: ContainerPort): string | undefined {
  const [ip, otherIp] = [a.hostIP ?? "", b.hostIP ?? ""];
  const [port, otherPort] = [a.hostPort ?? 0, b.hostPort ?? 0];
  if (ip === otherIp && port === otherPort) return "duplicate";
  if (port === 0 || otherPort === 0) return "overlapping";
  return port === otherPort && (ip === "") !== (otherIp === "")
    ? "dangerously ambiguous"
    : undefined;
}

function selectorWarnings(
  affinity: PodAffinity | undefined,
  path: string,
  warnings: string[],
): void {
  affinity?.requiredDuringSchedulingIgnoredDuringExecution?.forEach((term, i) => {
    if (term.labelSelector) return;
    const field = `${path}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`;
    warnings.push(`${field}.labelSelector: ${NULL_SELECTOR}`);
  });
  affinity?.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ podAffinityTerm }, i) => {
    if (podAffinityTerm?.labelSelector) return;
    const field = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${i}].podAffinityTerm`;
    warnings.push(`${field}.labelSelector: ${NULL_SELECTOR}`);
  });
}
