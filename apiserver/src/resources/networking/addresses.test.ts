import { expect, it } from "vitest";
import { containsCidr, familyOfCidr, strictCidrFindings, strictIpFindings } from "./addresses.ts";

it.each([
  ["10.1.2.3", []],
  ["2001:db8::1", []],
  ["2001:DB8::1", ['must be in canonical form ("2001:db8::1")']],
  ["010.1.2.3", ["must not have leading 0s"]],
  ["x", ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]],
])("address %s: %j", (text, findings) => {
  expect(strictIpFindings(text)).toEqual(findings);
});

it.each([
  ["10.0.0.0/8", []],
  ["2001:db8:0::/64", ['must be in canonical form ("2001:db8::/64")']],
  ["10.0.0.1/8", ["must not have bits set beyond the prefix length"]],
])("network %s: %j", (text, findings) => {
  expect(strictCidrFindings(text)).toEqual(findings);
});

it.each([
  ["10.0.0.0/8", "10.1.0.0/16", true],
  ["10.0.0.0/8", "10.0.0.0/8", false],
  ["10.0.0.0/8", "11.0.0.0/16", false],
  ["0.0.0.0/0", "2001:db8::/32", false],
  ["::/0", "2001:db8::/32", true],
  ["10.0.0.0/8", "x", false],
])("%s contains %s: %s", (outer, inner, contained) => {
  expect(containsCidr(outer, inner)).toBe(contained);
});

it("tells the family", () => {
  expect(["10.0.0.0/8", "::/0", "x"].map(familyOfCidr)).toEqual([4, 6, undefined]);
});
