import { describe, expect, it } from "vitest";
import { parseComponentFlags, parseCount } from "./component-flags.ts";

const own = { port: { type: "string", default: "1" } } as const;

describe("parseComponentFlags", () => {
  it("knows the common flags and the component's own", () => {
    expect(parseComponentFlags(["--kubeconfig", "k", "--port=2"], own)).toMatchObject({
      kubeconfig: "k",
      port: "2",
      logLevel: "info",
    });
  });

  it.each([
    [["--log-level", "loud"], "--log-level must be one of debug, info, warn, error, silent"],
    [["--unknown"], "Unknown option '--unknown'"],
  ])("refuses %j", (args, message) => {
    expect(() => parseComponentFlags(args, own)).toThrow(message);
  });
});

describe("parseCount", () => {
  it("takes whole numbers within bounds only", () => {
    expect(parseCount("n", "0", 5)).toBe(0);
    for (const text of ["-1", "1.5", "6", "", "x"]) {
      expect(() => parseCount("n", text, 5)).toThrow("--n must be a whole number from 0 to 5");
    }
  });
});
