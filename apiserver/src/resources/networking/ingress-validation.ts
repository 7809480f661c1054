// Rules, backends and TLS of an Ingress (upstream: pkg/apis/networking/validation).
import type { TypedLocalObjectReference } from "@coracle/shared/api/types/core-v1";
import type {
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  IngressRule,
  IngressServiceBackend,
  IngressStatus,
  IngressTLS,
} from "@coracle/shared/api/types/networking-v1";
import { invalidValue, notSupported, required } from "@coracle/shared/machinery/field-error";
import {
  isDns1123Label,
  isDns1123Subdomain,
  isPathSegmentName,
  isValidPortName,
  isValidPortNumber,
  isWildcardDns1123Subdomain,
} from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { invalidTexts } from "../field-rules.ts";
import { ipFindings, isIp } from "../ip.ts";

const PATH_TYPES = ["Exact", "ImplementationSpecific", "Prefix"];
const REFUSED_IN_PATH = ["//", "/./", "/../", "%2f", "%2F"];
const REFUSED_AT_END = ["/..", "/."];
const NOT_AN_IP = "must be a DNS name, not an IP address";
const ABSOLUTE = "must be an absolute path";

const hostFindings = (host: string): string[] =>
  host.includes("*") ? isWildcardDns1123Subdomain(host) : isDns1123Subdomain(host);

/** `""` is upstream's absent text. */
export function requiredSegment(value: string | undefined, field: string): FieldError[] {
  return value ? invalidTexts(field, value, isPathSegmentName(value)) : [required(field)];
}

export function validateApiGroup(group: string | null | undefined, path: string): FieldError[] {
  return group === undefined || group === null
    ? []
    : invalidTexts(`${path}.apiGroup`, group, isDns1123Subdomain(group));
}

const validateResource = (
  { apiGroup, kind, name }: TypedLocalObjectReference,
  path: string,
): FieldError[] => [
  ...validateApiGroup(apiGroup, path),
  ...requiredSegment(kind, `${path}.kind`),
  ...requiredSegment(name, `${path}.name`),
];

function validateService({ name, port = {} }: IngressServiceBackend, path: string): FieldError[] {
  const errors = name
    ? invalidTexts(`${path}.service.name`, name, isDns1123Label(name))
    : [required(`${path}.service.name`)];
  const field = `${path}.service.port`;
  if (port.name && port.number) {
    errors.push(invalidValue(path, "", "cannot set both port name & port number"));
  } else if (port.name) {
    errors.push(...invalidTexts(`${field}.name`, port.name, isValidPortName(port.name)));
  } else if (port.number) {
    errors.push(...invalidTexts(`${field}.number`, port.number, isValidPortNumber(port.number)));
  } else errors.push(required(path, "port name or number is required"));
  return errors;
}

function validateBackend({ resource, service }: IngressBackend, path: string): FieldError[] {
  if (resource !== undefined && service !== undefined) {
    return [invalidValue(path, "", "cannot set both resource and service backends")];
  }
  if (resource !== undefined) return validateResource(resource, `${path}.resource`);
  if (service !== undefined) return validateService(service, path);
  return [invalidValue(path, "", "resource or service backend is required")];
}

function pathFindings(path: string, pathType: string): string[] {
  if (pathType === "ImplementationSpecific") {
    return path === "" || path.startsWith("/") ? [] : [ABSOLUTE];
  }
  return [
    ...(path.startsWith("/") ? [] : [ABSOLUTE]),
    ...REFUSED_IN_PATH.filter((part) => path.includes(part)).map(
      (part) => `must not contain '${part}'`,
    ),
    ...REFUSED_AT_END.filter((part) => path.endsWith(part)).map(
      (part) => `cannot end with '${part}'`,
    ),
  ];
}

function validatePath({ path = "", pathType, backend }: HTTPIngressPath, at: string): FieldError[] {
  if (pathType === undefined || pathType === null) {
    return [required(`${at}.pathType`, "pathType must be specified")];
  }
  const errors = PATH_TYPES.includes(pathType)
    ? invalidTexts(`${at}.path`, path, pathFindings(path, pathType))
    : [notSupported(`${at}.pathType`, pathType, PATH_TYPES)];
  return [...errors, ...validateBackend(backend ?? {}, `${at}.backend`)];
}

function validateRule({ host = "", http }: IngressRule, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (host !== "") {
    const field = `${path}.host`;
    if (isIp(host)) errors.push(invalidValue(field, host, NOT_AN_IP));
    errors.push(...invalidTexts(field, host, hostFindings(host)));
  }
  if (http === undefined) return errors;
  const field = `${path}.http.paths`;
  const paths = http.paths ?? [];
  if (paths.length === 0) errors.push(required(field));
  return [...errors, ...paths.flatMap((item, i) => validatePath(item, `${field}[${i}]`))];
}

const validateTls = ({ hosts = [], secretName = "" }: IngressTLS, path: string): FieldError[] => [
  ...hosts.flatMap((host, i) => invalidTexts(`${path}.hosts[${i}]`, host, hostFindings(host))),
  ...(secretName === ""
    ? []
    : invalidTexts(`${path}.secretName`, secretName, isDns1123Subdomain(secretName))),
];

export function validateIngressSpec({ spec }: Ingress): FieldError[] {
  const errors: FieldError[] = [];
  const { defaultBackend, ingressClassName, rules = [], tls = [] } = spec;
  if (rules.length === 0 && defaultBackend === undefined) {
    const detail = "either `defaultBackend` or `rules` must be specified";
    errors.push(invalidValue("spec", null, detail));
  }
  if (defaultBackend !== undefined) {
    errors.push(...validateBackend(defaultBackend, "spec.defaultBackend"));
  }
  errors.push(
    ...rules.flatMap((rule, i) => validateRule(rule, `spec.rules[${i}]`)),
    ...tls.flatMap((item, i) => validateTls(item, `spec.tls[${i}]`)),
  );
  if (ingressClassName !== undefined) {
    const texts = isDns1123Subdomain(ingressClassName);
    errors.push(...invalidTexts("spec.ingressClassName", ingressClassName, texts));
  }
  return errors;
}

/** An address that was there before may stay as it is. */
export function validateIngressStatus(status: IngressStatus, old: IngressStatus): FieldError[] {
  const known = (old.loadBalancer?.ingress ?? []).map(({ ip }) => ip);
  return (status.loadBalancer?.ingress ?? []).flatMap(({ ip = "", hostname = "" }, i) => {
    const path = `status.loadBalancer.ingress[${i}]`;
    const errors: FieldError[] = [];
    if (ip !== "" && !known.includes(ip)) {
      errors.push(...invalidTexts(`${path}.ip`, ip, ipFindings(ip)));
    }
    if (hostname === "") return errors;
    errors.push(...invalidTexts(`${path}.hostname`, hostname, isDns1123Subdomain(hostname)));
    if (isIp(hostname)) errors.push(invalidValue(`${path}.hostname`, hostname, NOT_AN_IP));
    return errors;
  });
}
