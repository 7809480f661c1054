import { describe, expect, it } from "vitest";
import { decodeContinue, encodeContinue } from "./continue-token.ts";

describe("continue token", () => {
  it("has upstream's form", () => {
    const token = encodeContinue({ revision: 359, after: "default" });
    expect(token).toBe(
      "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MzU5LCJzdGFydCI6Ii9kZWZhdWx0XHUwMDAwIn0",
    );
    expect(decodeContinue(token)).toEqual({ revision: 359, after: "default" });
  });

  it.each([
    ["xyz", /invalid character 'Ç' looking for beginning of value/],
    ["a b", /illegal base64 data at input byte 1/],
    [Buffer.from("null").toString("base64url"), /encoded version $/],
    [
      Buffer.from('{"rv":1e300}').toString("base64url"),
      /cannot unmarshal number 1e300 into Go struct/,
    ],
    [Buffer.from('{"v":"v0"}').toString("base64url"), /does not recognize this encoded version v0/],
    [
      Buffer.from('{"v":"meta.k8s.io/v1","rv":0,"start":"a"}').toString("base64url"),
      /incorrect encoded start resourceVersion/,
    ],
  ])("refuses %s", (token, message) => {
    expect(() => decodeContinue(token)).toThrow(message);
  });
});
