// Addresses in the strict form that newer kinds ask for, and how networks contain each other.
import { isCidr, isValidCidr } from "../cidr.ts";
import { type IpAddress, ipFindings, ipText, parseIp } from "../ip.ts";

const canonicalFinding = (canonical: string, text: string): string[] =>
  canonical === text ? [] : [`must be in canonical form ("${canonical}")`];

/** Texts after `Invalid value: "x": `; empty when valid (upstream: IsValidIP). */
export function strictIpFindings(text: string): string[] {
  const findings = ipFindings(text);
  const address = parseIp(text);
  if (findings.length > 0 || address === undefined) return findings;
  return canonicalFinding(ipText(address), text);
}

interface Network {
  address: IpAddress;
  length: number;
}

function networkOf(cidr: string): Network | undefined {
  if (!isCidr(cidr)) return undefined;
  const slash = cidr.lastIndexOf("/");
  const address = parseIp(cidr.slice(0, slash));
  return address === undefined ? undefined : { address, length: Number(cidr.slice(slash + 1)) };
}

/** Texts after `Invalid value: "x": `; empty when valid (upstream: IsValidCIDR). */
export function strictCidrFindings(cidr: string): string[] {
  const findings = isValidCidr(cidr);
  const network = networkOf(cidr);
  if (findings.length > 0 || network === undefined) return findings;
  return canonicalFinding(`${ipText(network.address)}/${network.length}`, cidr);
}

/** 4 or 6; undefined when it is no CIDR. */
export function familyOfCidr(cidr: string): 4 | 6 | undefined {
  const network = networkOf(cidr);
  if (network === undefined) return undefined;
  return network.address.bits === 32 ? 4 : 6;
}

/** Whether `inner` is a part of `outer`, and not the whole. */
export function containsCidr(outer: string, inner: string): boolean {
  const whole = networkOf(outer);
  const part = networkOf(inner);
  if (whole === undefined || part === undefined) return false;
  if (whole.address.bits !== part.address.bits || whole.length >= part.length) return false;
  const free = BigInt(whole.address.bits - whole.length);
  return whole.address.value >> free === part.address.value >> free;
}
