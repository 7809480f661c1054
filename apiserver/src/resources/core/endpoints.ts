import type {
  EndpointAddress,
  EndpointPort,
  EndpointSubset,
  Endpoints,
} from "@coracle/shared/api/types/core-v1";
import { notSupported, required } from "@coracle/shared/machinery/field-error";
import {
  isDns1123Label,
  isDns1123Subdomain,
  isQualifiedName,
  isValidPortNumber,
} from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { deepEqual } from "../deep-equal.ts";
import { invalidTexts } from "../field-rules.ts";
import { ipFindings, ipWarnings } from "../ip.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";
import { specialIpFindings } from "./service-validation.ts";

function setDefaults({ subsets = [] }: Endpoints): void {
  for (const { ports = [] } of subsets) {
    for (const port of ports) port.protocol ||= "TCP";
  }
}

const PROTOCOLS = ["SCTP", "TCP", "UDP"];

function validateSubsets(subsets: readonly EndpointSubset[]): FieldError[] {
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }, i) => {
    const at = `subsets[${i}]`;
    const errors: FieldError[] = [];
    if (addresses.length === 0 && notReadyAddresses.length === 0) {
      errors.push(required(at, "must specify `addresses` or `notReadyAddresses`"));
    }
    addresses.forEach((address, n) => {
      errors.push(...validateAddress(address, `${at}.addresses[${n}]`));
    });
    notReadyAddresses.forEach((address, n) => {
      errors.push(...validateAddress(address, `${at}.notReadyAddresses[${n}]`));
    });
    ports.forEach((port, n) => {
      errors.push(...validatePort(port, ports.length > 1, `${at}.ports[${n}]`));
    });
    return errors;
  });
}

function validateAddress(
  { ip = "", hostname, nodeName }: EndpointAddress,
  path: string,
): FieldError[] {
  const errors = invalidTexts(`${path}.ip`, ip, ipFindings(ip));
  if (hostname) {
    errors.push(...invalidTexts(`${path}.hostname`, hostname, isDns1123Label(hostname)));
  }
  if (nodeName !== undefined) {
    errors.push(...invalidTexts(`${path}.nodeName`, nodeName, isDns1123Subdomain(nodeName)));
  }
  return [...errors, ...invalidTexts(`${path}.ip`, ip, specialIpFindings(ip))];
}

function validatePort(
  { name, port = 0, protocol, appProtocol }: EndpointPort,
  needsName: boolean,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (name) errors.push(...invalidTexts(`${path}.name`, name, isDns1123Label(name)));
  else if (needsName) errors.push(required(`${path}.name`));
  errors.push(...invalidTexts(`${path}.port`, port, isValidPortNumber(port)));
  if (!protocol) errors.push(required(`${path}.protocol`));
  else if (!PROTOCOLS.includes(protocol)) {
    errors.push(notSupported(`${path}.protocol`, protocol, PROTOCOLS));
  }
  if (appProtocol !== undefined) {
    errors.push(...invalidTexts(`${path}.appProtocol`, appProtocol, isQualifiedName(appProtocol)));
  }
  return errors;
}

function warnings({ metadata, subsets = [] }: Endpoints): string[] {
  // The controller writes addresses that it has judged already.
  const manager = metadata.labels?.["endpoints.kubernetes.io/managed-by"];
  if (manager === "endpoint-controller") return [];
  return subsets.flatMap((subset, i) =>
    (["addresses", "notReadyAddresses"] as const).flatMap((key) =>
      (subset[key] ?? []).flatMap(({ ip }, n) =>
        ipWarnings(`subsets[${i}].${key}[${n}].ip`, ip ?? ""),
      ),
    ),
  );
}

const SHOWN_MAX = 3;

function endpointsCell(subsets: readonly EndpointSubset[]): string {
  if (subsets.length === 0) return "<none>";
  const all = subsets.flatMap(({ addresses = [], ports = [] }) => {
    const ips = addresses.map(({ ip }) => ip ?? "");
    if (ports.length === 0) return ips;
    return ports.flatMap(({ port }) =>
      ips.map((ip) => (ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`)),
    );
  });
  const shown = all.slice(0, SHOWN_MAX).join(",");
  return all.length > SHOWN_MAX ? `${shown} + ${all.length - SHOWN_MAX} more...` : shown;
}

export const endpointsBehaviour: ResourceBehaviour<Endpoints> = {
  storagePrefix: "services/endpoints",
  deprecation: "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
  setDefaults,
  validateName: isDns1123Subdomain,
  strategy: {
    allowCreateOnUpdate: true,
    prepareForCreate() {},
    validate: ({ subsets }) => validateSubsets(subsets ?? []),
    warningsOnCreate: warnings,
    prepareForUpdate() {},
    validateUpdate: (endpoints, old) => [
      ...repeatMetadataUpdate(endpoints.metadata, old.metadata),
      ...repeatObjectMeta(endpoints.metadata, true, isDns1123Subdomain),
      ...(deepEqual(endpoints.subsets, old.subsets)
        ? []
        : validateSubsets(endpoints.subsets ?? [])),
    ],
    warningsOnUpdate: warnings,
  },
  cells: ({ metadata, subsets }, now) => [
    metadata.name,
    endpointsCell(subsets ?? []),
    age(metadata.creationTimestamp, now),
  ],
};
