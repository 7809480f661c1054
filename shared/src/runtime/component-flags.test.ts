import { describe, expect, it } from "vitest";
import { parseComponentFlags, parseCount, parseDuration } from "./component-flags.ts";

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
    [[], false],
    [["--quick"], true],
    [["--quick=true"], true],
    [["--quick", "--quick=false"], false],
  ])("takes booleans as upstream's components do: %j", (args, quick) => {
    const flags = { ...own, quick: { type: "boolean", default: false } } as const;
    expect(parseComponentFlags(args, flags).quick).toBe(quick);
    expect(() => parseComponentFlags(["--quick=so"], flags)).toThrow("must be true or false");
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

describe("parseDuration", () => {
  it.each([
    ["15s", 15_000],
    ["1m30s", 90_000],
    ["500ms", 500],
    ["1.5h", 5_400_000],
  ])("%s", (text, ms) => {
    expect(parseDuration("d", text)).toBe(ms);
  });

  it.each(["", "15", "s", "1 s", "-1s", "1d"])("refuses %j", (text) => {
    expect(() => parseDuration("d", text)).toThrow("--d must be a duration such as 15s");
  });
});
