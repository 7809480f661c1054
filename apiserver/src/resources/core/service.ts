import type { Service } from "@coracle/shared/api/types/core-v1";
import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import { isDns1123Label, isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { invalidTexts } from "../field-rules.ts";
import { ipFindings, isIp } from "../ip.ts";
import { repeatMetadataUpdate } from "../metadata-validation.ts";
import { validateAddressChange, validateHealthPortChange } from "./service-address-validation.ts";
import { dropTypeDependentFields, setServiceDefaults } from "./service-defaults.ts";
import { validateLoadBalancerClass, validateService } from "./service-validation.ts";
import { serviceStatusWarnings, serviceWarnings } from "./service-warnings.ts";

function validateIngress({ spec, status }: Service, old: Service): FieldError[] {
  const path = "status.loadBalancer.ingress";
  const ingresses = status.loadBalancer?.ingress ?? [];
  if (spec.type !== "LoadBalancer" && ingresses.length > 0) {
    return [forbiddenField(path, "may only be used when `spec.type` is 'LoadBalancer'")];
  }
  const known = (old.status.loadBalancer?.ingress ?? []).map(({ ip }) => ip);
  return ingresses.flatMap(({ ip = "", ipMode, hostname = "" }, i) => {
    const field = `${path}[${i}]`;
    const errors: FieldError[] = [];
    if (ip !== "" && !known.includes(ip)) {
      errors.push(...invalidTexts(`${field}.ip`, ip, ipFindings(ip)));
    }
    if (ipMode === undefined) {
      if (ip !== "") errors.push(required(`${field}.ipMode`, "must be specified when `ip` is set"));
    } else if (ip === "") {
      errors.push(forbiddenField(`${field}.ipMode`, "may not be specified when `ip` is not set"));
    } else if (ipMode !== "Proxy" && ipMode !== "VIP") {
      errors.push(notSupported(`${field}.ipMode`, ipMode, ["Proxy", "VIP"]));
    }
    if (hostname === "") return errors;
    errors.push(...invalidTexts(`${field}.hostname`, hostname, isDns1123Subdomain(hostname)));
    if (isIp(hostname)) {
      const detail = "must be a DNS name, not an IP address";
      errors.push(invalidValue(`${field}.hostname`, hostname, detail));
    }
    return errors;
  });
}

/** Upstream never shows a valid policy of a Service that is only a name. */
function dropInternalPolicy({ spec }: Service): void {
  const valid = spec.internalTrafficPolicy === "Cluster" || spec.internalTrafficPolicy === "Local";
  if (spec.type === "ExternalName" && valid) delete spec.internalTrafficPolicy;
}

function externalCell({ spec, status }: Service): string {
  const external = spec.externalIPs ?? [];
  switch (spec.type) {
    case "ClusterIP":
    case "NodePort":
      return external.length > 0 ? external.join(",") : "<none>";
    case "LoadBalancer": {
      const ingresses = status.loadBalancer?.ingress ?? [];
      const names = ingresses
        .map(({ ip, hostname }) => ip || hostname || "")
        .filter((n) => n !== "");
      const all = [...[...new Set(names)].sort(), ...external];
      return all.length > 0 ? all.join(",") : "<pending>";
    }
    case "ExternalName":
      return spec.externalName ?? "";
    default:
      return "<unknown>";
  }
}

function cells(service: Service, now: number): unknown[] {
  const { metadata, spec } = service;
  const ports = (spec.ports ?? []).map(({ port, nodePort, protocol }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  );
  const selector = Object.entries(spec.selector ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort();
  return [
    metadata.name,
    spec.type ?? "",
    spec.clusterIPs?.[0] ?? "<none>",
    externalCell(service),
    ports.length > 0 ? ports.join(",") : "<none>",
    age(metadata.creationTimestamp, now),
    selector.length > 0 ? selector.join(",") : "<none>",
  ];
}

export const serviceBehaviour: ResourceBehaviour<Service> = {
  storagePrefix: "services/specs",
  setDefaults: setServiceDefaults,
  // Since 1.36 a digit may come first (RelaxedServiceNameValidation).
  validateName: isDns1123Label,
  selectableFields: ({ spec }) => ({
    "spec.clusterIP": spec.clusterIP ?? "",
    "spec.type": spec.type ?? "",
  }),
  strategy: {
    allowCreateOnUpdate: true,
    prepareForCreate(service) {
      service.status = { loadBalancer: {} };
      dropInternalPolicy(service);
    },
    validate: (service) => validateService(service),
    warningsOnCreate: serviceWarnings,
    prepareForUpdate(service, old) {
      service.status = structuredClone(old.status);
      dropTypeDependentFields(service, old);
      dropInternalPolicy(service);
    },
    validateUpdate: (service, old) => [
      ...repeatMetadataUpdate(service.metadata, old.metadata),
      ...validateAddressChange(service, old),
      ...validateLoadBalancerClass(
        service.spec.loadBalancerClass,
        service.spec.type === "LoadBalancer",
      ),
      ...validateHealthPortChange(service, old),
      ...validateService(service, old),
    ],
    warningsOnUpdate: serviceWarnings,
  },
  statusStrategy: {
    prepareForUpdate(service, old) {
      service.spec = old.spec;
    },
    validateUpdate: (service, old) => [
      ...repeatMetadataUpdate(service.metadata, old.metadata),
      ...validateIngress(service, old),
    ],
    warningsOnUpdate: serviceStatusWarnings,
  },
  cells,
};
