import type {
  Ingress,
  IngressLoadBalancerStatus,
  IngressRule,
} from "@coracle/shared/api/types/networking-v1";
import { invalidValue } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { semanticEqual } from "../core/pod/semantic-equal.ts";
import { ipWarnings } from "../ip.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";
import { validateIngressSpec, validateIngressStatus } from "./ingress-validation.ts";

/** How an Ingress named its class before spec.ingressClassName. */
export const CLASS_ANNOTATION = "kubernetes.io/ingress.class";
const HOSTS_SHOWN_MAX = 3;

function validateClass({ metadata, spec }: Ingress): FieldError[] {
  const annotated = metadata.annotations?.[CLASS_ANNOTATION];
  const named = spec.ingressClassName;
  if (annotated === undefined || named === undefined || annotated === named) return [];
  const detail = "must match `ingressClassName` when both are specified";
  return [invalidValue(`annotations.${CLASS_ANNOTATION}`, annotated, detail)];
}

function hostsCell(rules: readonly IngressRule[]): string {
  const hosts: string[] = [];
  let more = false;
  for (const { host } of rules) {
    if (hosts.length === HOSTS_SHOWN_MAX) more = true;
    else if (host) hosts.push(host);
  }
  if (hosts.length === 0) return "*";
  const shown = hosts.join(",");
  return more ? `${shown} + ${rules.length - HOSTS_SHOWN_MAX} more...` : shown;
}

function addressCell({ ingress = [] }: IngressLoadBalancerStatus): string {
  const addresses = ingress.map(({ ip, hostname }) => ip || hostname || "").filter((a) => a !== "");
  return [...new Set(addresses)].sort().join(",");
}

export const ingressBehaviour: ResourceBehaviour<Ingress> = {
  storagePrefix: "ingress",
  setDefaults() {},
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate(ingress) {
      ingress.status = { loadBalancer: {} };
      ingress.metadata.generation = 1;
    },
    validate: (ingress) => [...validateIngressSpec(ingress), ...validateClass(ingress)],
    warningsOnCreate: ({ metadata, spec }) =>
      metadata.annotations?.[CLASS_ANNOTATION] !== undefined && spec.ingressClassName === undefined
        ? [
            `annotation "${CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`,
          ]
        : [],
    prepareForUpdate(ingress, old) {
      ingress.status = old.status;
      if (!semanticEqual(ingress.spec, old.spec)) {
        ingress.metadata.generation = (old.metadata.generation ?? 0) + 1;
      }
    },
    validateUpdate: (ingress, old) => [
      ...repeatMetadataUpdate(ingress.metadata, old.metadata),
      ...repeatObjectMeta(ingress.metadata, true, isDns1123Subdomain),
      ...validateIngressSpec(ingress),
    ],
  },
  statusStrategy: {
    prepareForUpdate(ingress, old) {
      ingress.spec = old.spec;
    },
    validateUpdate: (ingress, old) => [
      ...repeatMetadataUpdate(ingress.metadata, old.metadata),
      ...validateIngressStatus(ingress.status, old.status),
    ],
    warningsOnUpdate: ({ status }) =>
      (status.loadBalancer?.ingress ?? []).flatMap(({ ip }, i) =>
        ip ? ipWarnings(`status.loadBalancer.ingress[${i}]`, ip) : [],
      ),
  },
  cells: ({ metadata, spec, status }, now) => [
    metadata.name,
    spec.ingressClassName ?? "<none>",
    hostsCell(spec.rules ?? []),
    addressCell(status.loadBalancer ?? {}),
    (spec.tls?.length ?? 0) > 0 ? "80, 443" : "80",
    age(metadata.creationTimestamp, now),
  ],
};
