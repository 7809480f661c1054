import { describe, expect, it } from "vitest";
import type { Lease } from "../api/types/coordination-v1.ts";
import { LeaseElection, type LeaseWrite, type Moment } from "./lease-election.ts";

const timing = { leaseDurationMs: 15_900, renewDeadlineMs: 10_000, retryPeriodMs: 2000 };
const START = Date.UTC(2026, 0, 1);

/** The clocks of a machine that was up for `uptimeMs` at the start. */
const at = (ms: number, uptimeMs = 0): Moment => ({
  epochMs: START + ms,
  monotonicMs: uptimeMs + ms,
});
const electionOf = (holder: string) =>
  new LeaseElection({ holder, namespace: "kube-system", name: "kube-scheduler" }, timing);

let version = 0;
function stored(write: LeaseWrite | undefined): Lease {
  if (write === undefined) throw new Error("nothing was to be written");
  const metadata = { ...write.lease.metadata, uid: "u", resourceVersion: String(++version) };
  return { ...write.lease, metadata } as Lease;
}

/** `a` has created the lease at 0. */
function ledByA() {
  const a = electionOf("a");
  const lease = stored(a.claim(undefined, at(0)));
  a.written(lease, at(0), 5);
  return { a, lease };
}

describe("LeaseElection", () => {
  it("creates the lease as upstream does, with whole seconds", () => {
    const { a, lease } = ledByA();
    expect(lease.metadata).toMatchObject({ namespace: "kube-system", name: "kube-scheduler" });
    expect(lease.spec).toEqual({
      holderIdentity: "a",
      leaseDurationSeconds: 15,
      acquireTime: "2026-01-01T00:00:00.000000Z",
      renewTime: "2026-01-01T00:00:00.000000Z",
      leaseTransitions: 0,
    });
    expect(a.isLeader).toBe(true);
  });

  it("renews unread, and keeps when it acquired", () => {
    const { a, lease } = ledByA();
    expect(a.renewal(at(2000))).toMatchObject({
      verb: "update",
      lease: {
        metadata: { resourceVersion: lease.metadata.resourceVersion },
        spec: {
          acquireTime: "2026-01-01T00:00:00.000000Z",
          renewTime: "2026-01-01T00:00:02.000000Z",
          leaseTransitions: 0,
        },
      },
    });
  });

  it("waits a lease duration from when it saw the lease change, on its own clock, and then takes over", () => {
    const { lease } = ledByA();
    const b = electionOf("b");
    // b's clock is an hour ahead; it first sees the lease 10 s after it was written.
    const seen = at(3_600_000 + 10_000, 77);
    expect(b.claim(lease, seen)).toBeUndefined();
    const later = (ms: number) => at(3_600_000 + 10_000 + ms, 77);
    expect(b.claim(lease, later(14_999))).toBeUndefined();
    expect(b.claim(lease, later(15_000))).toMatchObject({
      verb: "update",
      lease: { spec: { holderIdentity: "b", leaseTransitions: 1 } },
    });
  });

  it("counts anew whenever the record changes", () => {
    const { a, lease } = ledByA();
    const b = electionOf("b");
    b.claim(lease, at(0));
    const renewed = stored(a.renewal(at(2000)));
    b.observe(renewed, 2500);
    expect(b.validForMs(2500)).toBe(15_000);
    b.observe(lease, 9000); // an old state, from a watch that lags
    expect(b.validForMs(17_499)).toBe(1);
    expect(b.claim(renewed, at(17_500))).toBeDefined();
  });

  it("is sure to lead only for a lease duration after it sent its last renewal", () => {
    const { a } = ledByA();
    expect(a.isHeld(14_999)).toBe(true);
    expect(a.isHeld(15_000)).toBe(false);
    expect(a.renewal(at(15_006))).toBeUndefined(); // has to be read first
  });

  it("knows its own write when the answer was lost", () => {
    const b = electionOf("b");
    const { lease } = ledByA();
    b.claim(lease, at(0));
    const claimed = stored(b.claim(lease, at(15_000)));
    expect(b.isLeader).toBe(false);
    expect(b.claim(claimed, at(17_000))).toMatchObject({
      lease: { spec: { holderIdentity: "b", leaseTransitions: 1 } },
    });
  });

  it("lets go so that the next one need not wait", () => {
    const { a, lease } = ledByA();
    const released = stored(a.release(lease, at(4000)));
    expect(released.spec).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1 });
    const b = electionOf("b");
    expect(b.claim(released, at(4001))).toMatchObject({
      lease: { spec: { holderIdentity: "b", leaseTransitions: 1 } },
    });
    expect(b.release(lease, at(0))).toBeUndefined(); // a's, not b's
  });
});
