import { describe, expect, it } from "vitest";
import type { TransportRequest } from "../client/transport.ts";
import { parseComponentFlags } from "../runtime/component-flags.ts";
import { fencedTransport } from "./fenced-transport.ts";
import { electionTiming, leaderElectionFlags } from "./start-election.ts";

const parse = (...args: string[]) => parseComponentFlags(args, leaderElectionFlags);

describe("electionTiming", () => {
  it("has upstream's defaults", () => {
    expect(electionTiming(parse())).toEqual({
      leaseDurationMs: 15_000,
      renewDeadlineMs: 10_000,
      retryPeriodMs: 2000,
    });
    expect(parse()["leader-elect"]).toBe(false);
    expect(parse("--leader-elect=true")["leader-elect"]).toBe(true);
  });

  it.each([
    [["--leader-elect-lease-duration=10s"], "leaseDuration must be greater than renewDeadline"],
    [
      ["--leader-elect-retry-period=9s"],
      "renewDeadline must be greater than retryPeriod*JitterFactor",
    ],
    [["--leader-elect-lease-duration=500ms"], "leaseDuration must be at least one second"],
    [["--leader-elect-retry-period=2"], "--leader-elect-retry-period must be a duration"],
  ])("refuses %j", (args, message) => {
    expect(() => electionTiming(parse(...args))).toThrow(message);
  });
});

describe("fencedTransport", () => {
  it("lets reads pass, and writes while the lease is held", async () => {
    let held = false;
    const sent: string[] = [];
    const transport = fencedTransport(
      {
        send: async ({ method }) => {
          sent.push(method);
          return {
            status: 200,
            header: () => undefined,
            read: async () => Buffer.of(),
            chunks: async function* () {},
          };
        },
        close: () => {},
      },
      () => held,
    );
    const request = (method: string): TransportRequest => ({
      method,
      path: "/x",
      headers: {},
      idleMsMax: 1,
    });
    await transport.send(request("GET"));
    await expect(transport.send(request("POST"))).rejects.toMatchObject({ unsent: true });
    held = true;
    await transport.send(request("POST"));
    expect(sent).toEqual(["GET", "POST"]);
  });
});
