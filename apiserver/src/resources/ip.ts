// IP addresses as numbers, read as Go's sloppy parser reads them, printed as Go prints them (RFC 5952).
import { isIPv6 } from "node:net";

export interface IpAddress {
  value: bigint;
  bits: 32 | 128;
  /** An IPv4 address with zeros in front of an octet. */
  sloppy: boolean;
  /** An IPv4 address written as IPv6 (`::ffff:1.2.3.4`). */
  mapped: boolean;
}

function parseIpv4(text: string): IpAddress | undefined {
  if (!/^\d+(\.\d+){3}$/.test(text)) return undefined;
  const octets = text.split(".");
  if (octets.some((octet) => Number(octet) > 255)) return undefined;
  const value = octets.reduce((sum, octet) => (sum << 8n) | BigInt(Number(octet)), 0n);
  const sloppy = octets.some((octet) => octet.length > 1 && octet.startsWith("0"));
  return { value, bits: 32, sloppy, mapped: false };
}

function parseIpv6(text: string): IpAddress | undefined {
  if (!isIPv6(text) || text.includes("%")) return undefined;
  let rest = text;
  if (rest.includes(".")) {
    const colon = rest.lastIndexOf(":");
    const last = parseIpv4(rest.slice(colon + 1))?.value ?? 0n;
    rest = `${rest.slice(0, colon + 1)}${(last >> 16n).toString(16)}:${(last & 0xffffn).toString(16)}`;
  }
  const [left = "", right] = rest.split("::");
  const groupsOf = (part: string) => (part === "" ? [] : part.split(":"));
  const head = groupsOf(left);
  const tail = groupsOf(right ?? "");
  const zeros = new Array<string>(8 - head.length - tail.length).fill("0");
  const groups = [...head, ...zeros, ...tail];
  const value = groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
  return { value, bits: 128, sloppy: false, mapped: value >> 32n === 0xffffn };
}

export function parseIp(text: string): IpAddress | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

export const isIp = (text: string): boolean => parseIp(text) !== undefined;

export const ipv4Text = (value: bigint): string =>
  [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");

/** The canonical text; a mapped address as the IPv4 that it is. */
export function ipText({ value, bits, mapped }: IpAddress): string {
  if (bits === 32 || mapped) return ipv4Text(value & 0xffff_ffffn);
  const groups = Array.from({ length: 8 }, (_, i) =>
    Number((value >> BigInt(112 - 16 * i)) & 0xffffn),
  );
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const shown = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  if (best.start < 0) return shown(0, 8);
  return `${shown(0, best.start)}::${shown(best.start + best.length, 8)}`;
}

/** Texts after `Invalid value: "x": `; empty when valid (upstream: IsValidIPForLegacyField, strict). */
export function ipFindings(text: string): string[] {
  const address = parseIp(text);
  if (address === undefined) {
    return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"];
  }
  if (address.sloppy) return ["must not have leading 0s"];
  return address.mapped ? ["must not be an IPv4-mapped IPv6 address"] : [];
}

/** Warnings on an address that is valid or was let through before (upstream: GetWarningsForIP). */
export function ipWarnings(field: string, text: string): string[] {
  const address = parseIp(text);
  if (address === undefined) return [];
  const canonical = ipText(address);
  const quoted = JSON.stringify(text);
  if (address.sloppy || address.mapped) {
    return [`${field}: non-standard IP address ${quoted} is invalid: use "${canonical}"`];
  }
  if (canonical === text) return [];
  return [
    `${field}: IPv6 address ${quoted} should be in RFC 5952 canonical format ("${canonical}")`,
  ];
}
