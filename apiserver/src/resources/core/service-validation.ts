// Validation of Services (upstream: validateService and what it calls), finding after finding in upstream's order.
import type { Service, ServicePort } from "@coracle/shared/api/types/core-v1";
import {
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import {
  isDns1123Label,
  isDns1123Subdomain,
  isQualifiedName,
  isValidPortName,
  isValidPortNumber,
} from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { isValidCidr } from "../cidr.ts";
import { invalidTexts } from "../field-rules.ts";
import { ipFindings, parseIp } from "../ip.ts";
import { validateLabels } from "../metadata-validation.ts";
import { validateClusterIps } from "./service-address-validation.ts";
import { externallyAccessible, isHeadless, needsHealthCheck } from "./service-rules.ts";

const HINTS = "service.kubernetes.io/topology-aware-hints";
const MODE = "service.kubernetes.io/topology-mode";
const SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges";
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const DAY_SECONDS = 86_400;

function validateTopologyAnnotations({ metadata }: Service): FieldError[] {
  const hints = metadata.annotations?.[HINTS];
  const mode = metadata.annotations?.[MODE];
  if (hints === undefined || mode === undefined || hints === mode) return [];
  const detail = `must match annotations[${HINTS}] when both are specified`;
  return [invalidValue(`metadata.annotations[${MODE}]`, mode, detail)];
}

function validateByType(service: Service): FieldError[] {
  const { spec } = service;
  const errors: FieldError[] = [];
  if ((spec.ports?.length ?? 0) === 0 && !isHeadless(service) && spec.type !== "ExternalName") {
    errors.push(required("spec.ports"));
  }
  if ((spec.type === "LoadBalancer" || spec.type === "NodePort") && isHeadless(service)) {
    const detail = `may not be set to 'None' for ${spec.type} services`;
    errors.push(invalidValue("spec.clusterIPs[0]", "None", detail));
  }
  if (spec.type !== "ExternalName") return errors;
  const detail = "may not be set for ExternalName services";
  if ((spec.clusterIPs?.length ?? 0) > 0) errors.push(forbiddenField("spec.clusterIPs", detail));
  if ((spec.ipFamilies?.length ?? 0) > 0) errors.push(forbiddenField("spec.ipFamilies", detail));
  if (spec.ipFamilyPolicy !== undefined) {
    errors.push(forbiddenField("spec.ipFamilyPolicy", detail));
  }
  const name = (spec.externalName ?? "").replace(/\.$/, "");
  if (name === "") errors.push(required("spec.externalName"));
  else errors.push(...invalidTexts("spec.externalName", name, isDns1123Subdomain(name)));
  return errors;
}

/** A port by number or by the name of a container port. */
export function validatePortOrName(port: number | string | undefined, field: string): FieldError[] {
  if (typeof port === "string") return invalidTexts(field, port, isValidPortName(port));
  return invalidTexts(field, port ?? 0, isValidPortNumber(port ?? 0));
}

function validatePort(
  port: ServicePort,
  needsName: boolean,
  names: Set<string>,
  field: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const { name = "" } = port;
  if (needsName && name === "") errors.push(required(`${field}.name`));
  else if (name !== "") {
    errors.push(...invalidTexts(`${field}.name`, name, isDns1123Label(name)));
    if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
    names.add(name);
  }
  errors.push(...invalidTexts(`${field}.port`, port.port ?? 0, isValidPortNumber(port.port ?? 0)));
  if (!port.protocol) errors.push(required(`${field}.protocol`));
  else if (!PROTOCOLS.includes(port.protocol)) {
    errors.push(notSupported(`${field}.protocol`, port.protocol, PROTOCOLS));
  }
  errors.push(...validatePortOrName(port.targetPort, `${field}.targetPort`));
  const protocol = port.appProtocol;
  if (protocol !== undefined) {
    errors.push(...invalidTexts(`${field}.appProtocol`, protocol, isQualifiedName(protocol)));
  }
  return errors;
}

function validateAffinity({ spec }: Service): FieldError[] {
  const affinity = spec.sessionAffinity;
  const errors: FieldError[] = [];
  if (!affinity) errors.push(required("spec.sessionAffinity"));
  else if (affinity !== "None" && affinity !== "ClientIP") {
    errors.push(notSupported("spec.sessionAffinity", affinity, ["ClientIP", "None"]));
  }
  const config = "spec.sessionAffinityConfig";
  if (affinity === "None" && spec.sessionAffinityConfig !== undefined) {
    errors.push(forbiddenField(config, "must not be set when session affinity is None"));
  }
  if (affinity !== "ClientIP") return errors;
  const detail = "when session affinity type is ClientIP";
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (spec.sessionAffinityConfig === undefined) errors.push(required(config, detail));
  else if (spec.sessionAffinityConfig.clientIP === undefined) {
    errors.push(required(`${config}.clientIP`, detail));
  } else if (seconds === undefined) {
    errors.push(required(`${config}.clientIP.timeoutSeconds`, detail));
  } else if (seconds <= 0 || seconds > DAY_SECONDS) {
    const range = `must be greater than 0 and less than ${DAY_SECONDS}`;
    errors.push(invalidValue(`${config}.clientIP.timeoutSeconds`, seconds, range));
  }
  return errors;
}

/** Addresses at which nothing may be reached from outside. */
export function specialIpFindings(text: string): string[] {
  const address = parseIp(text);
  if (address === undefined) return ["must be a valid IP address"];
  const { value, bits } = address;
  const top = (prefixLength: number) => value >> BigInt(bits - prefixLength);
  const findings: string[] = [];
  if (value === 0n) findings.push(`may not be unspecified (${text})`);
  if (bits === 32 ? top(8) === 127n : value === 1n) {
    findings.push("may not be in the loopback range (127.0.0.0/8, ::1/128)");
  }
  if (bits === 32 ? top(16) === 0xa9fen : top(10) === 0x3fan) {
    findings.push("may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  }
  const isLinkLocalMulticast =
    bits === 32 ? top(24) === 0xe00000n : (top(16) & 0xff0fn) === 0xff02n;
  if (isLinkLocalMulticast) {
    findings.push("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
  }
  return findings;
}

function validateExternalIps({ spec }: Service, old: Service | undefined): FieldError[] {
  return (spec.externalIPs ?? []).flatMap((ip, i) => {
    const findings = old?.spec.externalIPs?.includes(ip) ? [] : ipFindings(ip);
    const texts = findings.length > 0 ? findings : specialIpFindings(ip);
    return invalidTexts(`spec.externalIPs[${i}]`, ip, texts);
  });
}

const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

function validateTypeAndPorts({ spec }: Service): FieldError[] {
  const errors: FieldError[] = [];
  const ports = spec.ports ?? [];
  if (!spec.type) errors.push(required("spec.type"));
  else if (!TYPES.includes(spec.type)) errors.push(notSupported("spec.type", spec.type, TYPES));
  if (spec.type === "ClusterIP") {
    ports.forEach(({ nodePort }, i) => {
      if (!nodePort) return;
      const detail = "may not be used when `type` is 'ClusterIP'";
      errors.push(forbiddenField(`spec.ports[${i}].nodePort`, detail));
    });
  }
  const nodePorts = new Set<string>();
  ports.forEach(({ protocol, nodePort }, i) => {
    if (!nodePort) return;
    const identity = `${protocol}/${nodePort}`;
    if (nodePorts.has(identity)) errors.push(duplicate(`spec.ports[${i}].nodePort`, nodePort));
    nodePorts.add(identity);
  });
  const numbers = new Set<string>();
  ports.forEach(({ protocol, port }, i) => {
    const identity = `${protocol}/${port}`;
    if (numbers.has(identity))
      errors.push(duplicate(`spec.ports[${i}]`, shownPort(protocol, port)));
    numbers.add(identity);
  });
  return errors;
}

/** As upstream's internal type prints. */
const shownPort = (protocol: string | undefined, port: number) => ({
  Name: "",
  Protocol: protocol ?? "",
  AppProtocol: null,
  Port: port,
  TargetPort: 0,
  NodePort: 0,
});

function validateSourceRanges({ metadata, spec }: Service, old: Service | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const onlyLoadBalancer = "may only be used when `type` is 'LoadBalancer'";
  const ranges = spec.loadBalancerSourceRanges ?? [];
  if (ranges.length > 0) {
    const field = "spec.LoadBalancerSourceRanges";
    if (spec.type !== "LoadBalancer") errors.push(forbiddenField(field, onlyLoadBalancer));
    const known = (old?.spec.loadBalancerSourceRanges ?? []).map((range) => range.trim());
    ranges.forEach((range, i) => {
      const cidr = range.trim();
      if (known.includes(cidr)) return;
      errors.push(...invalidTexts(`${field}[${i}]`, cidr, isValidCidr(cidr)));
    });
    return errors;
  }
  const annotation = metadata.annotations?.[SOURCE_RANGES];
  if (annotation === undefined) return errors;
  const field = `metadata.annotations[${SOURCE_RANGES}]`;
  if (spec.type !== "LoadBalancer") errors.push(forbiddenField(field, onlyLoadBalancer));
  const unchanged = old?.metadata.annotations?.[SOURCE_RANGES] === annotation;
  if (unchanged || annotation.trim() === "") return errors;
  for (const range of annotation.split(",")) {
    const cidr = range.trim();
    errors.push(...invalidTexts(field, cidr, isValidCidr(cidr)));
  }
  return errors;
}

function validateLoadBalancer({ spec }: Service): FieldError[] {
  const errors: FieldError[] = [];
  const onlyLoadBalancer = "may only be used when `type` is 'LoadBalancer'";
  const isLoadBalancer = spec.type === "LoadBalancer";
  if (spec.allocateLoadBalancerNodePorts !== undefined && !isLoadBalancer) {
    errors.push(forbiddenField("spec.allocateLoadBalancerNodePorts", onlyLoadBalancer));
  }
  if (spec.allocateLoadBalancerNodePorts === undefined && isLoadBalancer) {
    errors.push(required("allocateLoadBalancerNodePorts"));
  }
  errors.push(...validateLoadBalancerClass(spec.loadBalancerClass, isLoadBalancer));
  return errors;
}

export function validateLoadBalancerClass(
  name: string | undefined,
  isLoadBalancer: boolean,
): FieldError[] {
  if (name === undefined) return [];
  const field = "spec.loadBalancerClass";
  if (isLoadBalancer) return invalidTexts(field, name, isQualifiedName(name));
  return [forbiddenField(field, "may only be used when `type` is 'LoadBalancer'")];
}

const POLICIES = ["Cluster", "Local"];
const DISTRIBUTIONS = ["PreferClose", "PreferSameZone", "PreferSameNode"];

function validateTraffic(service: Service): FieldError[] {
  const { spec } = service;
  const errors: FieldError[] = [];
  const policy = spec.externalTrafficPolicy ?? "";
  const field = "spec.externalTrafficPolicy";
  if (!externallyAccessible(service)) {
    const detail = "may only be set for externally-accessible services";
    if (policy !== "") errors.push(invalidValue(field, policy, detail));
  } else if (policy === "") errors.push(required(field));
  else if (!POLICIES.includes(policy)) errors.push(notSupported(field, policy, POLICIES));

  const port = spec.healthCheckNodePort ?? 0;
  if (needsHealthCheck(service)) {
    if (port === 0) errors.push(required("spec.healthCheckNodePort"));
    else errors.push(...invalidTexts("spec.healthCheckNodePort", port, isValidPortNumber(port)));
  } else if (port !== 0) {
    const detail =
      "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.push(invalidValue("spec.healthCheckNodePort", port, detail));
  }

  const internal = spec.internalTrafficPolicy;
  if (internal === undefined) {
    if (["NodePort", "LoadBalancer", "ClusterIP"].includes(spec.type ?? "")) {
      errors.push(required("spec.internalTrafficPolicy"));
    }
  } else if (!POLICIES.includes(internal)) {
    errors.push(notSupported("spec.internalTrafficPolicy", internal, POLICIES));
  }
  const distribution = spec.trafficDistribution;
  if (distribution !== undefined && !DISTRIBUTIONS.includes(distribution)) {
    errors.push(notSupported("spec.trafficDistribution", distribution, DISTRIBUTIONS));
  }
  return errors;
}

/** Metadata excepted. `old` lets addresses pass that were let through before. */
export function validateService(service: Service, old?: Service): FieldError[] {
  const ports = service.spec.ports ?? [];
  const names = new Set<string>();
  return [
    ...validateTopologyAnnotations(service),
    ...validateByType(service),
    ...ports.flatMap((port, i) => validatePort(port, ports.length > 1, names, `spec.ports[${i}]`)),
    ...validateLabels(service.spec.selector, "spec.selector"),
    ...validateAffinity(service),
    ...validateClusterIps(service, old),
    ...validateExternalIps(service, old),
    ...validateTypeAndPorts(service),
    ...validateSourceRanges(service, old),
    ...validateLoadBalancer(service),
    ...validateTraffic(service),
  ];
}
