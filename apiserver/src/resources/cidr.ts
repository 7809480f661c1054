// CIDRs as old fields of the API take them (upstream: apimachinery util/validation ip.go, in strict mode).
import { isIPv4, isIPv6 } from "node:net";
import { type IpAddress, ipText, parseIp } from "./ip.ts";

interface Cidr {
  address: IpAddress;
  prefixLength: number;
  /** Zeros in front of an octet or of the length. */
  sloppy: boolean;
}

function parseCidr(text: string): Cidr | undefined {
  const slash = text.lastIndexOf("/");
  if (slash < 0 || !/^\d+$/.test(text.slice(slash + 1))) return undefined;
  const address = parseIp(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (address === undefined || Number(length) > address.bits) return undefined;
  const sloppy = address.sloppy || (length.length > 1 && length.startsWith("0"));
  return { address, prefixLength: Number(length), sloppy };
}

export const isCidr = (text: string): boolean => parseCidr(text) !== undefined;

function masked({ address, prefixLength }: Cidr): bigint {
  const free = BigInt(address.bits - prefixLength);
  return (address.value >> free) << free;
}

/** Texts after `Invalid value: "x": `; empty when valid. */
export function isValidCidr(text: string): string[] {
  const cidr = parseCidr(text);
  if (cidr === undefined) {
    return ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"];
  }
  if (cidr.sloppy) return ["must not have leading 0s in IP or prefix length"];
  if (cidr.address.mapped) return ["must not have an IPv4-mapped IPv6 address"];
  if (masked(cidr) !== cidr.address.value) {
    return ["must not have bits set beyond the prefix length"];
  }
  return [];
}

/** Of an address with the length of its network's prefix: bits beyond it are the address's own (upstream: IsValidInterfaceAddress). */
export function interfaceAddressFindings(text: string): string[] {
  const cidr = parseCidr(text);
  if (cidr === undefined) {
    return ["must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"];
  }
  const { address, prefixLength } = cidr;
  const length = address.mapped && prefixLength > 32 ? prefixLength - 96 : prefixLength;
  const canonical = `${ipText(address)}/${length}`;
  return canonical === text ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`];
}

/** Warnings on a CIDR that is valid or was let through before. */
export function cidrWarnings(field: string, text: string): string[] {
  const cidr = parseCidr(text);
  if (cidr === undefined) return [];
  const { address, prefixLength } = cidr;
  const quoted = JSON.stringify(text);
  const network = `${ipText({ ...address, value: masked(cidr) })}/${prefixLength}`;
  const texts: string[] = [];
  if (masked(cidr) !== address.value) {
    const single = `${ipText(address)}/${address.bits}`;
    texts.push(
      `${field}: CIDR value ${quoted} is ambiguous in this context (should be "${network}" or "${single}"?)`,
    );
  }
  if (cidr.sloppy || address.mapped) {
    texts.push(`${field}: non-standard CIDR value ${quoted} is invalid: use "${network}"`);
  }
  const canonical = `${ipText(address)}/${prefixLength}`;
  if (texts.length === 0 && address.bits === 128 && canonical !== text) {
    texts.push(
      `${field}: IPv6 CIDR value ${quoted} should be in RFC 5952 canonical format ("${canonical}")`,
    );
  }
  return texts;
}

/** Both families among these CIDRs. */
export function isDualStackCidrs(cidrs: readonly string[]): boolean {
  const addresses = cidrs.map((cidr) => cidr.slice(0, cidr.lastIndexOf("/")));
  return addresses.some((ip) => isIPv6(ip)) && addresses.some((ip) => isIPv4(ip));
}
