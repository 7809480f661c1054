// A Pod's name resolution and host network (upstream: validatePodDNSConfig, ValidateHostAliases, validatePodHostNetworkDeps,
// validatePodHostName, validateHostUsers).
import type { HostAlias, PodDNSConfig, PodSpec } from "@coracle/shared/api/types/core-v1";
import {
  forbiddenField,
  invalidValue,
  required,
  tooLong,
} from "@coracle/shared/machinery/field-error";
import { isDns1123SubdomainWithUnderscore } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { ipFindings } from "../../ip.ts";
import { addInvalid, checkSubdomain } from "./findings.ts";
import { visitContainers } from "./visit-containers.ts";

const NAMESERVERS_MAX = 3;
const SEARCHES_MAX = 32;
const SEARCHES_LENGTH_MAX = 2048;

export function validateDnsConfig(
  config: PodDNSConfig | undefined,
  dnsPolicy: string | undefined,
  path: string,
  errors: FieldError[],
): void {
  if (dnsPolicy === "None" && !config) {
    errors.push(required(path, "must provide `dnsConfig` when `dnsPolicy` is None"));
    return;
  }
  if (!config) return;
  const { nameservers = [], searches = [], options = [] } = config;
  if (dnsPolicy === "None" && nameservers.length === 0) {
    const detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
    errors.push(required(`${path}.nameservers`, detail));
    return;
  }
  if (nameservers.length > NAMESERVERS_MAX) {
    const detail = `must not have more than ${NAMESERVERS_MAX} nameservers`;
    errors.push(invalidValue(`${path}.nameservers`, nameservers, detail));
  }
  nameservers.forEach((server, i) => {
    addInvalid(errors, `${path}.nameservers[${i}]`, server, ipFindings(server));
  });
  validateSearches(searches, `${path}.searches`, errors);
  options.forEach((option, i) => {
    if (!option.name) errors.push(required(`${path}.options[${i}]`, "must not be empty"));
  });
}

function validateSearches(searches: readonly string[], path: string, errors: FieldError[]): void {
  if (searches.length > SEARCHES_MAX) {
    const detail = `must not have more than ${SEARCHES_MAX} search paths`;
    errors.push(invalidValue(path, searches, detail));
  }
  if (Buffer.byteLength(searches.join(" ")) > SEARCHES_LENGTH_MAX) {
    const detail = `must not have more than ${SEARCHES_LENGTH_MAX} characters (including spaces) in the search list`;
    errors.push(invalidValue(path, searches, detail));
  }
  searches.forEach((search, i) => {
    if (search === ".") return;
    const domain = search.endsWith(".") ? search.slice(0, -1) : search;
    addInvalid(errors, `${path}[${i}]`, domain, isDns1123SubdomainWithUnderscore(domain));
  });
}

export function validateHostAliases(
  aliases: readonly HostAlias[],
  path: string,
  errors: FieldError[],
): void {
  aliases.forEach(({ ip = "", hostnames }, i) => {
    addInvalid(errors, `${path}[${i}].ip`, ip, ipFindings(ip));
    hostnames?.forEach((name, h) => {
      checkSubdomain(errors, `${path}[${i}].hostnames[${h}]`, name);
    });
  });
}

/** `isPod`: a template may leave the host port to the Pod's defaults. */
export function validateHostNetworkPorts(
  spec: PodSpec,
  isPod: boolean,
  path: string,
  errors: FieldError[],
): void {
  if (!spec.hostNetwork) return;
  spec.containers?.forEach((container, c) => {
    container.ports?.forEach(({ hostPort = 0, containerPort = 0 }, p) => {
      if (hostPort === containerPort || (!isPod && hostPort === 0)) return;
      const field = `${path}.containers[${c}].ports[${p}].hostPort`;
      const detail = "must match `containerPort` when `hostNetwork` is true";
      errors.push(invalidValue(field, hostPort, detail));
    });
  });
}

const HOSTNAME_MAX = 64;

export function validateHostnameOverride(spec: PodSpec, path: string, errors: FieldError[]): void {
  const { hostnameOverride: name } = spec;
  if (name === undefined) return;
  const field = `${path}.hostnameOverride`;
  if (spec.setHostnameAsFQDN) {
    errors.push(forbiddenField(field, "may not be specified when setHostnameAsFQDN is true"));
  }
  if (spec.hostNetwork) {
    errors.push(forbiddenField(field, "may not be specified when hostNetwork is true"));
  }
  if (Buffer.byteLength(name) > HOSTNAME_MAX) errors.push(tooLong(field, HOSTNAME_MAX));
  checkSubdomain(errors, field, name);
}

/** A user namespace of its own excludes the host's namespaces and its devices. */
export function validateHostUsers(spec: PodSpec, path: string, errors: FieldError[]): void {
  if (spec.hostUsers !== false) return;
  const detail = "when `hostUsers` is false";
  if (spec.hostNetwork) errors.push(forbiddenField(`${path}.hostNetwork`, detail));
  if (spec.hostPID) errors.push(forbiddenField(`${path}.HostPID`, detail));
  if (spec.hostIPC) errors.push(forbiddenField(`${path}.HostIPC`, detail));
  visitContainers(spec, path, (container, at) => {
    if (!container.volumeDevices?.length) return;
    errors.push(forbiddenField(`${at}.volumeDevices`, detail));
  });
}
