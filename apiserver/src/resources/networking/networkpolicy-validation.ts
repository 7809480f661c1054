// Ports, peers and address blocks of a NetworkPolicy (upstream: pkg/apis/networking/validation).
import type {
  IPBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from "@coracle/shared/api/types/networking-v1";
import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import { isValidPortName, isValidPortNumber } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { isCidr, isValidCidr } from "../cidr.ts";
import { validateLabelSelector } from "../core/pod/label-selector-validation.ts";
import { invalidTexts } from "../field-rules.ts";
import { containsCidr } from "./addresses.ts";

const POLICY_TYPES = ["Ingress", "Egress"];

interface Peer {
  peer: NetworkPolicyPeer;
  path: string;
}

interface Rule {
  path: string;
  ports: readonly NetworkPolicyPort[];
  peers: readonly Peer[];
}

/** The rules of both directions, with the paths of their peers. */
export function policyRules({ spec }: NetworkPolicy): Rule[] {
  const rule = (
    path: string,
    ports: readonly NetworkPolicyPort[] = [],
    peers: readonly NetworkPolicyPeer[] = [],
    side: string,
  ): Rule => ({
    path,
    ports,
    peers: peers.map((peer, i) => ({ peer, path: `${path}.${side}[${i}]` })),
  });
  return [
    ...(spec.ingress ?? []).map(({ ports, from }, i) =>
      rule(`spec.ingress[${i}]`, ports, from, "from"),
    ),
    ...(spec.egress ?? []).map(({ ports, to }, i) => rule(`spec.egress[${i}]`, ports, to, "to")),
  ];
}

function validateNumbers(port: number, endPort: number | undefined, path: string): FieldError[] {
  const errors = invalidTexts(`${path}.port`, port, isValidPortNumber(port));
  if (endPort === undefined) return errors;
  if (endPort < port) {
    const detail = "must be greater than or equal to `port`";
    errors.push(invalidValue(`${path}.endPort`, port, detail));
  }
  return [...errors, ...invalidTexts(`${path}.endPort`, endPort, isValidPortNumber(endPort))];
}

function validatePort({ protocol, port, endPort }: NetworkPolicyPort, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const protocols = ["TCP", "UDP", "SCTP"];
  if (protocol !== undefined && !protocols.includes(protocol)) {
    errors.push(notSupported(`${path}.protocol`, protocol, protocols));
  }
  if (typeof port === "number") return [...errors, ...validateNumbers(port, endPort, path)];
  if (endPort !== undefined) {
    const why = port === undefined ? "`port` is not specified" : "`port` is non-numeric";
    errors.push(invalidValue(`${path}.endPort`, endPort, `may not be specified when ${why}`));
  }
  if (port === undefined) return errors;
  return [...errors, ...invalidTexts(`${path}.port`, port, isValidPortName(port))];
}

/** CIDRs that were in the policy before are let through. */
function validateBlock(
  { cidr = "", except = [] }: IPBlock,
  path: string,
  known: ReadonlySet<string>,
): FieldError[] {
  if (cidr === "") return [required(`${path}.cidr`)];
  const findings = (text: string) => (known.has(text) ? [] : isValidCidr(text));
  const errors = invalidTexts(`${path}.cidr`, cidr, findings(cidr));
  if (!isCidr(cidr)) return errors;
  except.forEach((item, i) => {
    const field = `${path}.except[${i}]`;
    errors.push(...invalidTexts(field, item, findings(item)));
    if (isCidr(item) && !containsCidr(cidr, item)) {
      errors.push(invalidValue(field, item, "must be a strict subset of `cidr`"));
    }
  });
  return errors;
}

function validatePeer({ peer, path }: Peer, known: ReadonlySet<string>): FieldError[] {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  const errors: FieldError[] = [];
  validateLabelSelector(podSelector, `${path}.podSelector`, errors);
  validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`, errors);
  if (ipBlock !== undefined) errors.push(...validateBlock(ipBlock, `${path}.ipBlock`, known));
  const selects = podSelector !== undefined || namespaceSelector !== undefined;
  if (!selects && ipBlock === undefined) errors.push(required(path, "must specify a peer"));
  else if (selects && ipBlock !== undefined) {
    errors.push(forbiddenField(path, "may not specify both ipBlock and another peer"));
  }
  return errors;
}

function validateTypes(types: readonly string[]): FieldError[] {
  const field = "spec.policyTypes";
  if (types.length > POLICY_TYPES.length) {
    return [invalidValue(field, types, "may not specify more than two policyTypes")];
  }
  return types.flatMap((type, i) =>
    POLICY_TYPES.includes(type) ? [] : [notSupported(`${field}[${i}]`, type, POLICY_TYPES)],
  );
}

function cidrsOf(policy: NetworkPolicy): string[] {
  const blocks = policyRules(policy).flatMap(({ peers }) => peers.map(({ peer }) => peer.ipBlock));
  return blocks.flatMap((block) =>
    block === undefined ? [] : [block.cidr, ...(block.except ?? [])],
  );
}

export function validateNetworkPolicy(policy: NetworkPolicy, old?: NetworkPolicy): FieldError[] {
  const known = new Set(old === undefined ? [] : cidrsOf(old));
  const errors: FieldError[] = [];
  validateLabelSelector(policy.spec.podSelector, "spec.podSelector", errors);
  for (const { path, ports, peers } of policyRules(policy)) {
    errors.push(
      ...ports.flatMap((port, i) => validatePort(port, `${path}.ports[${i}]`)),
      ...peers.flatMap((peer) => validatePeer(peer, known)),
    );
  }
  return [...errors, ...validateTypes(policy.spec.policyTypes ?? [])];
}
