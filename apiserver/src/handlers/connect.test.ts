import type { Node } from "@coracle/shared/api/types/core-v1";
import { describe, expect, it } from "vitest";
import { hostOf } from "./connect.ts";

const node = (...addresses: { type: string; address: string }[]): Node =>
  ({ status: { addresses } }) as unknown as Node;

describe("hostOf", () => {
  it("is the internal address", () => {
    const addresses = [
      { type: "Hostname", address: "a" },
      { type: "InternalIP", address: "1.2.3.4" },
    ];
    expect(hostOf(node(...addresses))).toBe("1.2.3.4");
  });

  it.each([
    [node(), "no preferred addresses found; known addresses: []"],
    [
      node({ type: "Hostname", address: "a" }, { type: "ExternalIP", address: "1.2.3.4" }),
      "no preferred addresses found; known addresses: [{Hostname a} {ExternalIP 1.2.3.4}]",
    ],
  ])("is none of %j", (given, message) => {
    expect(() => hostOf(given)).toThrow(message);
  });
});
