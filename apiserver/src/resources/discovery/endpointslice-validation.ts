// Endpoints and ports of an EndpointSlice (upstream: pkg/apis/discovery/validation).
import type {
  Endpoint,
  EndpointHints,
  EndpointPort,
  EndpointSlice,
} from "@coracle/shared/api/types/discovery-v1";
import {
  duplicate,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from "@coracle/shared/machinery/field-error";
import {
  isDns1123Label,
  isDns1123Subdomain,
  isQualifiedName,
  isValidLabelValue,
} from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { specialIpFindings } from "../core/service-validation.ts";
import { invalidTexts } from "../field-rules.ts";
import { ipFindings, parseIp } from "../ip.ts";
import { strictIpFindings } from "../networking/addresses.ts";

const ADDRESS_TYPES = ["FQDN", "IPv4", "IPv6"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const ENDPOINTS_MAX = 1000;
const ADDRESSES_MAX = 100;
const PORTS_MAX = 20_000;
const HINTS_MAX = 8;

function validateDomain(name: string, field: string): FieldError[] {
  if (name === "") return [required(field)];
  const domain = name.endsWith(".") ? name.slice(0, -1) : name;
  const findings = isDns1123Subdomain(domain);
  if (findings.length > 0) return [invalidValue(field, domain, findings.join(","))];
  const labels = domain.split(".");
  if (labels.length < 2) {
    const detail = "should be a domain with at least two segments separated by dots";
    return [invalidValue(field, domain, detail)];
  }
  const label = labels.find((part) => isDns1123Label(part).length > 0);
  return label === undefined ? [] : [invalidValue(field, label, isDns1123Label(label).join(","))];
}

/** Upstream names the list, not the address, that is of the other family. */
function validateIp(address: string, type: "IPv4" | "IPv6", list: string, i: number): FieldError[] {
  const field = `${list}[${i}]`;
  const findings = type === "IPv4" ? ipFindings(address) : strictIpFindings(address);
  if (findings.length > 0) return invalidTexts(field, address, findings);
  const isOther = parseIp(address)?.bits !== (type === "IPv4" ? 32 : 128);
  return [
    ...(isOther ? [invalidValue(list, address, `must be an ${type} address`)] : []),
    ...invalidTexts(field, address, specialIpFindings(address)),
  ];
}

function validateAddresses(addresses: readonly string[], type: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (addresses.length === 0) errors.push(required(path, "must contain at least 1 address"));
  else if (addresses.length > ADDRESSES_MAX) {
    errors.push(tooMany(path, addresses.length, ADDRESSES_MAX));
  }
  if (type === "FQDN") {
    return [...errors, ...addresses.flatMap((name, i) => validateDomain(name, `${path}[${i}]`))];
  }
  if (type !== "IPv4" && type !== "IPv6") return errors;
  return [...errors, ...addresses.flatMap((address, i) => validateIp(address, type, path, i))];
}

function validateNames(
  items: readonly { name: string }[],
  path: string,
  rule: (name: string) => string[],
): FieldError[] {
  const seen = new Set<string>();
  return items.flatMap(({ name = "" }, i) => {
    const field = `${path}[${i}].name`;
    const repeated = seen.has(name) ? [duplicate(field, name)] : [];
    seen.add(name);
    return [...repeated, ...invalidTexts(field, name, rule(name))];
  });
}

function validateHints(
  { forZones = [], forNodes = [] }: EndpointHints,
  path: string,
): FieldError[] {
  const zones = `${path}.forZones`;
  const nodes = `${path}.forNodes`;
  if (forZones.length > HINTS_MAX) return [tooMany(zones, forZones.length, HINTS_MAX)];
  const errors = validateNames(forZones, zones, isValidLabelValue);
  if (forNodes.length > HINTS_MAX) return [...errors, tooMany(nodes, forNodes.length, HINTS_MAX)];
  return [...errors, ...validateNames(forNodes, nodes, isDns1123Subdomain)];
}

function validateEndpoint(endpoint: Endpoint, type: string, path: string): FieldError[] {
  const { addresses, nodeName, hostname, hints } = endpoint;
  const errors = validateAddresses(addresses ?? [], type, `${path}.addresses`);
  if (nodeName !== undefined) {
    errors.push(...invalidTexts(`${path}.nodeName`, nodeName, isDns1123Subdomain(nodeName)));
  }
  if (hostname !== undefined) {
    errors.push(...invalidTexts(`${path}.hostname`, hostname, isDns1123Label(hostname)));
  }
  if (hints !== undefined) errors.push(...validateHints(hints, `${path}.hints`));
  return errors;
}

/** Empty where nothing is wrong with the endpoints. */
export function validateEndpoints({ endpoints, addressType }: EndpointSlice): FieldError[] {
  const count = endpoints?.length ?? 0;
  if (count > ENDPOINTS_MAX) return [tooMany("endpoints", count, ENDPOINTS_MAX)];
  return (endpoints ?? []).flatMap((endpoint, i) =>
    validateEndpoint(endpoint, addressType, `endpoints[${i}]`),
  );
}

function validatePorts(ports: readonly EndpointPort[]): FieldError[] {
  if (ports.length > PORTS_MAX) return [tooMany("ports", ports.length, PORTS_MAX)];
  const names = new Set<string>();
  return ports.flatMap(({ name = "", protocol, appProtocol }, i) => {
    const path = `ports[${i}]`;
    const errors: FieldError[] = [];
    if (name !== "") errors.push(...invalidTexts(`${path}.name`, name, isDns1123Label(name)));
    if (names.has(name)) errors.push(duplicate(`${path}.name`, name));
    names.add(name);
    if (protocol !== undefined && !PROTOCOLS.includes(protocol)) {
      errors.push(notSupported(`${path}.protocol`, protocol, PROTOCOLS));
    }
    if (appProtocol === undefined) return errors;
    const texts = isQualifiedName(appProtocol);
    return [...errors, ...invalidTexts(`${path}.appProtocol`, appProtocol, texts)];
  });
}

export function validateTypeAndPorts({ addressType, ports }: EndpointSlice): FieldError[] {
  const errors: FieldError[] = [];
  if (!addressType) errors.push(required("addressType"));
  else if (!ADDRESS_TYPES.includes(addressType)) {
    errors.push(notSupported("addressType", addressType, ADDRESS_TYPES));
  }
  return [...errors, ...validatePorts(ports ?? [])];
}
