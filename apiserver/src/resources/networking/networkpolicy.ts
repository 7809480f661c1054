import type { IPBlock, NetworkPolicy } from "@coracle/shared/api/types/networking-v1";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import { formatLabelSelector } from "@coracle/shared/machinery/selector";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { cidrWarnings } from "../cidr.ts";
import { semanticEqual } from "../core/pod/semantic-equal.ts";
import { repeatMetadataUpdate } from "../metadata-validation.ts";
import { policyRules, validateNetworkPolicy } from "./networkpolicy-validation.ts";

function setDefaults({ spec }: NetworkPolicy): void {
  for (const { ports } of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
    for (const port of ports ?? []) port.protocol ??= "TCP";
  }
  if ((spec.policyTypes?.length ?? 0) > 0) return;
  spec.policyTypes = (spec.egress?.length ?? 0) > 0 ? ["Ingress", "Egress"] : ["Ingress"];
}

const blockWarnings = ({ cidr, except = [] }: IPBlock, path: string): string[] => [
  ...cidrWarnings(`${path}.cidr`, cidr),
  ...except.flatMap((item, i) => cidrWarnings(`${path}.except[${i}]`, item)),
];

const warnings = (policy: NetworkPolicy): string[] =>
  policyRules(policy).flatMap(({ peers }) =>
    peers.flatMap(({ peer, path }) =>
      peer.ipBlock === undefined ? [] : blockWarnings(peer.ipBlock, `${path}.ipBlock`),
    ),
  );

export const networkPolicyBehaviour: ResourceBehaviour<NetworkPolicy> = {
  storagePrefix: "networkpolicies",
  setDefaults,
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate({ metadata }) {
      metadata.generation = 1;
    },
    validate: (policy) => validateNetworkPolicy(policy),
    warningsOnCreate: warnings,
    prepareForUpdate(policy, old) {
      if (semanticEqual(policy.spec, old.spec)) return;
      policy.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
    validateUpdate: (policy, old) => [
      ...repeatMetadataUpdate(policy.metadata, old.metadata),
      ...validateNetworkPolicy(policy, old),
    ],
    warningsOnUpdate: warnings,
  },
  cells: ({ metadata, spec }, now) => [
    metadata.name,
    formatLabelSelector(spec.podSelector ?? {}),
    age(metadata.creationTimestamp, now),
  ],
};
