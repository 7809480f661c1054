import { describe, expect, it } from "vitest";
import { cidrWarnings, isDualStackCidrs, isValidCidr } from "./cidr.ts";
import { ipFindings, ipText, ipWarnings, parseIp } from "./ip.ts";

describe("addresses", () => {
  it.each([
    ["10.0.0.1", "10.0.0.1"],
    ["010.0.0.01", "10.0.0.1"],
    ["FD00:0:0::1", "fd00::1"],
    ["::", "::"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["::ffff:1.2.3.4", "1.2.3.4"],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
  ])("%s → %s", (text, canonical) => {
    const address = parseIp(text);
    expect(address && ipText(address)).toBe(canonical);
  });
  it.each(["", "1.2.3", "1.2.3.256", "fe80::1%eth0", "x::", "1.2.3.4.5"])("%j is none", (text) => {
    expect(ipFindings(text)).toEqual([
      "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
    ]);
  });
  it("warns of what is only tolerated", () => {
    expect(ipWarnings("f", "1.2.3.4")).toEqual([]);
    expect(ipWarnings("f", "01.2.3.4")).toEqual([
      'f: non-standard IP address "01.2.3.4" is invalid: use "1.2.3.4"',
    ]);
    expect(ipWarnings("f", "FD00::1")).toEqual([
      'f: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
    ]);
  });
  it("strictly", () => {
    expect(ipFindings("1.2.3.4")).toEqual([]);
    expect(ipFindings("01.2.3.4")).toEqual(["must not have leading 0s"]);
    expect(ipFindings("::ffff:1.2.3.4")).toEqual(["must not be an IPv4-mapped IPv6 address"]);
  });
});

describe("ranges", () => {
  it.each([
    ["10.0.0.0/8", []],
    ["fd00::/8", []],
    ["10.0.0.0", ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"]],
    ["10.0.0.0/33", ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"]],
    ["10.0.0.0/08", ["must not have leading 0s in IP or prefix length"]],
    ["10.0.0.1/8", ["must not have bits set beyond the prefix length"]],
    ["::ffff:1.2.3.4/128", ["must not have an IPv4-mapped IPv6 address"]],
  ])("%s", (text, findings) => {
    expect(isValidCidr(text)).toEqual(findings);
  });
  it("warns of what is only tolerated", () => {
    expect(cidrWarnings("f", "10.0.0.1/8")).toEqual([
      'f: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
    ]);
    expect(cidrWarnings("f", "FD00::/8")).toEqual([
      'f: IPv6 CIDR value "FD00::/8" should be in RFC 5952 canonical format ("fd00::/8")',
    ]);
    expect(cidrWarnings("f", "10.0.0.0/08")).toEqual([
      'f: non-standard CIDR value "10.0.0.0/08" is invalid: use "10.0.0.0/8"',
    ]);
    expect(isDualStackCidrs(["10.0.0.0/8", "fd00::/8"])).toBe(true);
    expect(isDualStackCidrs(["10.0.0.0/8"])).toBe(false);
  });
});
