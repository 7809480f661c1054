import { describe, expect, it } from "vitest";
import {
  isCIdentifier,
  isConfigMapKey,
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isDns1123SubdomainWithUnderscore,
  isEnvironmentVariableName,
  isHttpHeaderName,
  isInRange,
  isPathSegmentName,
  isQualifiedName,
  isRelaxedEnvironmentVariableName,
  isValidLabelValue,
  isValidPercent,
  isValidPortName,
  isValidPortNumber,
  isWildcardDns1123Subdomain,
  maskTrailingDash,
} from "./names.ts";

const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const QUALIFIED =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

describe("DNS names", () => {
  it.each(["a", "0", "a-1", "1--a--b--2", "a".repeat(63)])("label %s", (name) => {
    expect(isDns1123Label(name)).toEqual([]);
  });
  it.each([
    ["A", [LABEL]],
    ["", [LABEL]],
    ["-a", [LABEL]],
    ["a.b", ["must not contain dots"]],
    ["a".repeat(64), ["must be no more than 63 characters"]],
    ["a\n", [LABEL]],
  ])("not a label: %j", (name, findings) => {
    expect(isDns1123Label(name)).toEqual(findings);
  });
  it("subdomains may have dots", () => {
    expect(isDns1123Subdomain("a.b-c.1")).toEqual([]);
    expect(isDns1123Subdomain("Bad_Name")).toEqual([SUBDOMAIN]);
    expect(isDns1123Subdomain("a..b")).toEqual([SUBDOMAIN]);
    expect(isDns1123Subdomain("a".repeat(254))).toEqual(["must be no more than 253 characters"]);
  });
  it("DNS-1035 labels start with a letter", () => {
    expect(isDns1035Label("a-1")).toEqual([]);
    expect(isDns1035Label("1a")).toEqual([
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
    ]);
  });
  it("variants", () => {
    expect(isWildcardDns1123Subdomain("*.a.b")).toEqual([]);
    expect(isWildcardDns1123Subdomain("a.b")).toHaveLength(1);
    expect(isDns1123SubdomainWithUnderscore("_a.b_c")).toEqual([]);
    expect(isDns1123SubdomainWithUnderscore("a_")[0]).toContain("characters, '_', '-' or '.'");
  });
});

describe("qualified names and labels", () => {
  it.each(["simple", "a.b/C_d", "1234", `${"a".repeat(253)}/${"b".repeat(63)}`])("%s", (name) => {
    expect(isQualifiedName(name)).toEqual([]);
  });
  it.each([
    ["", ["name part must be non-empty", `name part ${QUALIFIED}`]],
    ["/a", ["prefix part must be non-empty"]],
    ["a/", ["name part must be non-empty", `name part ${QUALIFIED}`]],
    ["A/b", [`prefix part ${SUBDOMAIN}`]],
    [`${"a".repeat(254)}/b`, ["prefix part must be no more than 253 bytes"]],
    ["a".repeat(64), ["name part must be no more than 63 bytes"]],
    [
      "a/b/c",
      [
        `a valid label key ${QUALIFIED} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
      ],
    ],
  ])("not qualified: %s", (name, findings) => {
    expect(isQualifiedName(name)).toEqual(findings);
  });
  it("label values may be empty", () => {
    expect(isValidLabelValue("")).toEqual([]);
    expect(isValidLabelValue("a b")).toEqual([
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    ]);
    expect(isValidLabelValue("é".repeat(32))[0]).toBe("must be no more than 63 bytes");
  });
});

describe("other names", () => {
  it("path segments", () => {
    expect(isPathSegmentName("A b")).toEqual([]);
    expect(isPathSegmentName("..")).toEqual(["may not be '..'"]);
    expect(isPathSegmentName("a/%")).toEqual(["may not contain '/'", "may not contain '%'"]);
  });
  it("ports", () => {
    expect(isValidPortName("http-1")).toEqual([]);
    expect(isValidPortName("-1--")).toEqual([
      "must contain at least one letter (a-z)",
      "must not contain consecutive hyphens",
      "must not begin or end with a hyphen",
    ]);
    expect(isValidPortName("Averyveryverylong")).toEqual([
      "must be no more than 15 characters",
      "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
    ]);
    expect(isValidPortNumber(0)).toEqual(["must be between 1 and 65535, inclusive"]);
    expect(isInRange(5, 1, 5)).toEqual([]);
  });
  it("keys and variables", () => {
    expect(isConfigMapKey("a.B_c-1")).toEqual([]);
    expect(isConfigMapKey("..")).toEqual(["must not be '..'"]);
    expect(isConfigMapKey("..a")).toEqual(["must not start with '..'"]);
    expect(isConfigMapKey("a/b")).toEqual([
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    ]);
    expect(isEnvironmentVariableName("1A")).toHaveLength(1);
    expect(isRelaxedEnvironmentVariableName("1 A")).toEqual([]);
    expect(isRelaxedEnvironmentVariableName("a=b")).toHaveLength(1);
    expect(isRelaxedEnvironmentVariableName("")).toEqual([
      "environment variable name must be non-empty",
    ]);
    expect(isCIdentifier("_a1")).toEqual([]);
    expect(isHttpHeaderName("X Y")).toHaveLength(1);
    expect(isValidPercent("10")).toHaveLength(1);
  });
  it("masks a trailing dash as upstream does", () => {
    expect(maskTrailingDash("web-")).toBe("wea");
    expect(maskTrailingDash("-")).toBe("-");
  });
});
