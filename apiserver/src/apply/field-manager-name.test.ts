import { describe, expect, it } from "vitest";
import { managerFromUserAgent, validateFieldManager } from "./field-manager-name.ts";

describe("managerFromUserAgent", () => {
  it.each([
    ["kubectl/v1.36.0 (linux/amd64) kubernetes/abc", "kubectl"],
    ["", ""],
    ["my agent\t1/2", "my agent1"],
    ["é".repeat(100), "é".repeat(64)],
    [`${"x".repeat(127)}é`, "x".repeat(127)],
  ])("%j gives %j", (userAgent, manager) => {
    expect(managerFromUserAgent(userAgent)).toBe(manager);
  });
});

describe("validateFieldManager", () => {
  it("takes printable names up to 128 bytes", () => {
    expect(validateFieldManager("kubectl-client-side-apply")).toEqual([]);
    expect(validateFieldManager("x".repeat(128))).toEqual([]);
  });

  it("says what is wrong as upstream does", () => {
    expect(validateFieldManager("x".repeat(129))).toEqual([
      {
        type: "FieldValueTooLong",
        field: "fieldManager",
        message: "Too long: may not be more than 128 bytes",
      },
    ]);
    expect(validateFieldManager("é\tb")).toEqual([
      {
        type: "FieldValueInvalid",
        field: "fieldManager",
        message: 'Invalid value: "é\\tb": invalid character U+0009 (at position 2)',
      },
    ]);
  });
});
